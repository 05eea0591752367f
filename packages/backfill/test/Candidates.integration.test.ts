/** What one source lacks, asked of another: over two providers that tell different stories of one market. */
import { assert, describe } from "@effect/vitest"
import { Backfill, Candidates, Report, Survey } from "@tidemark/backfill"
import {
  type Candidate,
  Candles,
  CandleStore,
  Gap,
  GapLedger,
  type Interval,
  type Series,
  SyncLog
} from "@tidemark/core"
import { type Dataset, Emulator, Fault } from "@tidemark/emulator"
import { Context, Effect, Layer, Result, Stream } from "effect"
import { engine, later, lacking, minute, onEvery, options, range, series, start, stored, truth } from "./rig.ts"

const hour = 60 * minute
const day = 24 * hour
const klines = "/api/v3/klines"
const theirs: Series.Series = { ...series(), source: "other" }

const at = (from: number, to: number): Interval.Interval => ({ from: start + from * minute, to: start + to * minute })

/** The provider of the other source. */
class Second extends Context.Service<Second, Emulator["Service"]>()("@tidemark/backfill/test/Second") {
  static readonly layer = (datasets: ReadonlyArray<Dataset.Dataset>) =>
    Layer.effect(
      Second,
      Effect.map(Layer.build(Emulator.layer({ datasets })), (context) => Context.get(context, Emulator))
    )
}

/** A provider of the first source and one of the other, and the engine over both. */
const between = (ours: Dataset.Dataset, others: ReadonlyArray<Dataset.Dataset>) =>
  Layer.unwrap(Effect.map(Second, ({ url }) => engine(undefined, "off", url))).pipe(
    Layer.provideMerge(Layer.merge(Second.layer(others), Emulator.layer({ datasets: [ours] })))
  )

type ReadFailure = { readonly _tag: string; readonly message: string }

/** Asks the other source for every gap that nobody can explain. */
const ask = Effect.fnUntraced(function* (extra: Partial<Candidates.Options<ReadFailure, never>> = {}) {
  const store = yield* CandleStore.CandleStore
  const surveyed = yield* Survey.run({ choose: ({ series }) => series.source === "binance" })
  return yield* Candidates.ask({
    source: "other",
    lacking: surveyed.map((one) => ({
      surveyed: one,
      gaps: one.gaps.filter(({ cause }) => cause === "unexplained")
    })),
    tolerance: 0.001,
    read: ({ interval, series }) => Stream.runCollect(store.read(series, interval)),
    ...extra
  })
})

const gapsOf = (source: string) =>
  Effect.map(Survey.run({ choose: ({ series }) => series.source === source }), ([one]) => one?.gaps ?? [])

const recorded = (source: string) =>
  Effect.flatMap(GapLedger.GapLedger, (ledger) =>
    Effect.map(ledger.list, (all) => all.filter((gap) => gap.series.source === source))
  )

const asked = (provider: Emulator["Service"]) =>
  Effect.map(provider.requests, (all) =>
    all
      .filter(({ path }) => path === klines)
      .map(({ query }) => ({ from: Number(query.get("startTime")), to: Number(query.get("endTime")) + 1 }))
  )

const summary = (candidates: ReadonlyArray<Candidate.Candidate>) =>
  candidates.map(({ compared, has, interval, missing, verdict }) => ({ interval, missing, has, compared, verdict }))

