/** Jobs and their runs, for people and for machines. Pure. */
import { Instant, type JobStore } from "@tidemark/core"
import { render } from "./Table.ts"

export interface ShownJob {
  readonly job: JobStore.Job
  /** When it is due again. */
  readonly nextAt: number | undefined
  /** The last run that did what was due. */
  readonly last: JobStore.Run | undefined
}

const orNull = (instant: number | undefined): string | null => (instant === undefined ? null : Instant.format(instant))

/** To the second: nobody reads milliseconds. */
const second = (instant: number | undefined): string =>
  instant === undefined ? "" : Instant.format(Math.floor(instant / 1_000) * 1_000)

export const runJson = (run: JobStore.Run) => ({
  id: run.id,
  job: run.job,
  due_at: Instant.format(run.dueAt),
  started_at: Instant.format(run.startedAt),
  heard_at: Instant.format(run.heardAt),
  ended_at: orNull(run.endedAt),
  status: run.status,
  holder: run.holder,
  result: run.result,
  log: run.log
})

export const jobJson = ({ job, last, nextAt }: ShownJob) => ({
  name: job.name,
  work: job.work,
  cron: job.cron ?? null,
  time_zone: job.timeZone,
  settings: job.settings,
  is_paused: job.isPaused,
  wanted_at: orNull(job.wantedAt),
  next_at: orNull(nextAt),
  last_run: last === undefined ? null : runJson(last)
})

export const jobsText = (jobs: ReadonlyArray<ShownJob>): string =>
  jobs.length === 0
    ? "There is no job yet; a daemon brings them: npx nx run daemon:serve"
    : render(
        ["job", "work", "when", "time zone", "due again", "last", ""],
        jobs.map(({ job, last, nextAt }) => [
          job.name,
          job.work,
          job.isPaused ? `${job.cron ?? ""} (paused)` : (job.cron ?? "when it is wanted"),
          job.timeZone,
          second(nextAt),
          second(last?.startedAt),
          last?.status ?? ""
        ])
      )

/** How long a run took, or has taken. */
const took = ({ endedAt, heardAt, startedAt }: JobStore.Run): string =>
  `${Math.round(((endedAt ?? heardAt) - startedAt) / 100) / 10} s`

const errorOf = ({ result }: JobStore.Run): string =>
  typeof result === "object" && result !== null && "error" in result && typeof result["error"] === "string"
    ? result["error"]
    : ""

export const runsText = (runs: ReadonlyArray<JobStore.Run>): string =>
  runs.length === 0
    ? "Nothing was run yet"
    : render(
        ["run", "job", "began", "took", "", ""],
        runs.map((run) => [String(run.id), run.job, second(run.startedAt), took(run), run.status, errorOf(run)]),
        { right: [0, 3] }
      )
