import { assert } from "@effect/vitest"
import { Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { parse, provider, type ReportJson, run, spawn, until } from "./tidemark.ts"

/** Requests that may be on their way when the end comes, one a lane. */
const lanes = 4

/** Without provocation it would end after its deadline of 30 s. */
const promptly = "8 seconds"

onEvery("Ctrl-C", (it) => {
  it.effect(
    "keeps and reports what has been fetched, and the next run asks only for the rest",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis: 60 })
        const { database, options } = yield* fresh(emulator)
        const running = yield* spawn([...Market.backfill, "--json"], options)
        yield* until(emulator.requestCount, (count) => count >= 40)
        yield* running.kill("SIGINT")
        const first = yield* running.ended
        const asked = yield* emulator.requestCount
        assert.strictEqual(first.code, 130, first.stderr)
        assert.include(first.stderr, "tidemark: interrupted; run the same command again, it continues here")
        assert.isBelow(asked, Market.pages)

        const report = parse<ReportJson>(first)
        assert.strictEqual(report.summary["interrupted"], true)
        assert.strictEqual(report.summary["exit_code"], 130)
        assert.isAtLeast(report.summary.inserted, 30_000)
        const stored = yield* database.select("SELECT count(*)::INTEGER AS candles FROM market_data")
        assert.deepStrictEqual(stored, [{ candles: report.summary.inserted }])
        assert.include(
          report.series.map((series) => series["status"]),
          "interrupted"
        )
        assert.strictEqual(report.summary["missing"], Market.candles - report.summary.inserted)

        const second = yield* run([...Market.backfill, "--json"], options)
        assert.strictEqual(second.code, 0, second.stderr)
        const rest = parse<ReportJson>(second)
        assert.strictEqual(rest.summary["missing"], 0)
        assert.strictEqual(rest.summary.inserted, Market.candles - report.summary.inserted)
        assert.isBelow(rest.summary.requests, Market.pages - 30)
        assert.isAtMost(yield* emulator.requestCount, Market.pages + 2 * lanes)
      }),
    60_000
  )

  it.effect(
    "prints the report as text, with the share of each series that is there",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis: 60 })
        const { options } = yield* fresh(emulator)
        const running = yield* spawn(Market.backfill, options)
        yield* until(emulator.requestCount, (count) => count >= 30)
        yield* running.kill("SIGINT")
        const ended = yield* running.ended
        assert.strictEqual(ended.code, 130, ended.stderr)
        assert.match(ended.stdout, /BTC\/USDT +◐ \d+%/)
        assert.match(ended.stdout, /interrupted · [\d,]+ new candles/)
        assert.include(ended.stdout, "unfetched")
        assert.notMatch(ended.stderr, /Error|\n\s+at /)
      }),
    60_000
  )

  for (const after of ["nothing", "headers"] as const) {
    it.effect(
      `ends at once although every request hangs (silent after: ${after})`,
      () =>
        Effect.gen(function* () {
          const emulator = yield* provider({ datasets: Market.datasets() })
          yield* emulator.inject(Fault.Stall({ after, times: Infinity, match: { path: "/api/v3/klines", after: 10 } }))
          const { options } = yield* fresh(emulator)
          const running = yield* spawn([...Market.backfill, "--json"], options)
          yield* until(emulator.requestCount, (count) => count >= 10 + lanes)
          yield* running.kill("SIGINT")
          const ended = yield* Effect.timeout(running.ended, promptly)
          assert.strictEqual(ended.code, 130, ended.stderr)
          const report = parse<ReportJson>(ended)
          assert.strictEqual(report.summary["interrupted"], true)
          assert.isAtLeast(report.summary.inserted, 5_000)
          assert.strictEqual(yield* emulator.inFlight, 0)
        }),
      60_000
    )
  }

  it.effect(
    "ends at once while waiting out a provider's Retry-After",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets() })
        yield* emulator.inject(Fault.RateLimited({ retryAfterSeconds: 120, match: { after: 5 } }))
        const { options } = yield* fresh(emulator)
        const running = yield* spawn([...Market.backfill, "--json"], options)
        yield* until(emulator.requests, (all) => all.some(({ status }) => status === 429))
        yield* running.kill("SIGINT")
        const ended = yield* Effect.timeout(running.ended, promptly)
        assert.strictEqual(ended.code, 130, ended.stderr)
        assert.strictEqual(parse<ReportJson>(ended).summary["interrupted"], true)
      }),
    60_000
  )
})
