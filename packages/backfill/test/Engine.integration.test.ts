import { assert, describe, it } from "@effect/vitest"
import { Backfill, Events, Policy, Report, type Selection, SourceRegistry, Survey } from "@tidemark/backfill"
import {
  Candles,
  CandleStore,
  Coverage,
  type Gap,
  GapLedger,
  Instant,
  Instrument,
  Interval,
  type Source,
  SourceError,
  SyncLog
} from "@tidemark/core"
import { Dataset, Emulator, Fault } from "@tidemark/emulator"
import { plugin as synthetic } from "@tidemark/source-synthetic"
import { Clock, Effect, Fiber, Layer, PubSub, Stream } from "effect"
import {
  dataset,
  engine,
  instrument,
  minute,
  observed,
  onEvery,
  options,
  policy,
  range,
  series,
  start,
  stored,
  truth
} from "./rig.ts"

const klines = { path: "/api/v3/klines" }
const serving = (...datasets: ReadonlyArray<Dataset.Dataset>) =>
  Layer.provideMerge(engine(), Emulator.layer({ datasets: [dataset, ...datasets] }))

onEvery((it) => {
  describe("a run", () => {
    it.effect("stores what the source has, then asks for nothing again", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const first = yield* Backfill.run(options())
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
        assert.strictEqual(
          Report.total(first, (outcome) => outcome.requests),
          4
        )
        const before = yield* provider.requestCount
        const second = yield* Backfill.run(options())
        assert.strictEqual(yield* provider.requestCount, before)
        assert.strictEqual(Report.exitCode(second), 0)
        assert.strictEqual(second.outcomes[0]!.inserted, 0)
      }).pipe(Effect.provide(serving()))
    )

    it.effect("asks only for what is not covered when the range grows on both sides", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const inner = { from: range.from + 1_000 * minute, to: range.from + 2_000 * minute }
        yield* Backfill.run(options({ window: inner }))
        const before = yield* provider.requestCount
        yield* Backfill.run(options())
        const asked = (yield* provider.requests).slice(before).map(({ query }) => Number(query.get("startTime")))
        assert.deepStrictEqual(asked, [range.from, inner.to, inner.to + 1_000 * minute])
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
      }).pipe(Effect.provide(serving()))
    )

    it.effect("leaves the others alone when one series fails", () =>
      Effect.gen(function* () {
        const targets: ReadonlyArray<Selection.Target> = ["BTC/USDT", "NOPE/USDT"].map((symbol) => ({
          instrument: instrument(symbol),
          timeframe: "1m"
        }))
        const report = yield* Backfill.run(options({ targets }))
        assert.deepStrictEqual(
          report.outcomes.map(({ status }) => status),
          ["complete", "failed"]
        )
        assert.include(Report.errorOf(report.outcomes[1]!), "NOPE/USDT")
        assert.strictEqual(Report.exitCode(report), 1)
        const log = yield* SyncLog.SyncLog
        assert.sameMembers(
          (yield* log.recent(10)).map(({ status }) => status),
          ["complete", "failed"]
        )
      }).pipe(Effect.provide(serving()))
    )

    it.effect("counts only what was fetched as asked for when nobody wants it any more, and all of it otherwise", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        // The third page never comes.
        yield* provider.inject(Fault.Stall({ after: "nothing", match: { ...klines, after: 2 } }))
        const { pubsub } = yield* Events.Events
        const isFetching = (event: Events.Event) => event._tag === "StageStarted" && event.stage === "fetch"
        const interrupted = Effect.fnUntraced(function* (
          isWithdrawn: boolean,
          window: Interval.Interval,
          isThere: (event: Events.Event) => boolean
        ) {
          const heard = yield* PubSub.subscribe(pubsub)
          const running = yield* Effect.forkChild(
            Backfill.run({ ...options(), window, isWithdrawn: () => isWithdrawn })
          )
          while (!isThere(yield* PubSub.take(heard)));
          yield* Fiber.interrupt(running)
        }, Effect.scoped)
        const asked = Effect.map(Survey.run({ choose: () => true }), (all) => all[0]?.asked)
        yield* interrupted(true, range, ({ _tag }) => _tag === "PageStored")
        const rows = Candles.length(yield* stored())
        assert.isAbove(rows, 0)
        assert.isBelow(rows, 3_300)
        assert.deepStrictEqual(yield* asked, { from: range.from, to: range.from + rows * minute })
        // What was wanted before is wanted still.
        yield* interrupted(false, range, isFetching)
        assert.deepStrictEqual(yield* asked, range)
        yield* interrupted(true, { from: range.from, to: range.to + 5_000 * minute }, isFetching)
        assert.deepStrictEqual(yield* asked, range)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(
            engine({ ...policy, requestDeadlineMillis: 20_000 }),
            Emulator.layer({ datasets: [dataset] })
          )
        )
      )
    )

    it.effect("keeps what it has when it is told to stop, reports it, and the next run goes on from there", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        // The third page never comes.
        yield* provider.inject(Fault.Stall({ after: "nothing", match: { ...klines, after: 2 } }))
        const { pubsub } = yield* Events.Events
        const waiting = yield* Effect.forkChild(
          Stream.fromPubSub(pubsub).pipe(
            Stream.filter((event) => event._tag === "PageStored"),
            Stream.take(1),
            Stream.runDrain
          )
        )
        yield* Effect.yieldNow
        const report = yield* Backfill.run(options({ stop: Fiber.join(waiting) }))
        assert.isTrue(report.interrupted)
        assert.strictEqual(Report.exitCode(report), 130)
        const rows = Candles.length(yield* stored())
        assert.isAbove(rows, 0)
        assert.strictEqual(report.outcomes[0]!.missing, 3_300 - rows)
        yield* provider.clear
        const next = yield* Backfill.run(options())
        assert.strictEqual(Report.exitCode(next), 0)
        assert.isBelow(
          Report.total(next, (outcome) => outcome.requests),
          4
        )
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
      }).pipe(
        Effect.provide(
          Layer.provideMerge(
            engine({ ...policy, requestDeadlineMillis: 20_000 }),
            Emulator.layer({ datasets: [dataset] })
          )
        )
      )
    )
  })

  describe("gaps", () => {
    const hole = { from: start + 500 * minute, to: start + 503 * minute }
    const holed = Dataset.generated({
      symbol: "HOLEUSDT",
      interval: "1m",
      extent: { from: start, to: start + 20_000 * minute },
      candles: (interval) => {
        const all = truth(interval)
        const keep = [...all.openTime.keys()].filter((i) => all.openTime[i]! < hole.from || all.openTime[i]! >= hole.to)
        return Candles.pick(all, keep)
      }
    })
    const targets = [{ instrument: instrument("HOLE/USDT"), timeframe: "1m" as const }]

    it.effect("are asked for again alone, a bounded number of times, and then reported with what was tried", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const { events, report } = yield* observed(options({ targets }))
        const [gap, ...more] = report.outcomes[0]!.gaps
        assert.lengthOf(more, 0)
        assert.deepStrictEqual(gap!.interval, hole)
        assert.deepInclude(gap!, { missing: 3, cause: "unexplained", attempts: 3 })
        assert.include(gap!.evidence.join(), "asked 3 times")
        assert.match(gap!.nextAction, /^asked again not before .*; now all the same: tidemark gaps fill /)
        assert.strictEqual(Report.exitCode(report), 3)
        const asked = (yield* provider.requests).filter(({ query }) => Number(query.get("startTime")) === hole.from)
        assert.lengthOf(asked, 2)
        assert.isTrue(asked.every(({ query }) => Number(query.get("endTime")) === hole.to - 1))
        assert.strictEqual(events.filter(({ _tag }) => _tag === "GapFound").length, 1)
        // Confirmed is confirmed: the next run does not ask again, and still says so.
        const before = yield* provider.requestCount
        const next = yield* Backfill.run(options({ targets }))
        assert.strictEqual(yield* provider.requestCount, before)
        assert.strictEqual(Report.exitCode(next), 3)
      }).pipe(Effect.provide(serving(holed)))
    )

    it.effect("are left alone without repair, and asked for by the next run", () =>
      Effect.gen(function* () {
        const first = yield* Backfill.run(options({ targets, repair: false }))
        assert.strictEqual(first.outcomes[0]!.gaps[0]!.attempts, 1)
        const next = yield* Backfill.run(options({ targets }))
        assert.strictEqual(next.outcomes[0]!.gaps[0]!.attempts, 3)
      }).pipe(Effect.provide(serving(holed)))
    )

    it.effect("that come from a bad answer are filled and counted as filled", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.Empty())
        const { events, report } = yield* observed(options())
        assert.strictEqual(Report.exitCode(report), 0)
        assert.lengthOf(report.gapsDetected, 1)
        assert.lengthOf(report.gapsFilled, 1)
        assert.strictEqual(events.filter(({ _tag }) => _tag === "GapFilled").length, 1)
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
      }).pipe(Effect.provide(serving()))
    )

    it.effect("before the first candle that the source has are not gaps: it was not listed", () =>
      Effect.gen(function* () {
        const listed = start + 1_000 * minute
        const young = {
          ...Dataset.cheap({ symbol: "NEWUSDT", interval: "1m", from: listed, to: start + 20_000 * minute })
        }
        yield* Effect.gen(function* () {
          const report = yield* Backfill.run(
            options({ targets: [{ instrument: instrument("NEW/USDT"), timeframe: "1m" }] })
          )
          const [outcome] = report.outcomes
          assert.strictEqual(outcome!.status, "complete")
          assert.deepStrictEqual(outcome!.excluded, [
            { interval: { from: range.from, to: listed }, cause: "not-listed" }
          ])
          assert.strictEqual(outcome!.expected, 2_300)
        }).pipe(Effect.provide(serving(young)))
      })
    )
  })

  describe("force", () => {
    it.effect("asks for everything again and writes nothing where nothing changed", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const report = yield* Backfill.run(options({ force: true }))
        assert.deepInclude(report.outcomes[0]!, {
          inserted: 0,
          changed: 0,
          removed: 0,
          status: "complete",
          requests: 4
        })
        const store = yield* CandleStore.CandleStore
        assert.deepStrictEqual(yield* store.revisions(series(), range), [])
      }).pipe(Effect.provide(serving()))
    )

    it.effect("does not let one empty answer take away what is stored", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* Backfill.run(options())
        yield* provider.inject(Fault.Empty())
        const report = yield* Backfill.run(options({ force: true }))
        assert.strictEqual(report.outcomes[0]!.removed, 0)
        assert.strictEqual(Report.exitCode(report), 0)
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
      }).pipe(Effect.provide(serving()))
    )
  })

  describe("the ledger", () => {
    it.effect("notices rows that something else has deleted, and fetches them again", () =>
      Effect.gen(function* () {
        yield* Backfill.run(options())
        const store = yield* CandleStore.CandleStore
        // What a careless DELETE leaves behind: rows gone, ledger unchanged.
        const lost = { from: start + 100 * minute, to: start + 200 * minute }
        yield* store.reconcile(series(), { lost: [lost], stray: [] }, 1)
        const coverage = yield* store.coverage(series())
        assert.strictEqual(Coverage.rows(coverage), 3_200)
        const report = yield* Backfill.run(options())
        assert.strictEqual(report.outcomes[0]!.inserted, 100)
        assert.isTrue(Candles.equals(yield* stored(), truth(range)))
      }).pipe(Effect.provide(serving()))
    )
  })

  describe("the provider's limits", () => {
    it.effect("a 429 stops every lane of the host until its Retry-After is over", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.RateLimited({ retryAfterSeconds: 1, match: klines }))
        const targets: ReadonlyArray<Selection.Target> = (["1m", "5m"] as const).map((timeframe) => ({
          instrument: instrument(),
          timeframe
        }))
        yield* Backfill.run(options({ targets, concurrency: 4 }))
        const requests = yield* provider.requests
        const refused = requests.find(({ status }) => status === 429)!
        const next = requests.filter(({ at }) => at > refused.at + 100)
        assert.isAbove(next.length, 0)
        assert.isAtLeast(Math.min(...next.map(({ at }) => at)), refused.at + 1_000)
      }).pipe(
        Effect.provide(
          serving(Dataset.cheap({ symbol: "BTCUSDT", interval: "5m", from: start, to: start + 20_000 * minute }))
        )
      )
    )

    it.effect("a wait that is too long fails at once and says how long it is", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.Banned({ retryAfterSeconds: 86_400, match: klines }))
        const before = yield* Clock.currentTimeMillis
        const report = yield* Backfill.run(options())
        assert.isBelow((yield* Clock.currentTimeMillis) - before, 4_000)
        assert.include(Report.errorOf(report.outcomes[0]!), "86400 s")
        assert.strictEqual(yield* provider.requestCount, 1)
      }).pipe(Effect.provide(serving()))
    )
  })

  describe("requests that brought no answer", () => {
    it.effect("are counted with the run: refusals, silence and nonsense, and none of those that answered", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(
          Fault.ServerError({ status: 503, match: klines }),
          Fault.Html({ match: klines }),
          Fault.Reset({ match: klines })
        )
        const report = yield* Backfill.run(options())
        assert.strictEqual(Report.exitCode(report), 0)
        assert.deepInclude(report.outcomes[0]!, { requests: 4 + 3, retries: 3 })
        assert.strictEqual(yield* provider.requestCount, 7)
        const [entry] = yield* (yield* SyncLog.SyncLog).recent(1)
        assert.deepInclude(entry!, { requests: 7, retries: 3 })
      }).pipe(Effect.provide(serving()))
    )
  })

  describe("patience", () => {
    it.effect("outlasts a host that fails more often in a row than its breaker allows", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.ServerError({ status: 503, match: klines, times: 3 }))
        const report = yield* Backfill.run(options())
        assert.strictEqual(Report.exitCode(report), 0, Report.errorOf(report.outcomes[0]!))
      }).pipe(
        Effect.provide(
          Layer.provideMerge(
            // The breaker stays open far longer than all retries together take.
            engine({ ...policy, breakerFailures: 2, breakerOpenMillis: 700 }),
            Emulator.layer({ datasets: [dataset] })
          )
        )
      )
    )
  })

  describe("a range that a source could not answer for", () => {
    it.effect("is told from one between that nobody asked for, in the ledger and by whoever looks", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const hours = (from: number, to: number) => ({ from: start + from * 60 * minute, to: start + to * 60 * minute })
        yield* Backfill.run(options({ window: hours(0, 1) }))
        yield* provider.inject(Fault.ServerError({ status: 404, match: klines, times: 1 }))
        yield* Backfill.run(options({ window: hours(2, 3) }))
        const expected = [
          ["unfetched", Interval.format(hours(1, 2)), 60],
          ["source-failure", Interval.format(hours(2, 3)), 60]
        ]
        const shown = (gaps: ReadonlyArray<Gap.Gap>) =>
          gaps.map(({ cause, interval, missing }) => [cause, Interval.format(interval), missing])
        assert.deepStrictEqual(shown(yield* (yield* GapLedger.GapLedger).list), expected)
        const [surveyed] = yield* Survey.run({ choose: () => true })
        assert.deepStrictEqual(shown(surveyed!.gaps), expected)
        for (const { evidence, interval, nextAction } of surveyed!.gaps) {
          assert.strictEqual(evidence.join().includes("answered 404"), interval.from === hours(2, 3).from)
          assert.include(nextAction, `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)}`)
        }
      }).pipe(Effect.provide(serving()))
    )
  })

  describe("a host that refuses every connection", () => {
    const closed = Layer.provideMerge(
      // What fails in another way would be left alone for a minute.
      engine({ ...policy, breakerFailures: 2, breakerOpenMillis: 60_000 }, "off", "http://127.0.0.1:9"),
      Emulator.layer({ datasets: [dataset] })
    )
    const fromOther = (symbol: string) =>
      new Instrument.Instrument({ ...instrument(symbol), sources: [{ source: "other" }] })

    it.effect("is asked patiently by the first, once by the others, and never left alone", () =>
      Effect.gen(function* () {
        const symbols = Array.from({ length: 12 }, (_, i) => `S${i}/USDT`)
        const window = { from: start, to: start + 60 * minute }
        const { events, report } = yield* observed(
          options({
            targets: symbols.map((symbol) => ({ instrument: fromOther(symbol), timeframe: "1m" })),
            window,
            concurrency: 1
          })
        )
        assert.deepStrictEqual(
          report.outcomes.map(({ requests }) => requests),
          symbols.map((_, i) => (i === 0 ? policy.retries + 1 : 1))
        )
        assert.strictEqual(events.filter(({ _tag }) => _tag === "Retrying").length, policy.retries)
        assert.strictEqual(events.filter(({ _tag }) => _tag === "BudgetWait").length, 0)
        for (const outcome of report.outcomes) assert.match(Report.errorOf(outcome)!, /ECONNREFUSED/)
      }).pipe(Effect.provide(closed))
    )

    it.effect("fails every range of a series by its own name, in the report and in the ledger", () =>
      Effect.gen(function* () {
        const hours = (from: number, to: number) => ({ from: start + from * 60 * minute, to: start + to * 60 * minute })
        const ranges = [hours(0, 1), hours(2, 3)]
        const of = (concurrency: number) =>
          options({
            targets: [
              {
                instrument: fromOther("BTC/USDT"),
                timeframe: "1m",
                window: { ...hours(0, 3), whole: true, only: ranges }
              }
            ],
            concurrency
          })
        const named = ["2024-01-01T00:00Z → 2024-01-01T01:00Z", "2024-01-01T02:00Z → 2024-01-01T03:00Z"]
        const together = (yield* Backfill.run(of(2))).outcomes[0]!
        assert.lengthOf(together.errors, 2)
        for (const [i, name] of named.entries()) {
          assert.include(together.errors[i], `BTC/USDT ${name}: no usable answer`)
          const { evidence, interval } = together.gaps[i]!
          assert.strictEqual(Interval.format(interval), name)
          assert.match(evidence.join(), /^binance: no usable answer: .*ECONNREFUSED/)
        }
        const ledger = yield* (yield* GapLedger.GapLedger).list
        assert.isTrue(ledger.every(({ cause }) => cause === "source-failure"))
        assert.match(ledger[0]!.evidence.join(), /ECONNREFUSED/)
        // One after the other, the second is not even asked for.
        const alone = (yield* Backfill.run(of(1))).outcomes[0]!
        assert.lengthOf(alone.errors, 2)
        assert.include(alone.errors[0], `${named[0]}: no usable answer`)
        assert.include(alone.errors[1], `${named[1]}: not asked for after that`)
      }).pipe(Effect.provide(closed))
    )
  })

  describe("two candles where there is room for one", () => {
    it.effect("are refused: they are those of another timeframe", () =>
      Effect.gen(function* () {
        const minutes = Dataset.generated({
          symbol: "BTCUSDT",
          interval: "5m",
          extent: { from: start, to: start + 20_000 * minute },
          candles: truth
        })
        yield* Effect.gen(function* () {
          const report = yield* Backfill.run(options({ targets: [{ instrument: instrument(), timeframe: "5m" }] }))
          assert.strictEqual(report.outcomes[0]!.status, "failed")
          assert.include(Report.errorOf(report.outcomes[0]!), "lie in one 5m")
          assert.strictEqual(report.outcomes[0]!.inserted, 0)
        }).pipe(Effect.provide(serving(minutes)))
      })
    )
  })

  describe("the choice of a source", () => {
    const entries = (down: Effect.Effect<void, SourceError.SourceError>): ReadonlyArray<SourceRegistry.Entry> => [
      { id: "real", load: () => Promise.resolve(real(down)) },
      { id: "synthetic", load: () => Promise.resolve(synthetic) }
    ]
    const unavailable = new SourceError.SourceError({
      source: "real",
      reason: new SourceError.Unavailable({ detail: "no network" })
    })
    /** A source whose reachability a test decides; its candles are the synthetic ones under another name. */
    const real = (check: Effect.Effect<void, SourceError.SourceError>): Source.SourcePlugin<unknown> => ({
      ...synthetic,
      id: "real",
      capabilities: { ...synthetic.capabilities, provenance: "observed", hosts: [{ name: "real.test" }] },
      config: synthetic.config as Source.SourcePlugin<unknown>["config"],
      make: (config) =>
        Effect.map(synthetic.make(config as { readonly seed: number }), (source) => ({ ...source, check }))
    })
    const both = new Instrument.Instrument({
      ...instrument(),
      sources: [{ source: "real" }, { source: "synthetic" }]
    })
    const run = (down: Effect.Effect<void, SourceError.SourceError>, window = range) =>
      Effect.gen(function* () {
        const registry = yield* Layer.build(
          SourceRegistry.SourceRegistry.layer(entries(down), { sections: {}, variables: {} })
        )
        return yield* Backfill.run(options({ window, targets: [{ instrument: both, timeframe: "1h" }] })).pipe(
          Effect.provide(registry)
        )
      }).pipe(Effect.scoped)

    it.effect("falls back to the next one where the first cannot be reached, and says so", () =>
      Effect.gen(function* () {
        const report = yield* run(Effect.fail(unavailable))
        assert.strictEqual(report.outcomes[0]!.series.source, "synthetic")
        assert.strictEqual(report.outcomes[0]!.provenance, "synthetic")
        assert.strictEqual(report.passedOver[0]!.source, "real")
        assert.include(report.passedOver[0]!.error, "no network")
      }).pipe(Effect.provide(serving()))
    )

    it.effect("never lets generated data step in for a symbol that has real history", () =>
      Effect.gen(function* () {
        yield* run(Effect.void)
        const later = { from: range.from, to: range.to + 100 * 60 * minute }
        const report = yield* run(Effect.fail(unavailable), later)
        assert.strictEqual(report.outcomes[0]!.series.source, "real")
        assert.deepStrictEqual(report.passedOver, [])
      }).pipe(Effect.provide(serving()))
    )
  })
})

describe("patience", () => {
  it("waits for an open breaker, because its own retries are over sooner", () => {
    const { backoffMillis, breakerOpenMillis, maxRetryAfterMillis, retries } = Policy.defaults
    const retriesMillis = 1.5 * backoffMillis * (2 ** retries - 1)
    assert.isBelow(retriesMillis, breakerOpenMillis)
    assert.isAbove(maxRetryAfterMillis, breakerOpenMillis)
  })
})
