/** Jobs and their runs, over HTTP. */
import { Api, Jobs } from "@tidemark/api"
import { SourceRegistry } from "@tidemark/backfill"
import { JobStore, SymbolStore } from "@tidemark/core"
import { Due, Revision, Scheduler } from "@tidemark/jobs"
import { Universe } from "@tidemark/runtime"
import { Clock, Effect, Random, Result, Schema, Stream } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { works } from "../Jobs.ts"
import * as Settings from "../works/Settings.ts"
import * as Failure from "./Failure.ts"
import * as Files from "./Files.ts"
import * as Sse from "./Sse.ts"

const runJson = (run: JobStore.Run): Jobs.Run => ({
  id: run.id,
  job: run.job,
  due_at: run.dueAt,
  started_at: run.startedAt,
  heard_at: run.heardAt,
  ended_at: run.endedAt ?? null,
  status: run.status,
  holder: run.holder,
  result: run.result,
  log: run.log
})

const jobJson = (job: JobStore.Job, last: JobStore.Run | undefined, now: number): Jobs.Job => ({
  name: job.name,
  work: job.work,
  cron: job.cron ?? null,
  time_zone: job.timeZone,
  settings: job.settings,
  is_paused: job.isPaused,
  wanted_at: job.wantedAt ?? null,
  next_at: Result.match(Due.schedule(job), {
    onFailure: () => null,
    onSuccess: (cron) => Due.next(job, cron, now) ?? null
  }),
  last_run: last === undefined ? null : runJson(last)
})

const encodeEvent = Schema.encodeSync(Jobs.RunEvent)

/** What it takes to know whether a job can do anything. */
type Checking = SourceRegistry.SourceRegistry | SymbolStore.SymbolStore

/** Fails for a job that could never do anything, and for one that only this machine's own users may set up. */
const check = Effect.fnUntraced(function* ({ settings, work }: Pick<JobStore.Job, "work" | "settings">) {
  if (!works.has(work)) {
    return yield* Failure.badRequest(`There is no work "${work}"; there is: ${[...works.keys()].join(", ")}.`)
  }
  const { source, symbols = [] } = yield* Settings.of(settings).pipe(
    Effect.tap((read) => Settings.fits(work, read)),
    Effect.catch(({ message }) => Failure.badRequest(message))
  )
  yield* Files.refuse(source)
  if (source !== undefined) yield* (yield* SourceRegistry.SourceRegistry).plugin(source)
  if (work !== "backfill" && work !== "actions") return
  const list = yield* (yield* SymbolStore.SymbolStore).list
  yield* Universe.resolve({ symbols, source: source ?? "auto" }, list)
})

/** What becomes of a job that somebody changes; `undefined` makes none. */
const revise = Effect.fnUntraced(function* (name: string, change: Revision.Change, isNew: boolean) {
  const store = yield* JobStore.JobStore
  const now = yield* Clock.currentTimeMillis
  return yield* store.change(
    name,
    Effect.fnUntraced(function* (before) {
      if (before === undefined && !isNew) return yield* unknown(name)
      const job = Revision.of(name, before, change, now)
      if (Result.isFailure(job)) return yield* Failure.badRequest(job.failure)
      yield* Effect.catchTag(check(job.success), "UsageError", Failure.unusable)
      return job.success
    })
  )
})

const toChange = ({ cron, is_paused, settings, time_zone, work }: Jobs.JobChange): Revision.Change => ({
  work,
  cron,
  timeZone: time_zone,
  settings: settings as JobStore.Job["settings"] | undefined,
  isPaused: is_paused
})

const unknown = (name: string) => Failure.notFound(`There is no job "${name}"; what there is: GET /api/v1/jobs`)

const find = Effect.fnUntraced(function* (name: string) {
  const store = yield* JobStore.JobStore
  const job = (yield* store.list).find((one) => one.name === name)
  return job ?? (yield* unknown(name))
})

const noRun = (id: number) => Failure.notFound(`There is no run ${id}; the last ones: GET /api/v1/runs`)

/** Begins a job now, or says who is at it. */
const begin = Effect.fnUntraced(function* (name: string) {
  const scheduler = yield* Scheduler.Scheduler
  const claim = yield* scheduler.begin(name)
  if (claim?._tag === "Claimed") return runJson(claim.run)
  if (claim?._tag === "Busy") {
    return yield* Failure.conflict(
      `Run ${claim.run.id} of ${name} is at work (${claim.run.holder}); it goes on after it.`
    )
  }
  return yield* Failure.conflict(`${name} was begun and done by another process at this moment.`)
})

