/**
 * Work that is done again and again: what it is, when it is due, and what
 * became of each time.
 *
 * One run of a job at a time, whoever asks and from how many processes: who
 * begins one claims it, says now and then that it is still at work, and has
 * lost it when it has said nothing for too long.
 */
import { Context, type Effect, Schema } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { StoreError } from "./StoreError.ts"

export interface Job {
  readonly name: string
  /** Which work it is: a name that the daemon knows. */
  readonly work: string
  /** Five fields, or six with seconds first; `undefined`: only when somebody wants it. */
  readonly cron: string | undefined
  /** IANA name. */
  readonly timeZone: string
  /** What the work is told. */
  readonly settings: Readonly<Record<string, Schema.Json>>
  readonly isPaused: boolean
  /** What was due by then is not caught up. */
  readonly since: EpochMillis
  /** When somebody last wanted it: it is due until what is due then has been done. */
  readonly wantedAt: EpochMillis | undefined
}

/**
 * - `incomplete`: done, and something is missing.
 * - `interrupted`: whoever ran it was told to stop.
 * - `abandoned`: whoever ran it was heard of no more.
 * - `cancelling`: somebody does not want it any more; whoever runs it is about to notice.
 * - `cancelled`: it ended because of that.
 */
export const Status = Schema.Literals([
  "running",
  "succeeded",
  "incomplete",
  "failed",
  "interrupted",
  "abandoned",
  "cancelling",
  "cancelled"
])
export type Status = typeof Status.Type

/** Somebody is at it. */
export const atWork = ["running", "cancelling"] as const satisfies ReadonlyArray<Status>

export const isAtWork = ({ status }: Pick<Run, "status">): boolean => status === "running" || status === "cancelling"

/** What was due has been done, well or badly: it is not due again. */
export const done = ["succeeded", "incomplete", "failed", "cancelled"] as const satisfies ReadonlyArray<Status>

export interface Run {
  readonly id: number
  readonly job: string
  /** What it was due at, or wanted. */
  readonly dueAt: EpochMillis
  readonly startedAt: EpochMillis
  /** When whoever runs it last said so. */
  readonly heardAt: EpochMillis
  readonly endedAt: EpochMillis | undefined
  readonly status: Status
  /** The process that runs it. */
  readonly holder: string
  readonly result: Schema.Json
  readonly log: string
}

/** Characters of a run's log that lists have, at most: those of a single run have all. */
export const logEnd = 2_000

export interface Claiming {
  readonly job: string
  readonly dueAt: EpochMillis
  readonly holder: string
  readonly now: EpochMillis
  /** Milliseconds after which a run that nothing was heard of counts as abandoned. */
  readonly silence: number
}

export type Claim =
  | { readonly _tag: "Claimed"; readonly run: Run }
  /** Somebody is at it. */
  | { readonly _tag: "Busy"; readonly run: Run }
  /** It has been done, is paused, or is gone. */
  | { readonly _tag: "Idle" }

export class JobStore extends Context.Service<
  JobStore,
  {
    /** By name. */
    readonly list: Effect.Effect<ReadonlyArray<Job>, StoreError>
    /** Adds jobs that are not there; those that are stay as somebody has changed them. */
    readonly seed: (jobs: ReadonlyArray<Job>) => Effect.Effect<void, StoreError>
    /** Adds a job, or puts it in the place of the one with its name. */
    readonly put: (job: Job) => Effect.Effect<void, StoreError>
    /** Puts what follows from a job in its place, while nobody else changes it; gives it as it is then. */
    readonly change: <E, R>(
      name: string,
      follow: (before: Job | undefined) => Effect.Effect<Job, E, R>
    ) => Effect.Effect<Job, StoreError | E, R>
    /** Makes it due now, paused or not; `false` if there is none. */
    readonly want: (name: string, now: EpochMillis) => Effect.Effect<boolean, StoreError>
    /** With its runs; `false` if there is none. */
    readonly remove: (name: string) => Effect.Effect<boolean, StoreError>
    /** Begins a run, unless one is at work or what is due was done: of any number who claim at once, one succeeds. */
    readonly claim: (claiming: Claiming) => Effect.Effect<Claim, StoreError>
    /** Says that a run is still at work, and hears whether it is to be: `lost` was taken for abandoned. */
    readonly heartbeat: (
      run: Pick<Run, "id">,
      now: EpochMillis
    ) => Effect.Effect<"wanted" | "cancelled" | "lost", StoreError>
    /**
     * Has a run end that nobody wants any more: whoever runs it hears of it, and it stays at work until then. One that
     * nothing was heard of for `silence` is over at once. `false` if it is over already.
     */
    readonly cancel: (run: Pick<Run, "id">, now: EpochMillis, silence: number) => Effect.Effect<boolean, StoreError>
    /** Ends a run; `false` if it was taken for abandoned. */
    readonly finish: (
      run: Pick<Run, "id">,
      end: Pick<Run, "status" | "result" | "log"> & { readonly endedAt: EpochMillis }
    ) => Effect.Effect<boolean, StoreError>
    readonly run: (id: Run["id"]) => Effect.Effect<Run | undefined, StoreError>
    /** Those that are at work, without their logs. */
    readonly atWork: Effect.Effect<ReadonlyArray<Run>, StoreError>
    /** Newest first; of one job, or of all. Of a log that is longer than `logEnd` its end. */
    readonly runs: (options: {
      readonly job?: string | undefined
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Run>, StoreError>
    /** Of each job the last run that did what was due, without its log. */
    readonly lastDone: Effect.Effect<ReadonlyMap<string, Run>, StoreError>
    /**
     * Takes out runs that ended before an instant, but for the last of each job that did what was due; and jobs
     * without a schedule whose work was done before `onceBefore`. Gives how many runs.
     */
    readonly forget: (before: EpochMillis, onceBefore: EpochMillis) => Effect.Effect<number, StoreError>
  }
>()("@tidemark/core/JobStore") {}
