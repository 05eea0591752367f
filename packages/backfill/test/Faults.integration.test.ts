/**
 * Every fault that the emulator knows, once and for ever. Whatever happens on
 * the wire, a row that is stored is one that the provider really has, a
 * series that is called complete has every candle, and nothing hangs.
 */
import { assert, describe } from "@effect/vitest"
import { Backfill, Report } from "@tidemark/backfill"
import { Candles } from "@tidemark/core"
import { Emulator, Fault } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { engine, onEvery, options, range, stored, truth, dataset } from "./rig.ts"

const emulator = Emulator.layer({ datasets: [dataset] })

interface Case {
  readonly name: string
  readonly fault: (options: Fault.Options) => Fault.Fault
  /** How a run ends whose every answer has the fault. */
  readonly always: Report.Status | ReadonlyArray<Report.Status>
}

const cases: ReadonlyArray<Case> = [
  { name: "429 with Retry-After", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 1, ...o }), always: "failed" },
  {
    name: "429 without Retry-After",
    fault: (o) => Fault.RateLimited({ retryAfterSeconds: 0, ...o }),
    always: "failed"
  },
  { name: "418", fault: (o) => Fault.Banned({ retryAfterSeconds: 1, ...o }), always: "failed" },
  { name: "500", fault: (o) => Fault.ServerError({ status: 500, ...o }), always: "failed" },
  { name: "502", fault: (o) => Fault.ServerError({ status: 502, ...o }), always: "failed" },
  { name: "503", fault: (o) => Fault.ServerError({ status: 503, ...o }), always: "failed" },
  { name: "408", fault: (o) => Fault.ServerError({ status: 408, ...o }), always: "failed" },
  { name: "silence", fault: (o) => Fault.Stall({ after: "nothing", ...o }), always: "failed" },
  { name: "a body that stalls at once", fault: (o) => Fault.Stall({ after: "headers", ...o }), always: "failed" },
  { name: "a body that stalls halfway", fault: (o) => Fault.Stall({ after: 5_000, ...o }), always: "failed" },
  {
    name: "a connection cut in the body",
    fault: (o) => Fault.Truncate({ variant: "connection", ...o }),
    always: "failed"
  },
  { name: "JSON cut short", fault: (o) => Fault.Truncate({ variant: "json", ...o }), always: "failed" },
  { name: "200 with HTML", fault: Fault.Html, always: "failed" },
  { name: "200 without a body", fault: Fault.EmptyBody, always: "failed" },
  { name: "200 with an empty list", fault: Fault.Empty, always: "incomplete" },
  { name: "candles twice", fault: Fault.Duplicates, always: "failed" },
  { name: "candles out of order", fault: Fault.OutOfOrder, always: "failed" },
  { name: "a repeated page", fault: Fault.RepeatedPage, always: ["failed", "incomplete"] },
  {
    name: "startTime ignored, oldest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "oldest", ...o }),
    always: "failed"
  },
  {
    name: "startTime ignored, newest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "newest", ...o }),
    always: "failed"
  },
  { name: "an unfinished last candle", fault: Fault.UnfinishedLast, always: "failed" },
  { name: "prices as words", fault: (o) => Fault.WrongTypes({ as: "text", ...o }), always: "failed" },
  { name: "prices as null", fault: (o) => Fault.WrongTypes({ as: "null", ...o }), always: "failed" },
  { name: "prices as numbers", fault: (o) => Fault.WrongTypes({ as: "number", ...o }), always: "failed" },
  { name: "an object instead of a list", fault: Fault.NonArray, always: "failed" },
  { name: "a negative volume", fault: Fault.NegativeVolume, always: "failed" },
  { name: "a high below the low", fault: Fault.HighBelowLow, always: "failed" },
  { name: "a connection reset", fault: Fault.Reset, always: "failed" },
  { name: "a redirect to another host", fault: Fault.Redirect, always: "failed" },
  { name: "a slow answer", fault: (o) => Fault.Slow({ millis: 50, ...o }), always: "complete" },
  { name: "a body of many megabytes", fault: (o) => Fault.HugeBody({ megabytes: 24, ...o }), always: "incomplete" }
]

