/** The work of `tidemark jobs …`. */
import type { Jobs } from "@tidemark/api"
import { UsageError } from "@tidemark/backfill"
import { JobStore } from "@tidemark/core"
import { Due, Revision } from "@tidemark/jobs"
import { Clock, Console, Effect, Option, Result, Schema, Stream } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import * as JobsView from "../view/JobsView.ts"
import * as JobsDoor from "./JobsDoor.ts"
import * as Remote from "./Remote.ts"
import { print, withStores } from "./Session.ts"

const usage = (message: string) => new UsageError.UsageError({ message })

const shown = Effect.fnUntraced(function* (job: JobStore.Job) {
  const store = yield* JobStore.JobStore
  const now = yield* Clock.currentTimeMillis
  const result: JobsView.ShownJob = {
    job,
    nextAt: Result.match(Due.schedule(job), {
      onFailure: () => undefined,
      onSuccess: (cron) => Due.next(job, cron, now)
    }),
    last: (yield* store.lastDone).get(job.name)
  }
  return result
})

const find = Effect.fnUntraced(function* (name: string) {
  const job = (yield* (yield* JobStore.JobStore).list).find((one) => one.name === name)
  return job ?? (yield* usage(`There is no job "${name}". See: tidemark jobs list`))
})

export const list = Effect.fnUntraced(function* () {
  const jobs = yield* Remote.either({
    local: Effect.gen(function* () {
      const all = yield* (yield* JobStore.JobStore).list
      return yield* Effect.forEach(
        all.filter(({ cron }) => cron !== undefined),
        shown
      )
    }).pipe(withStores("read", "empty")),
    remote: (client) => Effect.map(client.jobs.list(), (all) => all.map(JobsDoor.toJob))
  })
  yield* print({ json: () => jobs.map(JobsView.jobJson), text: () => JobsView.jobsText(jobs) })
})

interface Named {
  readonly name: string
}

export const run = Effect.fnUntraced(function* ({ name }: Named) {
  const begun = yield* Remote.either({
    local: Effect.gen(function* () {
      yield* find(name)
      yield* (yield* JobStore.JobStore).want(name, yield* Clock.currentTimeMillis)
      return undefined
    }).pipe(withStores("update")),
    remote: (client) => Effect.map(client.jobs.run({ params: { name } }), JobsDoor.toRun)
  })
  yield* print({
    json: () => ({ job: name, run: begun === undefined ? null : JobsView.runJson(begun) }),
    text: () =>
      begun === undefined
        ? `${name} is due now: a daemon that serves this database begins it within ten seconds`
        : `${name} is at work: run ${begun.id}. Follow it: tidemark jobs log ${begun.id} --remote URL`
  })
})

/** What becomes of a job in the database at hand. */
const revise = (name: string, change: Revision.Change) =>
  Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    const now = yield* Clock.currentTimeMillis
    const job = yield* store.change(name, (before) =>
      Result.match(Revision.of(name, before, change, now), {
        onFailure: (message) => Effect.fail(usage(`${message}. See: tidemark jobs list`)),
        onSuccess: Effect.succeed
      })
    )
    return yield* shown(job)
  }).pipe(withStores("update"))

const change = Effect.fnUntraced(function* (name: string, isPaused: boolean) {
  const changed = yield* Remote.either({
    local: revise(name, { isPaused }),
    remote: (client) =>
      Effect.map(client.jobs.change({ params: { name }, payload: { is_paused: isPaused } }), JobsDoor.toJob)
  })
  yield* print({ json: () => JobsView.jobJson(changed), text: () => JobsView.jobsText([changed]) })
})

export const pause = ({ name }: Named) => change(name, true)
export const resume = ({ name }: Named) => change(name, false)

export interface SetInput extends Named {
  readonly work: Option.Option<string>
  readonly cron: Option.Option<string>
  readonly timeZone: Option.Option<string>
  readonly settings: Option.Option<string>
}

const decodeSettings = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json)))

const settingsOf = (text: Option.Option<string>) =>
  Option.isNone(text)
    ? Effect.succeed(undefined)
    : decodeSettings(text.value).pipe(
        Effect.mapError(() => usage(`--settings ${text.value} is no JSON object. Write {"symbols": ["BTC/USDT"]}`))
      )

export const set = Effect.fnUntraced(function* (input: SetInput) {
  const { name } = input
  const settings = yield* settingsOf(input.settings)
  const [work, cron, timeZone] = [input.work, input.cron, input.timeZone].map(Option.getOrUndefined)
  const changes = {
    ...(work === undefined ? {} : { work }),
    ...(cron === undefined ? {} : { cron }),
    ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    ...(settings === undefined ? {} : { settings })
  }
  if (Object.keys(changes).length === 0) {
    return yield* usage("Say what is to change: --cron, --time-zone, --settings or --work")
  }
  const changed = yield* Remote.either({
    local: revise(name, { work, cron, timeZone, settings }),
    remote: Effect.fnUntraced(function* (client) {
      const isThere = (yield* client.jobs.list()).some((job) => job.name === name)
      const job =
        isThere || work === undefined || cron === undefined
          ? yield* client.jobs.change({ params: { name }, payload: changes })
          : yield* client.jobs.put({ params: { name }, payload: { ...changes, work, cron } })
      return JobsDoor.toJob(job)
    })
  })
  yield* print({ json: () => JobsView.jobJson(changed), text: () => JobsView.jobsText([changed]) })
})

