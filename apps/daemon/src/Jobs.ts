/** The work that the daemon knows, and the jobs that a new database begins with. */
import type { Instant, JobStore } from "@tidemark/core"
import type { Scheduler } from "@tidemark/jobs"
import type { Configuration, Runtime } from "@tidemark/runtime"
import type { Layer } from "effect"
import * as Actions from "./works/Actions.ts"
import * as Candles from "./works/Candles.ts"
import * as Derived from "./works/Derived.ts"
import * as Gamma from "./works/Gamma.ts"
import * as Tail from "./works/Tail.ts"
import * as Watch from "./works/Watch.ts"

/** What work has at hand. */
export type Needs = Layer.Success<ReturnType<typeof Runtime.layer>>

const byName = {
  backfill: Candles.backfill,
  gaps: Candles.gaps,
  quality: Candles.quality,
  tail: Tail.tail,
  prune: Candles.prune,
  actions: Actions.actions,
  features: Derived.features,
  market: Derived.market,
  jump: Derived.jump,
  structure: Derived.structure,
  gamma: Gamma.observe,
  watch: Watch.watch
} as const

export const works: ReadonlyMap<string, Scheduler.Work<Needs>> = new Map(Object.entries(byName))

/** Work that this process leaves to others, because it was set up so. */
export const leaves = ({ daemon }: Pick<Configuration.Configuration, "daemon">): ReadonlySet<string> =>
  new Set(daemon.tail ? [] : ["tail"])

type Default = Pick<JobStore.Job, "name" | "cron"> & {
  readonly work: keyof typeof byName
  /** Begins with the database, and does not wait for its first time. */
  readonly atOnce?: boolean
}

const minuteMillis = 60_000

const defaults: ReadonlyArray<Default> = [
  // It does not end by itself: where it has ended, it begins again within a minute.
  { name: "tail", work: "tail", cron: "* * * * *", atOnce: true },
  // A source that is late with a candle is asked for it by the next one.
  { name: "incremental", work: "backfill", cron: "1-59/5 * * * *" },
  { name: "watch", work: "watch", cron: "*/5 * * * *" },
  { name: "features", work: "features", cron: "10 * * * *" },
  { name: "market-regime", work: "market", cron: "20 * * * *" },
  { name: "structure-regime", work: "structure", cron: "25 * * * *" },
  // Four times a session: whichever of its looks has come and has no chain yet.
  { name: "gamma", work: "gamma", cron: "*/15 * * * *" },
  // After the days of both crypto and shares have ended.
  { name: "jump-regime", work: "jump", cron: "40 0 * * *" },
  { name: "actions", work: "actions", cron: "0 1 * * *" },
  { name: "retention", work: "prune", cron: "30 2 * * *" },
  { name: "gaps", work: "gaps", cron: "0 3 * * 0" },
  { name: "consolidation", work: "quality", cron: "0 4 2 * *" }
]

/** Jobs that a database has that nobody has set up: what was due before is not caught up. */
export const initial = (since: Instant.EpochMillis): ReadonlyArray<JobStore.Job> =>
  defaults.map(({ atOnce, ...job }) => ({
    ...job,
    timeZone: "UTC",
    settings: {},
    isPaused: false,
    since: atOnce === true ? since - minuteMillis : since,
    wantedAt: undefined
  }))
