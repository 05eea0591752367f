/** Looks at what is stored, and at what the engine knows of providers. Asks no source anything. */
import { Health, type Plan, SourceRegistry, Survey } from "@tidemark/backfill"
import {
  type CandleStore,
  type GapLedger,
  JobStore,
  RequestBudgets,
  type Source,
  type SymbolStore
} from "@tidemark/core"
import { Clock, Effect } from "effect"
import { statfs } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { DiskSeen, HostSeen, JobSeen, Seen, SeriesSeen } from "./Rules.ts"
import { Alerting } from "./Settings.ts"

export type Needs =
  | CandleStore.CandleStore
  | GapLedger.GapLedger
  | JobStore.JobStore
  | RequestBudgets.RequestBudgets
  | SourceRegistry.SourceRegistry
  | SymbolStore.SymbolStore

/** A run that was heard of so lately is at work. */
const aliveMillis = 2 * 60_000
/** Characters of an error that are shown. */
const longest = 300

const seriesSeen = (surveyed: Survey.Surveyed, now: number): SeriesSeen => ({
  series: surveyed.stored.series,
  asked: surveyed.asked,
  expected: surveyed.plan.expected,
  open: Health.open(surveyed),
  lagMillis: Health.lagMillis(surveyed, now)
})

/** What a run that failed says of it. */
const errorOf = ({ log, result }: JobStore.Run): string => {
  const error =
    typeof result === "object" && result !== null && "error" in result && typeof result.error === "string"
      ? result.error
      : (log.split("\n").at(-1) ?? "")
  return oneLine(error)
}

const oneLine = (text: string): string => {
  const error = text.replaceAll(/\s+/gu, " ")
  return error.length <= longest ? error : `${error.slice(0, longest - 1)}…`
}

const jobsSeen = Effect.gen(function* () {
  const store = yield* JobStore.JobStore
  const done = yield* store.lastDone
  const jobs = yield* store.list
  const found: Array<JobSeen> = []
  for (const { cron, name } of jobs) {
    const run = done.get(name)
    // What is wanted once is looked at by whoever wanted it, and never succeeds later.
    if (run === undefined || cron === undefined) continue
    const { endedAt, heardAt, id, status } = run
    const failed = status === "failed"
    // Only what failed is told of, and only then is its log looked at.
    const whole = failed ? ((yield* store.run(id)) ?? run) : run
    found.push({ job: name, runId: id, endedAt: endedAt ?? heardAt, failed, error: failed ? errorOf(whole) : "" })
  }
  return found
})

/** Whether a job with such work is being run. */
const isAtWork = Effect.fnUntraced(function* (works: ReadonlyArray<string>, now: number) {
  const store = yield* JobStore.JobStore
  const alive = new Set(
    (yield* store.atWork).filter(({ heardAt }) => heardAt > now - aliveMillis).map(({ job }) => job)
  )
  return (yield* store.list).some(({ name, work }) => works.includes(work) && alive.has(name))
})

/** Which sources ask which hosts: those that there are, and those of stored series, which may be one of many. */
const sourcesByHost = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan.SeriesPlan>) {
  const registry = yield* SourceRegistry.SourceRegistry
  const sources = new Map<string, Set<string>>()
  const add = (source: string, { hosts }: Source.Capabilities) => {
    for (const { name } of hosts) sources.set(name, (sources.get(name) ?? new Set()).add(source))
  }
  for (const id of registry.ids) add(id, (yield* registry.plugin(id)).capabilities)
  for (const { request } of plans) add(request.series.source, request.capabilities)
  return sources
})

/** Hosts that asked to be left alone, with the sources that ask them. */
const hostsSeen = Effect.fnUntraced(function* (plans: ReadonlyArray<Plan.SeriesPlan>) {
  const budgets = yield* (yield* RequestBudgets.RequestBudgets).list
  const sources = yield* sourcesByHost(plans)
  const hosts = new Map<string, HostSeen>()
  for (const [key, { banned = false, pausedUntil }] of budgets) {
    if (pausedUntil === 0) continue
    // A key is a host, with a mark of the account where one is counted.
    const host = key.split(" ", 1)[0]!
    const known = hosts.get(host)
    hosts.set(host, {
      host,
      sources: [...(sources.get(host) ?? [])],
      banned: banned || known?.banned === true,
      pausedUntil: Math.max(pausedUntil, known?.pausedUntil ?? 0)
    })
  }
  return [...hosts.values()]
})

/** The disk of the database file; `undefined` where there is none that can be seen from here. */
const diskSeen = Effect.gen(function* () {
  const { file } = yield* Alerting
  if (file === undefined) return undefined
  const folder = dirname(resolve(file))
  return yield* Effect.tryPromise(() => statfs(folder)).pipe(
    Effect.map(({ bavail, blocks, bfree, bsize }): DiskSeen => ({
      folder,
      // What only the system may use counts as neither, as `df` has it.
      totalBytes: (blocks - bfree + bavail) * bsize,
      freeBytes: bavail * bsize
    })),
    Effect.catch(() => Effect.as(Effect.logWarning(`the disk of ${folder} cannot be looked at`), undefined))
  )
})

/** `fetching`: the work that asks sources for candles. */
export const run = Effect.fn("Observe.run")(function* (fetching: ReadonlyArray<string>) {
  const at = yield* Clock.currentTimeMillis
  // Before what is missing is read: what ends meanwhile has been at work.
  const isFetching = yield* isAtWork(fetching, at)
  const surveyed = yield* Survey.run({ choose: () => true, isCounted: false })
  const seen: Seen = {
    at,
    isFetching,
    series: surveyed.map((one) => seriesSeen(one, at)),
    jobs: yield* jobsSeen,
    hosts: yield* hostsSeen(surveyed.map(({ plan }) => plan)),
    disk: yield* diskSeen
  }
  return seen
})
