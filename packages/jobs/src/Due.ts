/** When jobs are due. Pure. */
import type { Instant, JobStore } from "@tidemark/core"
import { Cron, Result } from "effect"

/** When a job runs, or a sentence that says why that cannot be told; `undefined`: only when somebody wants it. */
export const schedule = ({
  cron,
  timeZone
}: Pick<JobStore.Job, "cron" | "timeZone">): Result.Result<Cron.Cron | undefined, string> =>
  cron === undefined
    ? Result.succeed(undefined)
    : Result.mapError(
        Cron.parse(cron, timeZone),
        ({ message }) =>
          `"${cron}" in ${timeZone} is no schedule: ${message}. Write five fields: minute hour day month weekday`
      )

/**
 * What a job has to be run for now: the last instant at or before `now` that it
 * was due at and that was not done, so that what was missed is caught up once;
 * or that somebody wants it.
 */
export const due = (
  job: JobStore.Job,
  cron: Cron.Cron | undefined,
  done: Pick<JobStore.Run, "dueAt"> | undefined,
  now: Instant.EpochMillis
): Instant.EpochMillis | undefined => {
  const last = done?.dueAt ?? -Infinity
  if (job.wantedAt !== undefined && job.wantedAt <= now && job.wantedAt > last) return job.wantedAt
  if (job.isPaused || cron === undefined) return undefined
  const latest = Cron.prev(cron, now + 1).getTime()
  return latest > Math.max(job.since, last) ? latest : undefined
}

/** The first instant after `now` that a job is due at; `undefined` while it is paused, or without a schedule. */
export const next = (
  job: JobStore.Job,
  cron: Cron.Cron | undefined,
  now: Instant.EpochMillis
): Instant.EpochMillis | undefined => (job.isPaused || cron === undefined ? undefined : Cron.next(cron, now).getTime())
