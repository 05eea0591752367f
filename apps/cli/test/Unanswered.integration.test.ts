/** What a run asked for in vain counts wherever nobody names a range. */
import { assert } from "@effect/vitest"
import { Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { parse, provider, type Row, run } from "./tidemark.ts"

/** A dozen processes a test, on a machine that may be busy; the source refuses, which nobody waits for. */
const seconds = 180_000

onEvery("a range that no source has answered for", (it) => {
  it.effect(
    "is part of what there should be: of a series that goes on, and of one that never began",
    () =>
      Effect.gen(function* () {
        const datasets = ["BTCUSDT", "ETHUSDT"].map((symbol) => Market.hourly({ symbol, rows: 96 }))
        const up = yield* provider({ datasets })
        const down = yield* provider({
          datasets,
          faults: [Fault.ServerError({ status: 401, match: { path: "/api/v3/klines" }, times: Infinity })]
        })
        const { cwd, database } = yield* fresh()
        const at = (emulator: { readonly url: string }, ...args: ReadonlyArray<string>) =>
          run(args, { cwd, env: { DATABASE_URL: database.url, BINANCE_BASE_URL: emulator.url } })
        const tidemark = (...args: ReadonlyArray<string>) => at(up, ...args)
        const backfill = ["backfill", "--timeframes=1h", "--source=binance", "--start=2024-01-01"]
        yield* at(up, ...backfill, "--symbols=BTC/USDT", "--end=2024-01-03")
        assert.strictEqual((yield* tidemark("export")).code, 0)
        const failed = yield* at(down, ...backfill, "--symbols=BTC/USDT,ETH/USDT", "--end=2024-01-05")
        assert.strictEqual(failed.code, 1)

        const rows = parse<ReadonlyArray<Row>>(yield* tidemark("coverage", "--json"))
        assert.deepStrictEqual(
          rows.map(({ candles, symbol, unfetched }) => [symbol, candles, unfetched]),
          [
            ["BTC/USDT", 48, 48],
            ["ETH/USDT", 0, 96]
          ]
        )
        const missing = parse<ReadonlyArray<Row>>(yield* tidemark("gaps", "list", "--json"))
        assert.deepStrictEqual(
          missing.map((gap) => gap["missing"]),
          [48, 96]
        )
        const exported = yield* tidemark("export")
        assert.deepStrictEqual([exported.code, exported.stdout], [1, ""])
        assert.include(exported.stderr, "48 of 96 candles are missing (2024-01-03T00:00Z → 2024-01-05T00:00Z)")
        assert.include(
          exported.stderr,
          "ETH/USDT 1h is not stored from binance; fetch it: tidemark backfill --symbols ETH/USDT --timeframes 1h " +
            "--source binance --start 2024-01-01T00:00Z --end 2024-01-05T00:00Z"
        )
        const named = ["--start=2024-01-01", "--end=2024-01-03"]
        assert.strictEqual((yield* tidemark("export", "--symbols=BTC/USDT", ...named)).code, 0)
        const verified = parse<{ readonly series: ReadonlyArray<Row> }>(yield* tidemark("verify", "--json"))
        assert.deepStrictEqual(
          verified.series.map(({ expected, rows }) => [expected, rows]),
          [
            [96, 48],
            [96, 0]
          ]
        )

        const checked = yield* tidemark("quality", "check", "--json")
        assert.strictEqual(checked.code, 3)
        assert.deepInclude(parse<ReadonlyArray<{ readonly months: ReadonlyArray<Row> }>>(checked)[0]!.months[0], {
          expected: 96,
          missing: 48,
          unfetched: 0,
          source_failure: 48,
          unexplained: 0
        })

        assert.strictEqual((yield* tidemark("gaps", "fill")).code, 0)
        assert.strictEqual((yield* tidemark("export")).code, 0)
        assert.strictEqual((yield* tidemark("verify")).code, 0)
      }),
    seconds
  )
})
