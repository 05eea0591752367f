/** What is measured of jobs, under the names that Prometheus knows. */
import type { JobStore } from "@tidemark/core"
import { Effect, Metric } from "effect"

const runs = Metric.counter("tidemark_job_runs_total", {
  description: "Runs of jobs by this process, by how they ended",
  incremental: true
})
const durations = Metric.histogram("tidemark_job_duration_seconds", {
  description: "How long runs of jobs took",
  boundaries: [1, 5, 15, 60, 300, 900, 3_600, 14_400]
})
const successes = Metric.gauge("tidemark_job_last_success_timestamp_seconds", {
  description: "When a job last succeeded in this process"
})
const running = Metric.gauge("tidemark_job_running", { description: "Whether this process is running a job: 1 or 0" })

/** What is wanted once has no name that anybody would look for, and there is no end to such names. */
const nameOf = ({ cron, name }: Pick<JobStore.Job, "cron" | "name">): string => (cron === undefined ? "once" : name)

export const begun = (of: JobStore.Job) => {
  const job = nameOf(of)
  return Metric.update(Metric.withAttributes(running, { job }), 1)
}

export const ended = (of: JobStore.Job, status: JobStore.Status, startedAt: number, endedAt: number) =>
  Effect.gen(function* () {
    const job = nameOf(of)
    yield* Metric.update(Metric.withAttributes(running, { job }), 0)
    yield* Metric.update(Metric.withAttributes(runs, { job, status }), 1)
    yield* Metric.update(Metric.withAttributes(durations, { job }), Math.max(0, endedAt - startedAt) / 1_000)
    if (status === "succeeded") yield* Metric.update(Metric.withAttributes(successes, { job }), endedAt / 1_000)
  })