/** Every stored row is one of the provider's, and the report tells the truth about what is there. */
const honest = Effect.fnUntraced(function* (report: Report.Report) {
  const rows = yield* stored()
  const real = truth(range)
  const index = new Map([...real.openTime].map((time, i) => [time, i]))
  rows.openTime.forEach((time, i) => {
    const at = index.get(time)
    assert.isDefined(at, `a row that the provider does not have, at ${time}`)
    assert.isTrue(Candles.sameRow(rows, i, real, at!))
  })
  const [outcome] = report.outcomes
  assert.strictEqual(outcome!.expected - outcome!.missing, Candles.length(rows))
  assert.strictEqual(outcome!.status === "complete", Candles.equals(rows, real))
  return outcome!
})

onEvery((it) => {
  describe("a fault that passes costs nothing but time", () => {
    for (const { fault, name } of cases) {
      it.effect(
        `${name}, on each of the first requests`,
        () =>
          Effect.gen(function* () {
            const provider = yield* Emulator
            for (const after of [0, 2, 4]) yield* provider.inject(fault({ match: { path: "/api/v3/klines", after } }))
            const report = yield* Backfill.run(options())
            const outcome = yield* honest(report)
            assert.strictEqual(outcome.status, "complete", Report.errorOf(outcome))
            assert.strictEqual(Report.exitCode(report), 0)
          }).pipe(Effect.provide(Layer.provideMerge(engine(), emulator))),
        20_000
      )
    }
  })

  describe("a fault that stays ends in a clear answer", () => {
    for (const { always, fault, name } of cases) {
      it.effect(
        name,
        () =>
          Effect.gen(function* () {
            const provider = yield* Emulator
            yield* provider.inject(fault({ match: { path: "/api/v3/klines" }, times: Infinity }))
            const report = yield* Backfill.run(options())
            const outcome = yield* honest(report)
            assert.include([always].flat(), outcome.status)
            if (outcome.status === "failed") {
              assert.include(Report.errorOf(outcome), "BTC/USDT")
              assert.strictEqual(Report.exitCode(report), 1)
            }
            if (outcome.status === "incomplete") assert.strictEqual(Report.exitCode(report), 3)
            // Bounded: it does not hammer a provider that does not work.
            assert.isBelow(yield* provider.requestCount, 60)
            // When the provider works again, the next run ends complete.
            yield* provider.clear
            if (outcome.status === "failed") {
              const next = yield* Backfill.run(options({ force: false }))
              assert.strictEqual((yield* honest(next)).status, "complete", Report.errorOf(next.outcomes[0]!))
            }
          }).pipe(Effect.provide(Layer.provideMerge(engine(), emulator))),
        20_000
      )
    }
  })

  describe("a request that the provider refuses", () => {
    it.effect(
      "is not asked again: a 404 is an answer",
      () =>
        Effect.gen(function* () {
          const provider = yield* Emulator
          yield* provider.inject(Fault.ServerError({ status: 404, match: { path: "/api/v3/klines" }, times: Infinity }))
          const report = yield* Backfill.run(options())
          const outcome = yield* honest(report)
          assert.include(Report.errorOf(outcome), "404")
          assert.strictEqual(yield* provider.requestCount, 1)
        }).pipe(Effect.provide(Layer.provideMerge(engine(), emulator))),
      20_000
    )
  })

  describe("candles off the grid", () => {
    it.effect("are kept as the source gives them, and do not hide what is missing on it", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.OffGrid({ times: Infinity }))
        const report = yield* Backfill.run(options())
        const [outcome] = report.outcomes
        assert.strictEqual(outcome!.status, "incomplete")
        assert.strictEqual(outcome!.missing, outcome!.expected)
      }).pipe(Effect.provide(Layer.provideMerge(engine(), emulator)))
    )

    it.effect("give way when the source has the right ones after all, leaving revisions", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.OffGrid())
        const report = yield* Backfill.run(options())
        assert.strictEqual((yield* honest(report)).status, "complete")
        assert.isAbove(report.outcomes[0]!.removed, 0)
      }).pipe(Effect.provide(Layer.provideMerge(engine(), emulator)))
    )
  })
})