export const remove = Effect.fnUntraced(function* ({ name }: Named) {
  yield* Remote.either({
    local: Effect.andThen(
      find(name),
      Effect.flatMap(JobStore.JobStore, (store) => store.remove(name))
    ).pipe(withStores("update")),
    remote: (client) => client.jobs.remove({ params: { name } })
  })
  yield* print({ json: () => ({ removed: name }), text: () => `Removed ${name} and its runs` })
})

export const runs = Effect.fnUntraced(function* (input: {
  readonly job: Option.Option<string>
  readonly limit: number
}) {
  if (input.limit < 1 || input.limit > 1_000) return yield* usage(`--limit must be 1 to 1,000, got ${input.limit}`)
  const job = Option.getOrUndefined(input.job)
  const all = yield* Remote.either({
    local: Effect.flatMap(JobStore.JobStore, (store) => store.runs({ job, limit: input.limit })).pipe(
      withStores("read", "empty")
    ),
    remote: (client) =>
      Effect.map(client.runs.list({ query: { limit: input.limit, ...(job === undefined ? {} : { job }) } }), (all) =>
        all.map(JobsDoor.toRun)
      )
  })
  yield* print({ json: () => all.map(JobsView.runJson), text: () => JobsView.runsText(all) })
})

/** A run of which nothing was heard for so long is nobody's. */
const silenceMillis = 60_000

interface Numbered {
  readonly id: number
}

/** 0 for what went well, as the commands of its own would end. */
const codeOf = ({ status }: JobStore.Run): number =>
  status === "succeeded" || JobStore.isAtWork({ status }) ? 0 : status === "incomplete" ? 3 : 1

/** Tells a run's lines as they come; gives the run as it ended. */
export const follow = Effect.fnUntraced(function* (client: Remote.Asking, id: number) {
  const events = yield* client.runs.events({ params: { id } })
  let ended: JobStore.Run | undefined
  yield* Stream.runForEach(events, (event) => {
    if (event.type === "log") return Console.error(event.line)
    if (event.type === "end") ended = JobsDoor.toRun(event.run)
    return Effect.void
  })
  return ended ?? JobsDoor.toRun(yield* client.runs.get({ params: { id } }))
})

/** Has a daemon do work once, and follows it to its end; Ctrl-C leaves it at work. */
export const have = Effect.fnUntraced(function* (client: Remote.Asking, payload: Jobs.Wanted) {
  const { id } = yield* client.runs.start({ payload })
  if (!(yield* Globals.quiet)) {
    yield* Console.error(
      `run ${id} is at work there; Ctrl-C leaves it so. Follow it again: tidemark jobs log ${id} --remote URL; ` +
        `end it: tidemark jobs cancel ${id} --remote URL`
    )
  }
  return yield* follow(client, id)
})

/** Ends as a command of its own would that did what a run has done. */
export const exitAs = (run: JobStore.Run) => exitWith(codeOf(run))

/** Prints a run that is over; ends as a command of its own would. */
export const show = Effect.fnUntraced(function* (run: JobStore.Run) {
  yield* print({ json: () => JobsView.runJson(run), text: () => JobsView.runsText([run]) })
  yield* exitAs(run)
})

export const log = Effect.fnUntraced(function* ({ id }: Numbered) {
  const run = yield* Remote.either({
    local: Effect.gen(function* () {
      const run = yield* (yield* JobStore.JobStore).run(id)
      if (run === undefined) return yield* usage(`There is no run ${id}. See: tidemark jobs runs`)
      if (run.log !== "") yield* Console.error(run.log)
      return run
    }).pipe(withStores("read")),
    remote: (client) => follow(client, id)
  })
  yield* show(run)
})

export const cancel = Effect.fnUntraced(function* ({ id }: Numbered) {
  const run = yield* Remote.either({
    local: Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const run = yield* store.run(id)
      if (run === undefined) return yield* usage(`There is no run ${id}. See: tidemark jobs runs`)
      if (!(yield* store.cancel(run, yield* Clock.currentTimeMillis, silenceMillis))) {
        return yield* usage(`Run ${id} is over: ${run.status}`)
      }
      return (yield* store.run(id)) ?? run
    }).pipe(withStores("update")),
    remote: (client) => Effect.map(client.runs.cancel({ params: { id } }), JobsDoor.toRun)
  })
  yield* print({ json: () => JobsView.runJson(run), text: () => JobsView.runsText([run]) })
})
