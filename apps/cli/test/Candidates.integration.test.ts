/** What stays missing, asked of another source: Binance and an exchange of ccxt that tell of one market. */
import { assert } from "@effect/vitest"
import { Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { parse, provider, query, type ReportJson, type Row, run } from "./tidemark.ts"

/** A dozen processes a test, on a machine that may be busy. */
const seconds = 180_000
const range = ["--symbols=BTC/USDT", "--timeframes=1h", "--source=binance", "--start=2024-01-01", "--end=2024-01-11"]
const exchange = "ccxt:coinbaseexchange"
const candlesPath = "/api.exchange.coinbase.com/products/BTC-USDT/candles"
const other = `--with=${exchange}`

interface Filled extends ReportJson {
  readonly candidates: ReadonlyArray<
    Row & { readonly sentences: ReadonlyArray<string>; readonly command: string | null }
  >
  readonly not_asked: ReadonlyArray<Row>
}

const world = Effect.fnUntraced(function* (
  ours: ReadonlyArray<number>,
  theirs: ReadonlyArray<number>,
  symbols: ReadonlyArray<string> = ["BTCUSDT"]
) {
  const [binance, coinbase] = yield* Effect.forEach([ours, theirs], (without) =>
    provider({ datasets: symbols.map((symbol) => Market.hourly({ symbol, rows: 240, without })) })
  )
  const { cwd, database } = yield* fresh()
  const env = { DATABASE_URL: database.url, BINANCE_BASE_URL: binance!.url, CCXT_BASE_URL: coinbase!.url }
  const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
  const ask = (sql: string) => query(sql, { cwd, env })
  yield* tidemark("backfill", ...range)
  return { ask, coinbase: coinbase!, tidemark }
})

const bySource = "SELECT source, CAST(count(*) AS INTEGER) AS candles FROM market_data GROUP BY source ORDER BY source"

onEvery("candidates", (it) => {
  it.effect(
    "another source is asked for what stays missing; its verdicts stay with the gaps, and the command they name works",
    () =>
      Effect.gen(function* () {
        const { ask, coinbase, tidemark } = yield* world([40, 41, 42, 150, 151], [150, 151])
        const filled = yield* tidemark("gaps", "fill", other, "--json")
        assert.strictEqual(filled.code, 3, filled.stderr)
        const [offered, empty, ...more] = parse<Filled>(filled).candidates
        assert.lengthOf(more, 0)
        assert.deepInclude(offered!, {
          source: "binance",
          candidate: exchange,
          from: "2024-01-02T16:00Z",
          to: "2024-01-02T19:00Z",
          missing: 3,
          has: 3,
          verdict: "offered",
          // Forty before it, a hundred after it.
          compared: 140,
          differing: 0,
          median_off: 0,
          tolerance: 0.001
        })
        assert.include(offered!["basis"], "prices as both give them, volume in BTC as each counts it")
        assert.deepInclude(empty!, { missing: 2, has: 0, verdict: "empty", command: null })
        assert.deepStrictEqual(yield* ask(bySource), [
          { source: "binance", candles: 235 },
          { source: exchange, candles: 238 }
        ])
        // One gap is explained by it; the other says where it can be had.
        assert.deepStrictEqual(yield* ask("SELECT source, cause FROM data_gaps ORDER BY source, gap_from"), [
          { source: "binance", cause: "unexplained" },
          { source: "binance", cause: "no-trades" },
          { source: exchange, cause: "no-trades" }
        ])
        assert.deepStrictEqual(yield* ask("SELECT verdict FROM gap_candidates ORDER BY gap_from"), [
          { verdict: "offered" },
          { verdict: "empty" }
        ])
        const listed = yield* tidemark("gaps", "list", "--source=binance")
        assert.include(listed.stdout, offered!.sentences[0]!)
        assert.include(listed.stdout, empty!.sentences[0]!)
        assert.match(listed.stdout, /next: ccxt:coinbaseexchange could stand in .*; asked again not before 20/)
        const [, ...command] = offered!.command!.split(" ")
        const rows = parse<ReadonlyArray<Row>>(yield* tidemark(...command, "--json"))
        assert.deepStrictEqual(
          rows.map(({ open, source }) => [source, open]),
          [140, 141, 142].map((open) => [exchange, open])
        )
        const before = yield* coinbase.requestCount
        const again = yield* tidemark("gaps", "fill", other)
        assert.strictEqual(again.code, 3)
        assert.include(again.stdout, "Asked again: 1 series: 1 incomplete")
        assert.include(again.stdout, "1 gap: 1 could be stood in for · 0 candles stored")
        assert.strictEqual(yield* coinbase.requestCount, before)
        // What is explained is asked for by its cause only.
        const explained = yield* tidemark("gaps", "fill", other, "--cause=no-trades", "--source=binance")
        assert.strictEqual(explained.code, 0, explained.stderr)
        assert.include(explained.stdout, "1 gap: 1 not there either")
        assert.isAbove(yield* coinbase.requestCount, before)
      }),
    seconds
  )

  it.effect(
    "a source that has no such market, cannot be reached, or generates its candles is said to be so",
    () =>
      Effect.gen(function* () {
        const { ask, tidemark } = yield* world([40], [])
        const none = yield* tidemark("gaps", "fill", "--with=ccxt:kraken")
        // It keeps its newest rows only.
        assert.strictEqual(none.code, 3, none.stderr)
        assert.match(none.stdout, /ccxt:kraken, asked at .*, could not answer: it keeps no 1h as old as that/)
        const generated = yield* tidemark("gaps", "fill", "--with=synthetic")
        assert.deepStrictEqual([generated.code, generated.stdout], [2, ""])
        assert.include(generated.stderr, "cannot stand in for history")
        const nobody = yield* tidemark("gaps", "fill", "--with=binanse")
        assert.deepStrictEqual([nobody.code, nobody.stderr.includes("Known sources")], [2, true])
        const alone = yield* tidemark("gaps", "fill", "--tolerance=0.1")
        assert.deepStrictEqual([alone.code, alone.stderr.includes("--with SOURCE")], [2, true])
        const itself = yield* tidemark("gaps", "fill", "--with=binance")
        assert.deepStrictEqual([itself.code, itself.stdout], [2, ""])
        assert.match(itself.stderr, /binance is itself the source of .*BTC\/USDT 1h.* Name another/)
        for (const percent of ["0", "-0.1", "5", "0.5"]) {
          const wide = yield* tidemark("gaps", "fill", other, "--tolerance", percent)
          assert.deepStrictEqual([wide.code, wide.stdout], [2, ""])
          assert.include(wide.stderr, `at most 0.1, where 0.005 is 0.5 %; got ${percent}`)
        }
        const absent = yield* tidemark("gaps", "fill", "--with=file:nothing.csv")
        assert.strictEqual(absent.code, 1, absent.stdout)
        assert.match(absent.stdout, /file:nothing.csv, asked at .*, could not answer: .*nothing.csv/)
        assert.deepStrictEqual(yield* ask(bySource), [{ source: "binance", candles: 239 }])
      }),
    seconds
  )

  it.effect(
    "the status counts requests without an answer, by source and in total",
    () =>
      Effect.gen(function* () {
        const { coinbase, tidemark } = yield* world([40], [])
        yield* coinbase.inject(Fault.ServerError({ status: 503, match: { path: candlesPath }, times: 2 }))
        yield* tidemark("gaps", "fill", other)
        const status = parse<Row & { readonly sources: ReadonlyArray<Row> }>(yield* tidemark("status", "--json"))
        assert.deepStrictEqual(
          status.sources.map(({ retries, runs, source, worst }) => [source, runs, retries, worst]),
          [
            [
              "binance",
              2,
              0,
              { source: "binance", symbol: "BTC/USDT", timeframe: "1h", trouble: "1 candle unexplained" }
            ],
            [exchange, 1, 2, null]
          ]
        )
        assert.deepInclude(status, { runs: 3, retries: 2, failed: 0, error_rate: 0 })
        const text = yield* tidemark("status")
        assert.match(text.stdout, /^7 days: 3 runs, \d+ requests \(2 retries\), 0 of 3 series failed \(0.00 %\)$/m)
        assert.match(text.stdout, /^ccxt:coinbaseexchange +1 +141 +\d+ min ago +1 +\d+ +2 +0.00 %$/m)
      }),
    seconds
  )
})
