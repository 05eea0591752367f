/** When jobs are due. Pure. */
import type { Instant, JobStore } from "@tidemark/core"
import { Cron, Result } from "effect"

/** Schedules that were looked at: whether one ever comes is costly to find out of one that does not. */
const known = new Map<string, Result.Result<Cron.Cron, string>>()
const mostKnown = 1_000

/** Whether there is an instant that a schedule means: there is no 30 February. */
const comes = (cron: Cron.Cron): boolean => {
  try {
    Cron.next(cron, 0)
    return true
  } catch {
    return false
  }
}

const parse = (cron: string, timeZone: string): Result.Result<Cron.Cron, string> => {
  const no = (why: string) => `"${cron}" in ${timeZone} is no schedule: ${why}`
  const parsed = Cron.parse(cron, timeZone)
  if (Result.isFailure(parsed)) {
    return Result.fail(no(`${parsed.failure.message}. Write five fields: minute hour day month weekday`))
  }
  return comes(parsed.success) ? Result.succeed(parsed.success) : Result.fail(no("there is no such day in any year"))
}

/** When a job runs, or a sentence that says why that cannot be told; `undefined`: only when somebody wants it. */
export const schedule = ({
  cron,
  timeZone
}: Pick<JobStore.Job, "cron" | "timeZone">): Result.Result<Cron.Cron | undefined, string> => {
  if (cron === undefined) return Result.succeed(undefined)
  const name = `${timeZone} ${cron}`
  const found = known.get(name) ?? parse(cron, timeZone)
  if (known.size >= mostKnown) known.clear()
  known.set(name, found)
  return found
}

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