onEvery((it) => {
  describe("what another source has of the holes", () => {
    it.effect(
      "is stored as its own series, compared around them and offered; nothing of the first series changes",
      () =>
        Effect.gen(function* () {
          const second = yield* Second
          const store = yield* CandleStore.CandleStore
          yield* Backfill.run(options())
          const before = { candles: yield* stored(), coverage: yield* store.coverage(series()) }
          const first = yield* ask()
          // Two that lie close share what is around them; the third lies far off.
          // A request that is repeated because its connection broke counts once.
          const requests = new Map((yield* asked(second)).map((one) => [one.from, one]))
          assert.deepStrictEqual([...requests.values()], [at(400, 663), at(2_400, 2_601)])
          assert.deepStrictEqual(summary(first.candidates), [
            { interval: at(500, 512), missing: 12, has: 12, compared: 197, verdict: "offered" },
            { interval: at(560, 563), missing: 3, has: 3, compared: 188, verdict: "offered" },
            { interval: at(2_500, 2_501), missing: 1, has: 1, compared: 200, verdict: "offered" }
          ])
          assert.isTrue(first.candidates.every(({ differing, medianOff }) => differing === 0 && medianOff === 0))
          assert.deepStrictEqual({ candles: yield* stored(), coverage: yield* store.coverage(series()) }, before)
          assert.deepStrictEqual(yield* store.revisions(series(), range), [])
          for (const window of [at(400, 663), at(2_400, 2_601)]) {
            assert.isTrue(Candles.equals(yield* stored(theirs, window), truth(window)))
          }
          assert.strictEqual(Candles.length(yield* stored(theirs)), 263 + 201)
          // What is known of the gaps says so from now on, and what is recorded for everybody to read.
          for (const gaps of [yield* gapsOf("binance"), yield* recorded("binance")]) {
            assert.deepStrictEqual(
              gaps.map(({ cause }) => cause),
              ["unexplained", "unexplained", "unexplained"]
            )
            assert.match(
              gaps[0]!.evidence.join("\n"),
              /other, asked at .*, has 12 of the 12 candles; 197 .* 0 % \(median\)/
            )
            assert.match(gaps[0]!.evidence.join("\n"), /tidemark export .* --fill-from other/)
            assert.match(gaps[0]!.nextAction, /--fill-from other; asked again not before/)
          }
          // Nobody is asked twice for what has been answered.
          const again = yield* ask()
          assert.isUndefined(again.report)
          assert.deepStrictEqual(again.candidates, first.candidates)
          assert.lengthOf(yield* asked(second), 2)
        }).pipe(
          Effect.provide(
            between(
              lacking([
                [500, 512],
                [560, 563],
                [2_500, 2_501]
              ]),
              [lacking([])]
            )
          )
        )
    )

    it.effect(
      "leaves the other series whole where it was asked: what lies between is not wanted, until somebody wants it",
      () =>
        Effect.gen(function* () {
          yield* Backfill.run(options())
          yield* ask()
          const between = { interval: at(601, 2_400), missing: 1_799, cause: "not-wanted" as const }
          for (const gaps of [yield* gapsOf("other"), yield* recorded("other")]) {
            assert.lengthOf(gaps, 1)
            assert.deepInclude(gaps[0]!, between)
            assert.isTrue(Gap.isExplained(gaps[0]!))
          }
          const [entry] = yield* (yield* SyncLog.SyncLog).recent(1)
          assert.deepInclude(entry!, { series: theirs, status: "complete", missing: 0, inserted: 201 + 201 })
          // A range of one's own is wanted whole, and nothing else.
          const { instrument } = options().targets[0]!
          const own = { ...instrument, sources: [{ source: "other" }] } as typeof instrument
          const wanted = yield* Backfill.run(
            options({ targets: [{ instrument: own, timeframe: "1m" }], window: at(1_000, 3_000) })
          )
          assert.deepInclude(wanted.outcomes[0]!, { status: "complete", expected: 2_000, inserted: 2_000 - 201 })
          assert.deepStrictEqual(
            (yield* gapsOf("other")).map(({ cause, interval }) => [cause, interval]),
            [["not-wanted", at(601, 1_000)]]
          )
        }).pipe(
          Effect.provide(
            between(
              lacking([
                [500, 501],
                [2_500, 2_501]
              ]),
              [lacking([])]
            )
          )
        )
    )

    it.effect("is not offered where its prices are others", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const { candidates } = yield* ask()
        assert.deepStrictEqual(
          candidates.map(({ has, verdict }) => [has, verdict]),
          [[12, "differs"]]
        )
        assert.closeTo(candidates[0]!.medianOff, 0.013 / 1.013, 1e-6)
        const [gap] = yield* gapsOf("binance")
        assert.strictEqual(gap!.cause, "unexplained")
        assert.match(gap!.evidence.join("\n"), /differs by 1.3 % \(median\) over 200 common candles: not offered/)
        assert.notInclude(gap!.nextAction, "--fill-from")
        const tolerant = yield* ask({ tolerance: 0.02 })
        assert.strictEqual(tolerant.candidates[0]!.verdict, "offered")
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([], 1.013)])))
    )

    it.effect("is told without a comparison where prices cannot be adjusted alike", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        yield* Backfill.run(options())
        let reads = 0
        const { candidates } = yield* ask({
          read: ({ interval, series }) =>
            ++reads === 1
              ? Effect.fail({ _tag: "ReaderError", message: "splits are not known" })
              : Stream.runCollect(store.read(series, interval))
        })
        assert.deepInclude(candidates[0]!, { verdict: "uncompared", has: 12, detail: "splits are not known" })
        // That there is nothing needs no price.
        assert.deepInclude(candidates[1]!, { verdict: "empty", has: 0 })
        const [gap] = yield* gapsOf("binance")
        assert.match(
          gap!.evidence.join("\n"),
          /has 12 of the 12 candles, but they cannot be compared: splits are not known/
        )
      }).pipe(
        Effect.provide(
          between(
            lacking([
              [500, 512],
              [560, 563]
            ]),
            [lacking([[560, 563]])]
          )
        )
      )
    )

    it.effect("is told in part where it has a part", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const { candidates } = yield* ask()
        assert.deepStrictEqual(summary(candidates), [
          { interval: at(500, 512), missing: 12, has: 8, compared: 200, verdict: "offered" }
        ])
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([[504, 508]])])))
    )
  })

  describe("another source that has none either", () => {
    it.effect("confirms the hole: nothing was traded, and runs leave it alone until that is old", () =>
      Effect.gen(function* () {
        const first = yield* Emulator
        const second = yield* Second
        // One answer of its own source is enough then.
        const once = yield* Backfill.run(options({ repair: false }))
        assert.strictEqual(once.outcomes[0]!.gaps[0]!.attempts, 1)
        const { candidates } = yield* ask()
        assert.deepStrictEqual(summary(candidates), [
          { interval: at(500, 512), missing: 12, has: 0, compared: 200, verdict: "empty" }
        ])
        // As often as any source is asked until it counts as an answer: with what is around it, then alone.
        assert.deepStrictEqual(yield* asked(second), [at(400, 612), at(500, 512), at(500, 512)])
        const [gap] = yield* gapsOf("binance")
        assert.deepInclude(gap!, { cause: "no-trades", attempts: 1 })
        assert.match(gap!.evidence.join("\n"), /other, asked at .*, has none of them either, and 200 of the 200/)
        assert.strictEqual((yield* recorded("binance"))[0]!.cause, "no-trades")
        const before = yield* first.requestCount
        const next = yield* later(29 * day)(Backfill.run(options()))
        assert.strictEqual(Report.exitCode(next), 0)
        assert.strictEqual(yield* first.requestCount, before)
        yield* later(31 * day)(Backfill.run(options()))
        assert.strictEqual(yield* first.requestCount, before + 1)
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([[500, 512]])])))
    )

    it.effect("proves nothing where it lacks much of what is around as well", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const { candidates } = yield* ask()
        assert.deepInclude(candidates[0]!, { verdict: "unproven", has: 0, compared: 150, lacking: 50 })
        assert.strictEqual((yield* gapsOf("binance"))[0]!.cause, "unexplained")
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([[450, 512]])])))
    )
  })

  describe("another source that cannot say", () => {
    it.effect("is named with why, and what it has answered before stands", () =>
      Effect.gen(function* () {
        const second = yield* Second
        yield* Backfill.run(options())
        yield* second.inject(Fault.ServerError({ status: 500, match: { path: klines }, times: Infinity }))
        const { candidates, report } = yield* ask()
        assert.strictEqual(Report.exitCode(report!), 1)
        assert.strictEqual(candidates[0]!.verdict, "unanswered")
        assert.match((yield* gapsOf("binance"))[0]!.evidence.join("\n"), /could not answer: .*no usable answer/)
        yield* second.clear
        const { candidates: then } = yield* ask()
        assert.strictEqual(then[0]!.verdict, "offered")
        assert.deepStrictEqual(yield* (yield* GapLedger.GapLedger).candidates, then)
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([])])))
    )

    it.effect("because the run was told to stop is named with that", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const { candidates } = yield* ask({ stop: Effect.void })
        assert.deepInclude(candidates[0]!, { verdict: "unanswered", detail: "the run was interrupted" })
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([])])))
    )

    it.effect("because the run was killed leaves nothing that looks like a history which somebody wanted", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        yield* Effect.exit(ask({ read: () => Effect.die("killed") }))
        const left = yield* gapsOf("other")
        assert.isAbove(left.length, 0)
        assert.deepStrictEqual(left.filter(Gap.isWanted), [])
        assert.match((yield* gapsOf("binance"))[0]!.evidence.join("\n"), /the run that asked it was interrupted/)
        const { candidates } = yield* ask()
        assert.deepStrictEqual(
          candidates.map(({ verdict }) => verdict),
          ["offered", "offered"]
        )
      }).pipe(
        Effect.provide(
          between(
            lacking([
              [500, 501],
              [2_500, 2_501]
            ]),
            [lacking([])]
          )
        )
      )
    )

    it.effect("because it is the source itself is not asked, and one that does not exist is a mistake", () =>
      Effect.gen(function* () {
        const first = yield* Emulator
        yield* Backfill.run(options())
        const before = yield* first.requestCount
        const own = yield* ask({ source: "binance" })
        assert.deepStrictEqual(own.passedOver, [{ series: series(), why: "it is its own source" }])
        assert.strictEqual(yield* first.requestCount, before)
        const unknown = yield* Effect.result(ask({ source: "nobody" }))
        assert.isTrue(Result.isFailure(unknown) && unknown.failure._tag === "UsageError")
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [lacking([])])))
    )
  })

  describe("a hole that nobody can explain", () => {
    it.effect("is asked for again by runs after a day, then after two: never by more than one request", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* Backfill.run(options())
        const attempts = Effect.fnUntraced(function* (millis: number) {
          const report = yield* later(millis)(Backfill.run(options()))
          return { gap: report.outcomes[0]!.gaps[0]!, requests: report.outcomes[0]!.requests }
        })
        const confirmed = yield* provider.requestCount
        for (const [after, answers, requests] of [
          [23 * hour, 3, 0],
          [25 * hour, 4, 1],
          [26 * hour, 4, 0],
          [(25 + 47) * hour, 4, 0],
          [(25 + 49) * hour, 5, 1],
          [(25 + 49 + 95) * hour, 5, 0]
        ] as const) {
          const { gap, requests: made } = yield* attempts(after)
          assert.deepStrictEqual([gap.attempts, made], [answers, requests], `after ${after / hour} h`)
          assert.strictEqual(gap.attempts, answers)
          assert.match(gap.nextAction, /^asked again not before /)
        }
        assert.strictEqual(yield* provider.requestCount, confirmed + 2)
      }).pipe(Effect.provide(between(lacking([[500, 512]]), [])))
    )
  })
})
