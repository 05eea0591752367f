/**
 * Runs jobs when they are due, for as long as it is let.
 *
 * It may be stopped or killed at any time. A run that was told to stop ends as
 * `interrupted`, one that was killed is `abandoned` once nothing has been heard
 * of it for a while; both are due still. What was due while nobody was there is
 * caught up once. Any number of processes may serve the same jobs.
 */
import { type Instant, JobStore, type StoreError } from "@tidemark/core"
import { Cause, Clock, Duration, Effect, Exit, FiberMap, Option, Result, type Schema } from "effect"
import * as Due from "./Due.ts"

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
}

/** A failure ends the run as `failed`, with its message. */
export type Work<R> = (told: Told) => Effect.Effect<Ended, { readonly message: string }, R>

export interface Options<R> {
  /** This process, for people: a host's name and a number. */
  readonly holder: string
  /** By the names that jobs have for them. */
  readonly works: ReadonlyMap<string, Work<R>>
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
}

/** Lines that are kept of a run: the first and the last are what people look for. */
const mostLines = 1_000

const keptOf = (lines: ReadonlyArray<string>): string => {
  if (lines.length <= mostLines) return lines.join("\n")
  const half = mostLines / 2
  return [...lines.slice(0, half), `… ${lines.length - mostLines} lines …`, ...lines.slice(-half)].join("\n")
}

type End = Pick<JobStore.Run, "status" | "result">

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error)

const endOf = (exit: Exit.Exit<Ended, { readonly message: string }>): End => {
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return { status: "interrupted", result: null }
  return { status: "failed", result: { error: messageOf(Cause.squash(exit.cause)) } }
}

const runOne = Effect.fn("Job.run")(function* <R>(job: JobStore.Job, dueAt: Instant.EpochMillis, options: Options<R>) {
  const store = yield* JobStore.JobStore
  const silence = Duration.toMillis(options.silence ?? "1 minute")
  const now = yield* Clock.currentTimeMillis
  const claim = yield* store.claim({ job: job.name, dueAt, holder: options.holder, now, silence })
  if (claim._tag !== "Claimed") return
  const { run } = claim
  const lines: Array<string> = []
  const log = (line: string) => Effect.sync(() => void lines.push(line))
  const work = options.works.get(job.work)
  const working: Effect.Effect<Ended, { readonly message: string }, R> =
    work === undefined
      ? Effect.fail({ message: `there is no work "${job.work}"; there is: ${[...options.works.keys()].join(", ")}` })
      : work({ job, run, log })
  /** Says that the run is at work; ends when another process has taken it for dead. */
  const heard = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(silence / 3)
      const isOurs = yield* store
        .heartbeat(run, yield* Clock.currentTimeMillis)
        .pipe(Effect.catch((error) => Effect.as(Effect.logWarning(`${job.name}: ${error.message}`), true)))
      if (!isOurs) return yield* Effect.interrupt
    }
  })
  yield* Effect.raceFirst(working, heard).pipe(
    Effect.onExit((exit) =>
      Effect.gen(function* () {
        const endedAt = yield* Clock.currentTimeMillis
        const end = endOf(exit)
        const isOurs = yield* store.finish(run, { ...end, log: keptOf(lines), endedAt })
        yield* Effect.logInfo(`${job.name}: ${isOurs ? end.status : "taken over by another process"}`)
      }).pipe(Effect.catch((error) => Effect.logError(`${job.name}: its end could not be kept: ${error.message}`)))
    ),
    Effect.exit
  )
})

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
  return { at: now, due, wait: again - now }
})

/** Serves the jobs until it is interrupted; then the runs of this process have ended. */
export const serve = Effect.fn("Scheduler.serve")(function* <R>(options: Options<R>) {
  const poll = Duration.toMillis(options.poll ?? "10 seconds")
  const running = yield* FiberMap.make<string>()
  while (true) {
    const found = yield* look(poll).pipe(
      Effect.catch((error: StoreError.StoreError) =>
        Effect.andThen(
          Effect.logError(`the jobs could not be read: ${error.message}`),
          Effect.map(Clock.currentTimeMillis, (at) => ({ at, due: [], wait: poll }))
        )
      )
    )
    for (const { dueAt, job } of found.due) {
      if (Option.isSome(FiberMap.getUnsafe(running, job.name))) continue
      const one = runOne(job, dueAt, options).pipe(
        Effect.catch((error) => Effect.logError(`${job.name} could not begin: ${error.message}`))
      )
      yield* FiberMap.run(running, job.name, one)
    }
    yield* options.onLook?.({ at: found.at, running: [...running].map(([name]) => name) }) ?? Effect.void
    yield* Effect.sleep(Math.max(0, found.at + found.wait - (yield* Clock.currentTimeMillis)))
  }
}, Effect.scoped)
