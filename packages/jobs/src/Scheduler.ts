/**
 * Runs jobs when they are due, for as long as it is let.
 *
 * It may be stopped or killed at any time. A run that was told to stop ends as
 * `interrupted`, one that was killed is `abandoned` once nothing has been heard
 * of it for a while; both are due still. What was due while nobody was there is
 * caught up once. Any number of processes may serve the same jobs.
 */
import { type Instant, JobStore, type StoreError } from "@tidemark/core"
import { Cause, Clock, Context, Duration, Effect, Exit, FiberMap, Option, Result, type Schema, Stream } from "effect"
import * as Due from "./Due.ts"
import * as Feed from "./Feed.ts"
import * as Metrics from "./Metrics.ts"

/** How work ended that was not stopped. */
export interface Ended {
  readonly status: (typeof JobStore.done)[number]
  readonly result: Schema.Json
}

/** What a run tells of itself. */
export interface Told {
  readonly job: JobStore.Job
  readonly run: JobStore.Run
  /** A line for people, kept with the run. */
  readonly log: (line: string) => Effect.Effect<void>
  /** Whether it ends because somebody does not want it any more. */
  readonly isCancelled: () => boolean
}

/** A failure ends the run as `failed`, with its message. */
export type Work<R> = (told: Told) => Effect.Effect<Ended, { readonly message: string }, R>

export interface Options<R> {
  /** This process, for people: a host's name and a number. */
  readonly holder: string
  /** By the names that jobs have for them. */
  readonly works: ReadonlyMap<string, Work<R>>
  /** Names of works that this process never begins by itself: another one does them, or nobody. */
  readonly leaves?: ReadonlySet<string> | undefined
  /** Default: 10 s. How long a change of the jobs may stay unseen. */
  readonly poll?: Duration.Input | undefined
  /** Default: 1 min. How long a run may be silent before another process takes it for dead. */
  readonly silence?: Duration.Input | undefined
  /** Told after every look: that it is alive, and what it is at. */
  readonly onLook?: ((look: Look) => Effect.Effect<void>) | undefined
}

export interface Look {
  readonly at: Instant.EpochMillis
  /** Names of the jobs that this process runs. */
  readonly running: ReadonlyArray<string>
  /** Whether the store answered. */
  readonly isAnswered: boolean
}

/** What happens in a run, in order: lines of its log, and its end. */
export type Happening =
  | { readonly _tag: "Line"; readonly line: string }
  | { readonly _tag: "Ended"; readonly run: JobStore.Run }

export class Scheduler extends Context.Service<
  Scheduler,
  {
    /** Runs jobs when they are due; never ends by itself. */
    readonly serve: Effect.Effect<never>
    /** Makes a job due now and begins it here; `undefined` if there is none by the name. */
    readonly begin: (name: string) => Effect.Effect<JobStore.Claim | undefined, StoreError.StoreError>
    /**
     * Ends a run that is at work; one of another process is `cancelling` until that notices. `undefined` if there is
     * none, or it is over.
     */
    readonly cancel: (id: JobStore.Run["id"]) => Effect.Effect<JobStore.Run | undefined, StoreError.StoreError>
    /** From its first line to its end; a run of another process tells its lines at its end. */
    readonly follow: (id: JobStore.Run["id"]) => Stream.Stream<Happening, StoreError.StoreError>
  }
>()("@tidemark/jobs/Scheduler") {}

type End = Pick<JobStore.Run, "status" | "result">

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error)

const endOf = (exit: Exit.Exit<Ended, { readonly message: string }>, isCancelled: boolean): End => {
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) {
    return { status: isCancelled ? "cancelled" : "interrupted", result: null }
  }
  return { status: "failed", result: { error: messageOf(Cause.squash(exit.cause)) } }
}

/** Why a run failed, by its result; the log of the run has more. */
const whyOf = ({ result }: End): string =>
  typeof result === "object" && result !== null && "error" in result ? String(result["error"]) : "see its log"

const silenceOf = <R>({ silence }: Options<R>): number => Duration.toMillis(silence ?? "1 minute")