export const jobs = HttpApiBuilder.group(
  Api.Api,
  "jobs",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Checking>()
    const store = yield* JobStore.JobStore
    const scheduler = yield* Scheduler.Scheduler
    const shown = Effect.fnUntraced(function* (name: string) {
      const job = yield* find(name)
      return jobJson(job, (yield* store.lastDone).get(name), yield* Clock.currentTimeMillis)
    })
    const withStore = Effect.provideService(JobStore.JobStore, store)
    return handlers.handleAll({
      list: () =>
        Effect.gen(function* () {
          const [last, now] = [yield* store.lastDone, yield* Clock.currentTimeMillis]
          return (yield* store.list)
            .filter(({ cron }) => cron !== undefined)
            .map((job) => jobJson(job, last.get(job.name), now))
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      get: ({ params }) => shown(params.name).pipe(withStore, Effect.catchTag("StoreError", Failure.unavailable)),
      put: ({ params, payload }) =>
        revise(params.name, toChange(payload), true).pipe(
          Effect.andThen(shown(params.name)),
          Effect.catchTag("NotFound", Effect.die),
          Effect.provideContext(services),
          withStore,
          Effect.catchTag("StoreError", Failure.unavailable)
        ),
      change: ({ params, payload }) =>
        revise(params.name, toChange(payload), false).pipe(
          Effect.andThen(shown(params.name)),
          Effect.provideContext(services),
          withStore,
          Effect.catchTag("StoreError", Failure.unavailable)
        ),
      remove: ({ params }) =>
        Effect.gen(function* () {
          if (!(yield* store.remove(params.name))) return yield* Effect.asVoid(find(params.name))
        }).pipe(withStore, Effect.catchTag("StoreError", Failure.unavailable)),
      run: ({ params }) =>
        Effect.andThen(find(params.name), begin(params.name)).pipe(
          withStore,
          Effect.provideService(Scheduler.Scheduler, scheduler),
          Effect.catchTag("StoreError", Failure.unavailable)
        )
    })
  })
)

export const runs = HttpApiBuilder.group(
  Api.Api,
  "runs",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Checking>()
    const store = yield* JobStore.JobStore
    const scheduler = yield* Scheduler.Scheduler
    return handlers.handleAll({
      start: ({ payload }) =>
        Effect.gen(function* () {
          const { work = "backfill", ...settings } = payload
          const now = yield* Clock.currentTimeMillis
          const job: JobStore.Job = {
            name: `once-${now}-${(yield* Random.nextIntBetween(0, 0xff_ff_ff)).toString(16).padStart(6, "0")}`,
            work,
            cron: undefined,
            timeZone: "UTC",
            settings,
            isPaused: false,
            since: now,
            // It is wanted once: when it begins.
            wantedAt: undefined
          }
          yield* Effect.catchTag(check(job), "UsageError", Failure.unusable).pipe(Effect.provideContext(services))
          yield* store.put(job)
          const claim = yield* scheduler.begin(job.name)
          if (claim?._tag === "Claimed" || claim?._tag === "Busy") return runJson(claim.run)
          return yield* Effect.die(`${job.name} is gone before it began`)
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      list: ({ query }) =>
        Effect.map(store.runs({ job: query.job, limit: query.limit ?? 50 }), (all) => all.map(runJson)).pipe(
          Effect.catchTag("StoreError", Failure.unavailable)
        ),
      get: ({ params: { id } }) =>
        Effect.flatMap(store.run(id), (run) => (run === undefined ? noRun(id) : Effect.succeed(runJson(run)))).pipe(
          Effect.catchTag("StoreError", Failure.unavailable)
        ),
      events: ({ params: { id } }) =>
        Effect.gen(function* () {
          const now = yield* store.run(id)
          if (now === undefined) return yield* noRun(id)
          const happening = scheduler.follow(id).pipe(
            Stream.map((one): Jobs.RunEvent =>
              one._tag === "Line" ? { type: "log", line: one.line } : { type: "end", run: runJson(one.run) }
            ),
            // Whoever listens sees that the stream ends without an end, and asks again.
            Stream.catchTag("StoreError", (error) => Stream.drain(Stream.fromEffect(Effect.logWarning(error.message))))
          )
          // Without a first event nothing of the answer is sent before the run says something.
          const events = Stream.concat(Stream.succeed<Jobs.RunEvent>({ type: "begin", run: runJson(now) }), happening)
          return Sse.response(events, encodeEvent)
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      cancel: ({ params: { id } }) =>
        Effect.gen(function* () {
          const run = yield* scheduler.cancel(id)
          if (run !== undefined) return runJson(run)
          const known = yield* store.run(id)
          if (known === undefined) return yield* noRun(id)
          return yield* Failure.conflict(`Run ${id} is over: ${known.status}.`)
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable))
    })
  })
)
