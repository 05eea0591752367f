/** Jobs and runs as a daemon tells them, in the words of the domain. */
import type { Jobs } from "@tidemark/api"
import type { JobStore } from "@tidemark/core"
import type { ShownJob } from "../view/JobsView.ts"

export const toRun = (run: Jobs.Run): JobStore.Run => ({
  id: run.id,
  job: run.job,
  dueAt: run.due_at,
  startedAt: run.started_at,
  heardAt: run.heard_at,
  endedAt: run.ended_at ?? undefined,
  status: run.status,
  holder: run.holder,
  result: run.result,
  log: run.log
})

export const toJob = (job: Jobs.Job): ShownJob => ({
  job: {
    name: job.name,
    work: job.work,
    cron: job.cron ?? undefined,
    timeZone: job.time_zone,
    settings: job.settings,
    isPaused: job.is_paused,
    since: 0,
    wantedAt: job.wanted_at ?? undefined
  },
  nextAt: job.next_at ?? undefined,
  last: job.last_run === null ? undefined : toRun(job.last_run)
})