/** Does the work of a run that this process has claimed, and ends as it does. */
const work = Effect.fnUntraced(function* <R>(
  job: JobStore.Job,
  run: JobStore.Run,
  feed: Feed.Feed,
  options: Options<R>
) {
  const store = yield* JobStore.JobStore
  const work = options.works.get(job.work)
  const working: Effect.Effect<Ended, { readonly message: string }, R> =
    work === undefined
      ? Effect.fail({ message: `there is no work "${job.work}"; there is: ${[...options.works.keys()].join(", ")}` })
      : work({ job, run, log: feed.log, isCancelled: feed.isCancelled })
  /** Says that the run is at work; ends when another process has taken it for dead, or cancelled it. */
  const heard = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(silenceOf(options) / 3)
      const heard = yield* store
        .heartbeat(run, yield* Clock.currentTimeMillis)
        .pipe(Effect.catch((error) => Effect.as(Effect.logWarning(`${job.name}: ${error.message}`), "wanted" as const)))
      if (heard === "wanted") continue
      if (heard === "cancelled") feed.cancel()
      return yield* Effect.interrupt
    }
  })
  yield* Metrics.begun(job)
  yield* Effect.raceFirst(working, heard).pipe(
    Effect.onExit((exit) =>
      Effect.gen(function* () {
        const endedAt = yield* Clock.currentTimeMillis
        const end = endOf(exit, feed.isCancelled())
        yield* Metrics.ended(job, end.status, run.startedAt, endedAt)
        yield* Effect.annotateCurrentSpan("job.status", end.status)
        const isOurs = yield* store.finish(run, { ...end, log: feed.kept(), endedAt })
        const said = isOurs ? end.status : "taken over by another process"
        yield* end.status === "failed"
          ? Effect.logError(`${job.name}: ${said}: ${whyOf(end)}`)
          : Effect.logInfo(`${job.name}: ${said}`)
      }).pipe(
        Effect.catchCause((cause) => Effect.logError(`${job.name}: its end could not be kept`, cause)),
        Effect.ensuring(feed.end)
      )
    )
  )
})

/** The same, where whatever it says and does meanwhile is known to be of this run. */
const traced = <R>(job: JobStore.Job, run: JobStore.Run, feed: Feed.Feed, options: Options<R>) =>
  work(job, run, feed, options).pipe(
    Effect.annotateLogs({ job: job.name, run: run.id }),
    // A trace of its own, whoever began it: it goes on when they are gone.
    Effect.withSpan("Job.run", {
      root: true,
      attributes: { "job.name": job.name, "job.work": job.work, "job.run": run.id }
    }),
    Effect.exit
  )

/** What is due now, and when to look again. */
const look = Effect.fnUntraced(function* (poll: number) {
  const store = yield* JobStore.JobStore
  const now = yield* Clock.currentTimeMillis
  const done = yield* store.lastDone
  const due: Array<{ readonly job: JobStore.Job; readonly dueAt: Instant.EpochMillis }> = []
  let again = now + poll
  for (const job of yield* store.list) {
    const schedule = Due.schedule(job)
    if (Result.isFailure(schedule)) {
      yield* Effect.logError(`${job.name}: ${schedule.failure}`)
      continue
    }
    const dueAt = Due.due(job, schedule.success, done.get(job.name), now)
    if (dueAt !== undefined) due.push({ job, dueAt })
    again = Math.min(again, Due.next(job, schedule.success, now) ?? Infinity)
  }
  return { at: now, due, wait: again - now, isAnswered: true }
})

