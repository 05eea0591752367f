/** What becomes of a job that somebody changes, whoever they are. Pure. */
import type { Instant, JobStore } from "@tidemark/core"
import { Result } from "effect"
import * as Due from "./Due.ts"

/** What is left out stays as it is. */
export type Change = {
  readonly [K in "work" | "cron" | "timeZone" | "settings" | "isPaused"]?: JobStore.Job[K] | undefined
}

/**
 * The job after the change, or a sentence that says why there is none. What was due by another schedule, or while it
 * rested, is not due by this one.
 */
export const of = (
  name: string,
  before: JobStore.Job | undefined,
  change: Change,
  now: Instant.EpochMillis
): Result.Result<JobStore.Job, string> => {
  const [work, cron] = [change.work ?? before?.work, change.cron ?? before?.cron]
  if (work === undefined || (before === undefined && cron === undefined)) {
    return Result.fail(`there is no job "${name}"; to make one, say its work and its cron`)
  }
  const [timeZone, isPaused] = [
    change.timeZone ?? before?.timeZone ?? "UTC",
    change.isPaused ?? before?.isPaused ?? false
  ]
  const isSame =
    before !== undefined &&
    before.cron === cron &&
    before.timeZone === timeZone &&
    (before.isPaused === isPaused || isPaused)
  const job: JobStore.Job = {
    name,
    work,
    cron,
    timeZone,
    settings: change.settings ?? before?.settings ?? {},
    isPaused,
    since: isSame ? before.since : now,
    wantedAt: before?.wantedAt
  }
  return Result.map(Due.schedule(job), () => job)
}
