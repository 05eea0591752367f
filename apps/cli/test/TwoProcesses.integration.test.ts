import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { select } from "./database.ts"
import * as Market from "./market.ts"
import { contents, folder, parse, provider, type ReportJson, run, spawn, until } from "./tidemark.ts"

describe("two processes on one database", () => {
  it.live(
    "the second is told who holds it and what to do, and harms nothing",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis: 20 })
        const options = { cwd, env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" } }
        const first = yield* spawn([...Market.backfill, "--json"], options)
        yield* until(emulator.requestCount, (count) => count >= 20)
        // Stopped, not ended: it holds the file for as long as the others try.
        yield* first.kill("SIGSTOP")
        yield* until(emulator.inFlight, (requests) => requests === 0)
        const asked = yield* emulator.requestCount
        const before = yield* contents(cwd)

        const others = [
          Market.backfill,
          ["backfill", "--days", "3"],
          ["backfill", "--dry-run"],
          ["coverage"],
          ["query", "SELECT 1"],
          ["symbols", "add", "SOL/USDT"],
          ["migrate"]
        ]
        const ends = yield* Effect.forEach(others, (args) => run(args, options), { concurrency: 2 })
        for (const [i, ended] of ends.entries()) {
          const what = others[i]!.join(" ")
          assert.strictEqual(ended.code, 1, what)
          assert.strictEqual(
            ended.stderr,
            `tidemark: ./x.duckdb: another process (pid ${first.pid}) has the database open. ` +
              "Wait until it ends, stop it, name another database with --database, or, if it is a daemon, ask it: tidemark --remote URL\n",
            what
          )
          assert.strictEqual(ended.stdout, "", what)
        }
        assert.strictEqual(yield* emulator.requestCount, asked)
        assert.deepStrictEqual(yield* contents(cwd), before)

        const doctor = yield* run(["doctor"], options)
        assert.strictEqual(doctor.code, 1)
        assert.include(doctor.stdout, `(pid ${first.pid})`)

        yield* first.kill("SIGCONT")
        const ended = yield* first.ended
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.strictEqual(parse<ReportJson>(ended).summary.inserted, Market.candles)
        const [row] = yield* select(
          join(cwd, "x.duckdb"),
          "SELECT count(*)::INTEGER AS candles, count(DISTINCT (symbol, timeframe, timestamp))::INTEGER AS distinct_ FROM market_data"
        )
        assert.deepStrictEqual(row, { candles: Market.candles, distinct_: Market.candles })
      }),
    60_000
  )

  it.live(
    "readers may share it",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const options = { cwd, env: { DATABASE_URL: "duckdb:./x.duckdb" } }
        yield* run(["backfill", "--symbols=BTC/USDT", "--source=synthetic", "--timeframes=1h", "--days=3"], options)
        const readers = [
          ["coverage"],
          ["query", "SELECT count(*) FROM market_data"],
          ["symbols", "list"],
          ["coverage", "--json"]
        ]
        const ends = yield* Effect.forEach(readers, (args) => run(args, options), { concurrency: "unbounded" })
        assert.deepStrictEqual(
          ends.map(({ code, stderr }) => ({ code, stderr })),
          readers.map(() => ({ code: 0, stderr: "" }))
        )
      }),
    60_000
  )
})
