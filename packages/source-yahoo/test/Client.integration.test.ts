/** What the source makes of the library over time: silence, crumbs that end, calls at once, and answers that say nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Emulator, Equity, Fault, Yahoo } from "@tidemark/emulator"
import { Effect, Fiber, Layer, Schedule } from "effect"
import { format } from "node:util"
import { afterEach, beforeEach, vi } from "vitest"
import { announced, apple, before, provider, reports, split, subject } from "./answers.ts"
import { engine, fetched, range, request, sourceAtHand, world } from "./rig.ts"

const summaryPath = "/v10/finance/quoteSummary/"
const chartPath = "/v8/finance/chart/"
const all = [...reports, announced]
const source = Effect.orDie(sourceAtHand)
const earnings = Effect.flatMap(source, (yahoo) => yahoo.earnings!(subject))
const actions = (from: string, to: string) =>
  Effect.flatMap(source, (yahoo) => yahoo.actions!(subject, { from: Date.parse(from), to: Date.parse(to) }))

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(condition, { while: (isThere) => !isThere, schedule: Schedule.spaced(5) })

describe("the library", () => {
  const shown: Array<string> = []
  beforeEach(() => {
    shown.length = 0
    for (const method of ["log", "info", "warn", "error", "debug", "dir"] as const) {
      vi.spyOn(console, method).mockImplementation((...values: ReadonlyArray<unknown>) => {
        shown.push(format(...values))
      })
    }
  })
  afterEach(() => vi.restoreAllMocks())

  it.live("writes nothing to the console, whatever comes, cookie and crumb least of all", () =>
    Effect.gen(function* () {
      const { clear, inject } = yield* Emulator
      const faults: ReadonlyArray<(options: Fault.Options) => Fault.Fault> = [
        (options) => Fault.RateLimited({ retryAfterSeconds: 0, ...options }),
        Fault.RateLimited,
        Fault.Banned,
        (options) => Fault.ServerError({ status: 401, ...options }),
        (options) => Fault.ServerError({ status: 404, ...options }),
        (options) => Fault.ServerError({ status: 500, ...options }),
        (options) => Fault.ServerError({ status: 503, ...options }),
        (options) => Fault.Truncate({ variant: "json", ...options }),
        Fault.Html,
        Fault.EmptyBody,
        Fault.NonArray,
        Fault.WrongTypes,
        Fault.Reset,
        Fault.Redirect
      ]
      const yahoo = yield* source
      yield* earnings
      for (const fault of faults) {
        for (const path of [chartPath, summaryPath, "/v1/test/getcrumb", "/quote/"]) {
          yield* clear
          yield* inject(fault({ match: { path } }))
          yield* Effect.exit(path === chartPath ? yahoo.actions!(subject, range) : yahoo.earnings!(subject))
        }
      }
      assert.deepStrictEqual(shown, [])
    }).pipe(Effect.provide(world))
  )
})

describe("a crumb", () => {
  it.live("that was taken before and has ended is got anew, unseen", () =>
    Effect.gen(function* () {
      const { inject, requestCount } = yield* Emulator
      yield* earnings
      const asked = yield* requestCount
      yield* inject(Fault.ServerError({ status: 401, match: { path: summaryPath } }))
      assert.lengthOf(yield* earnings, all.length)
      // The refusal, a page, a crumb, and the summary.
      assert.strictEqual((yield* requestCount) - asked, 4)
    }).pipe(Effect.provide(world))
  )

  it.live("that is refused for good is asked for once more, not for ever", () =>
    Effect.gen(function* () {
      const { inject, requestCount } = yield* Emulator
      yield* earnings
      const asked = yield* requestCount
      yield* inject(Fault.ServerError({ status: 401, match: { path: summaryPath }, times: Infinity }))
      const error = yield* Effect.flip(earnings)
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.strictEqual((yield* requestCount) - asked, 4)
    }).pipe(Effect.provide(world))
  )

  it.live("that one call was on its way to when it was given up is there for the next", () =>
    Effect.gen(function* () {
      const { inFlight, inject } = yield* Emulator
      yield* inject(Fault.Stall({ after: "nothing", match: { path: "/v1/test/getcrumb" } }))
      const first = yield* Effect.forkChild(earnings)
      yield* until(Effect.map(inFlight, (count) => count === 1))
      const second = yield* Effect.forkChild(earnings)
      yield* Effect.sleep(50)
      yield* Fiber.interrupt(first)
      assert.lengthOf(yield* Fiber.join(second), all.length)
    }).pipe(Effect.provide(world))
  )
})

describe("charts", () => {
  it.live("that are asked for at once do not wait for one another", () =>
    Effect.gen(function* () {
      const { inFlight, inject } = yield* Emulator
      yield* inject(Fault.Stall({ after: "nothing", match: { path: chartPath }, times: 6 }))
      const calls = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 6 }),
          () => Effect.flatMap(source, (yahoo) => yahoo.actions!({ ...subject, symbol: "NOPE" }, range)),
          { concurrency: "unbounded", discard: true }
        )
      )
      yield* until(Effect.map(inFlight, (count) => count === 6)).pipe(Effect.timeout(500))
      yield* Fiber.interrupt(calls)
    }).pipe(Effect.provide(world))
  )

  it.live("of a range before the first trade are empty", () =>
    Effect.gen(function* () {
      const interval = { from: Date.UTC(1998, 0, 5), to: Date.UTC(1998, 1, 5) }
      const { candles, error } = yield* fetched(request({ timeframe: "1d", interval }))
      assert.isUndefined(error, error?.message)
      assert.strictEqual(Candles.length(candles), 0)
    }).pipe(Effect.provide(world))
  )

  it.live("with rows of nulls have no candles there, and candles of several bars are made of the others", () =>
    Effect.gen(function* () {
      const interval = { from: Date.UTC(2024, 0, 8), to: Date.UTC(2024, 0, 13) }
      const { candles } = yield* fetched(request({ timeframe: "1d", interval }))
      assert.strictEqual(Candles.length(candles), 4)
      const { candles: week } = yield* fetched(request({ timeframe: "1w", interval }))
      assert.strictEqual(
        week.volume[0],
        candles.volume.reduce((a, b) => a + b)
      )
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          engine,
          Emulator.layer({
            datasets: [],
            equities: [apple],
            providers: [Yahoo.providerWith({ blank: (open) => open === Date.parse("2024-01-10T14:30Z") })]
          })
        )
      )
    )
  )

  it.live("that have lost their days are not taken for a share without splits", () =>
    Effect.gen(function* () {
      const { inject } = yield* Emulator
      const body = JSON.stringify({
        chart: {
          result: [{ meta: { regularMarketTime: Date.now() / 1_000 }, indicators: { quote: [{}] } }],
          error: null
        }
      })
      yield* inject(Fault.ServerError({ status: 200, body, match: { path: chartPath } }))
      const error = yield* Effect.flip(actions("2020-01-01", "2021-01-01"))
      assert.strictEqual(error.reason._tag, "Malformed")
    }).pipe(Effect.provide(world))
  )

  it.live("give actions up to the last instant of an interval, whatever its time of day", () =>
    Effect.gen(function* () {
      const dates = (from: string, to: string) =>
        Effect.map(actions(from, to), (found) => found.map(({ exDate }) => exDate))
      assert.deepStrictEqual(yield* dates("2020-08-07", "2020-08-31T12:00Z"), [before.exDate, split.exDate])
      assert.deepStrictEqual(yield* dates("2020-08-07", "2020-08-31"), [before.exDate])
    }).pipe(Effect.provide(world))
  )
})

it.live("a fund reports nothing; a 404 that does not say so is no such answer", () =>
  Effect.gen(function* () {
    const yahoo = yield* source
    const fund = { ...subject, symbol: "SPY" }
    assert.deepStrictEqual(yield* yahoo.earnings!(fund), [])
    yield* (yield* Emulator).inject(Fault.ServerError({ status: 404, match: { path: summaryPath } }))
    assert.strictEqual((yield* Effect.flip(yahoo.earnings!(fund))).reason._tag, "Refused")
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        engine,
        Emulator.layer({ datasets: [], equities: [Equity.synthetic({ symbol: "SPY" })], providers: [provider] })
      )
    )
  )
)

it.live("a symbol with signs of its own is asked for as it is", () =>
  Effect.gen(function* () {
    const yahoo = yield* source
    yield* Effect.exit(yahoo.earnings!({ ...subject, sourceSymbol: "A/B?C" }))
    const asked = yield* (yield* Emulator).requests
    assert.strictEqual(asked.at(-1)?.path, `${summaryPath}A%2FB%3FC`)
  }).pipe(Effect.provide(Layer.provideMerge(engine, Emulator.layer({ datasets: [], providers: [provider] }))))
)
