/** Work on candles: fetch what has closed, fill what is missing, look at what is there, let go what is too old. */
import { Backfill, Check, Events, Fill, Prune, Report, Selection, Survey } from "@tidemark/backfill"
import { JobStore, Series, SymbolStore, Timeframe } from "@tidemark/core"
import type { Scheduler } from "@tidemark/jobs"
import { Universe } from "@tidemark/runtime"
import { Clock, Effect, PubSub } from "effect"
import * as Progress from "./Progress.ts"
import * as Settings from "./Settings.ts"

const dayMillis = 86_400_000

const status = (code: number): Scheduler.Ended["status"] =>
  code === 0 ? "succeeded" : code === 3 ? "incomplete" : "failed"

/** How a run of the engine ended; what failed is said in the log. */
const told = Effect.fnUntraced(function* (report: Report.Report, { log }: Pick<Scheduler.Told, "log">) {
  const { summary } = Report.toJson(report)
  for (const { errors, notes, series } of report.outcomes) {
    // Notes: what a prune would take away again, what was fetched again because of a split.
    for (const one of [...errors, ...notes]) yield* log(`${Series.key(series)}: ${one}`)
    for (const note of notes) yield* Effect.logWarning(`${Series.key(series)}: ${note}`)
  }
  for (const gap of report.gapsDetected) {
    yield* log(`${Series.key(gap.series)}: ${gap.missing} missing, ${gap.cause}; ${gap.nextAction}`)
  }
  const { complete, failed, inserted, requests, series } = summary
  yield* log(`${series} series, ${complete} complete, ${failed} failed, ${inserted} new candles, ${requests} requests`)
  const { passed_over, ...figures } = summary
  const ended: Scheduler.Ended = {
    status: status(Report.exitCode(report)),
    result: { ...figures, passed_over: passed_over.map(({ error, source }) => ({ source, error })) }
  }
  return ended
})

const line = ({ inserted, missing, provenance, series, status }: Report.SeriesOutcome): string =>
  `${Series.key(series)}: ${status}, ${inserted} new candles, ${missing} missing` +
  (provenance === "observed" ? "" : ` (${provenance})`)

/** Says how far a run is over some series, and of each that it is done, when it is. */
const telling = Effect.fnUntraced(function* (keys: ReadonlySet<string>, { log }: Pick<Scheduler.Told, "log">) {
  yield* Progress.ofFetching(keys, { log })
  const { pubsub } = yield* Events.Events
  const events = yield* PubSub.subscribe(pubsub)
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.flatMap(PubSub.take(events), (event) =>
        event._tag === "SeriesFinished" && keys.has(Progress.nameOf(event.outcome.series))
          ? log(line(event.outcome))
          : Effect.void
      )
    )
  )
})

/** Everything that has closed since the last time, and what is missing behind it. */
export const backfill = Effect.fnUntraced(function* ({ isCancelled, job, log }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const list = yield* (yield* SymbolStore.SymbolStore).list
  const { force = false, source = "auto", symbols = [], timeframes = Timeframe.standard } = settings
  const resolved = yield* Universe.resolve({ symbols, source }, list)
  const instruments = symbols.length > 0 ? resolved : yield* Selection.withCandles(resolved)
  const now = yield* Clock.currentTimeMillis
  const targets = instruments.flatMap((instrument) => timeframes.map((timeframe) => ({ instrument, timeframe })))
  yield* telling(
    new Set(targets.map(({ instrument: { symbol }, timeframe }) => Progress.nameOf({ symbol, timeframe }))),
    {
      log
    }
  )
  const window = Settings.windowOf(settings, now)
  const report = yield* Backfill.run({ targets, window, force, repair: true, isWithdrawn: isCancelled })
  return yield* told(report, { log })
}, Effect.scoped)

/** What is missing of stored series without an explanation. */
export const gaps = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const choose = Settings.includes(settings)
  const surveyed = yield* Survey.run({ choose: ({ series }) => choose(series) })
  yield* Settings.require(
    settings,
    surveyed.map(({ stored }) => stored.series)
  )
  yield* Progress.ofFetching(new Set(surveyed.map(({ stored }) => Progress.nameOf(stored.series))), { log })
  const report = yield* Fill.run(surveyed)
  if (report !== undefined) return yield* told(report, { log })
  yield* log("nothing is missing without an explanation")
  const nothing: Scheduler.Ended = { status: "succeeded", result: { series: 0 } }
  return nothing
}, Effect.scoped)

/** Completeness by month and anomalies of stored series. */
export const quality = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const choose = Settings.includes(settings)
  const surveyed = yield* Survey.run({ choose: ({ series }) => choose(series) })
  yield* Settings.require(
    settings,
    surveyed.map(({ stored }) => stored.series)
  )
  const looked = yield* Progress.ofSubjects("quality", surveyed.length, { log })
  let found = 0
  for (const one of surveyed) {
    yield* looked(Series.key(one.stored.series), one.stored.rows)
    const checked = yield* Check.series(one)
    if (checked === undefined || checked.findings.length === 0) continue
    found += checked.findings.length
    yield* log(`${Series.key(checked.series)}: ${checked.findings.length} findings`)
  }
  const ended: Scheduler.Ended = {
    status: found === 0 ? "succeeded" : "incomplete",
    result: { series: surveyed.length, findings: found }
  }
  return ended
}, Effect.scoped)

/** Runs of jobs that ended longer ago than this are forgotten, but for the last of each; and those wanted once. */
const runsKeptMillis = 90 * dayMillis
const onceKeptMillis = 7 * dayMillis

/** What is older than it is kept, and needed by nobody. */
export const prune = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const choose = Settings.includes(yield* Settings.of(job.settings))
  const report = yield* Prune.run({ choose: ({ series }) => choose(series), dryRun: false, evenIfNeeded: false })
  for (const { error, needs, series } of report.outcomes) {
    if (error !== undefined) yield* log(`${Series.key(series)}: ${error}`)
    for (const { words } of needs) yield* log(`${Series.key(series)} stays: ${words}`)
  }
  const rows = report.outcomes.reduce((sum, one) => sum + (one.status === "pruned" ? one.rows : 0), 0)
  const store = yield* JobStore.JobStore
  const now = yield* Clock.currentTimeMillis
  const runs = yield* store.forget(now - runsKeptMillis, now - onceKeptMillis)
  yield* log(`${rows} candles pruned, ${runs} runs forgotten`)
  const ended: Scheduler.Ended = { status: status(Prune.exitCode(report)), result: { rows, runs } }
  return ended
})
