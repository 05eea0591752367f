/**
 * The daemon as it is, but for its clock, which its parent puts forward, and
 * for a line in a file when a piece of work begins and when it ends: what it
 * did is told by somebody other than the store that is looked at.
 */
import { appendFileSync } from "node:fs"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Daemon from "@tidemark/daemon/Daemon"
import * as Jobs from "@tidemark/daemon/Jobs"
import { Configuration } from "@tidemark/runtime"
import { Clock, Effect, Layer, Option } from "effect"
import * as LeapClock from "./LeapClock.ts"
import type { Line } from "./Judgement.ts"

const clock = LeapClock.make(Number(process.env["SOAK_OFFSET"] ?? 0))
process.on("message", (message) => clock.leapTo(Number(message)))
// Whose parent is gone has nothing to do.
process.on("disconnect", () => process.exit(0))

const journal = process.env["SOAK_JOURNAL"]!

/** Written at once: a process that is killed has said all that it did. */
const tell = (line: Omit<Line, "pid" | "at">) =>
  Effect.sync(() => appendFileSync(journal, `${JSON.stringify({ ...line, pid: process.pid, at: Date.now() })}\n`))

const works: typeof Jobs.works = new Map(
  [...Jobs.works].map(([name, work]) => [
    name,
    (told) => {
      const { job, run } = told
      const line = { job: job.name, run: run.id }
      return Effect.acquireUseRelease(
        tell({ ...line, what: "began" }),
        () => work(told),
        () => tell({ ...line, what: "ended" })
      )
    }
  ])
)

const daemon = Layer.unwrap(
  Effect.map(Configuration.load({ database: Option.none(), config: Option.none() }), (settings) =>
    Daemon.layer(settings, works)
  )
)

Layer.launch(daemon).pipe(
  Effect.provideService(Clock.Clock, clock),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