/** A scheduler whose runs end, as interrupted, when the scope closes. */
export const make = Effect.fnUntraced(function* <R>(options: Options<R>) {
  const store = yield* JobStore.JobStore
  const services = yield* Effect.context<R | JobStore.JobStore>()
  const poll = Duration.toMillis(options.poll ?? "10 seconds")
  const running = yield* FiberMap.make<string>()
  /** Of the runs of this process. */
  const feeds = new Map<JobStore.Run["id"], Feed.Feed>()

  /** Claims a job, and does its work in the background. */
  const begin = Effect.fnUntraced(function* (job: JobStore.Job, dueAt: Instant.EpochMillis) {
    const now = yield* Clock.currentTimeMillis
    const silence = silenceOf(options)
    const claim = yield* store.claim({ job: job.name, dueAt, holder: options.holder, now, silence })
    if (claim._tag !== "Claimed") return claim
    const { run } = claim
    const feed = yield* Feed.make
    feeds.set(run.id, feed)
    const one = Effect.ensuring(
      traced(job, run, feed, options),
      Effect.sync(() => void feeds.delete(run.id))
    )
    yield* FiberMap.run(running, job.name, Effect.provideContext(one, services))
    return claim
  }, Effect.uninterruptible)

  const round = Effect.gen(function* () {
    const found = yield* look(poll).pipe(
      // It is nothing that anybody traces: it looks every few seconds.
      Effect.withTracerEnabled(false),
      // Whatever is wrong with one look, the next may find what is due.
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.interrupt
          : Effect.andThen(
              Effect.logError(`the jobs could not be read: ${messageOf(Cause.squash(cause))}`),
              Effect.map(Clock.currentTimeMillis, (at) => ({ at, due: [], wait: poll, isAnswered: false }))
            )
      )
    )
    for (const { dueAt, job } of found.due) {
      if (options.leaves?.has(job.work) === true || Option.isSome(FiberMap.getUnsafe(running, job.name))) continue
      yield* begin(job, dueAt).pipe(
        Effect.catch((error) => Effect.logError(`${job.name} could not begin: ${error.message}`))
      )
    }
    yield* (
      options.onLook?.({ at: found.at, isAnswered: found.isAnswered, running: [...running].map(([name]) => name) }) ??
        Effect.void
    )
    yield* Effect.sleep(Math.max(0, found.at + found.wait - (yield* Clock.currentTimeMillis)))
  }).pipe(Effect.provideContext(services))

  const beginNow = Effect.fn("Scheduler.begin")(function* (name: string) {
    const now = yield* Clock.currentTimeMillis
    if (!(yield* store.want(name, now))) return undefined
    const job = (yield* store.list).find((one) => one.name === name)
    return job && (yield* begin(job, now))
  })

  const cancel = Effect.fn("Scheduler.cancel")(function* (id: JobStore.Run["id"]) {
    const run = yield* store.run(id)
    if (run === undefined || !JobStore.isAtWork(run)) return undefined
    const feed = feeds.get(id)
    if (feed !== undefined) {
      feed.cancel()
      yield* FiberMap.remove(running, run.job)
    } else {
      yield* store.cancel(run, yield* Clock.currentTimeMillis, silenceOf(options))
    }
    return yield* store.run(id)
  })

  const ending = (id: JobStore.Run["id"], withLog: boolean): Stream.Stream<Happening, StoreError.StoreError> =>
    Stream.unwrap(
      Effect.gen(function* () {
        let run = yield* store.run(id)
        while (run !== undefined && JobStore.isAtWork(run)) {
          yield* Effect.sleep("1 second")
          run = yield* store.run(id)
        }
        if (run === undefined) return Stream.empty
        const lines = withLog && run.log !== "" ? run.log.split("\n") : []
        return Stream.fromIterable<Happening>([
          ...lines.map((line): Happening => ({ _tag: "Line", line })),
          { _tag: "Ended", run }
        ])
      })
    )

  const follow = (id: JobStore.Run["id"]) =>
    Stream.suspend(() => {
      const feed = feeds.get(id)
      if (feed === undefined) return ending(id, true)
      const lines = Stream.map(feed.lines, (line): Happening => ({ _tag: "Line", line }))
      return Stream.concat(lines, ending(id, false))
    })

  return Scheduler.of({ serve: Effect.forever(round), begin: beginNow, cancel, follow })
})

/** Serves the jobs until it is interrupted; then the runs of this process have ended. */
export const serve = <R>(options: Options<R>) => Effect.scoped(Effect.flatMap(make(options), ({ serve }) => serve))
