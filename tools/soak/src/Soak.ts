/**
 * Months of a deployment's life in minutes: two daemons on one Postgres, a
 * provider and a webhook, each of which fails at random.
 *
 * Time goes as the machine's while work is going on, and leaps to the next
 * job that is due when none is; so nothing that waits for an answer is cut
 * short, and months pass in the waiting between.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Verification } from "@tidemark/backfill"
import { AlertStore, Candles, CandleStore, JobStore } from "@tidemark/core"
import { Due } from "@tidemark/jobs"
import { PostgresServer } from "@tidemark/postgres"
import { Configuration, Runtime } from "@tidemark/runtime"
import { Clock, Effect, Option, Result, Stream } from "effect"
import * as Chaos from "./Chaos.ts"
import * as Fleet from "./Fleet.ts"
import * as Judgement from "./Judgement.ts"
import * as LeapClock from "./LeapClock.ts"
import * as Provider from "./Provider.ts"
import * as Receiver from "./Receiver.ts"

const day = 86_400_000

export interface Options {
  /** Of the machine's time, until nothing more goes wrong. */
  readonly millis: number
  readonly seed: number
  /** A line for people, now and then. */
  readonly say: (line: string) => Effect.Effect<void>
}

export interface Found {
  /** Of the deployment's time. */
  readonly days: number
  readonly runs: Readonly<Record<string, number>>
  readonly mishaps: Readonly<Record<string, number>>
  readonly candles: number
  readonly alerts: number
  /** Messages that a webhook got twice, under one name. */
  readonly repeated: number
  /** Longest time that a daemon took to end after it was told to, in milliseconds. */
  readonly longestStop: number
  /** How often a daemon ended by itself, as one does that finds no database, and was started again. */
  readonly restarts: number
  /** All that is not as it should be. */
  readonly wrong: ReadonlyArray<string>
}

const wait = (millis: number) => Effect.promise(() => pause(millis))

const settings = { symbols: Provider.symbols, timeframes: ["1h", "4h", "1d"], source: "binance", days: 30 }

/** As people run it, but for how often: what is done every five minutes is done every few hours. */
const jobs = (since: number): ReadonlyArray<JobStore.Job> =>
  (
    [
      ["incremental", "backfill", "1 */4 * * *", settings],
      ["tail", "tail", "0 0 1 1 *", {}],
      ["watch", "watch", "7 */2 * * *", {}],
      ["features", "features", "10 */6 * * *", {}],
      ["market-regime", "market", "20 */12 * * *", {}],
      ["structure-regime", "structure", "25 */12 * * *", {}],
      ["jump-regime", "jump", "40 0 * * *", {}],
      // There is nobody to ask for them.
      ["actions", "actions", "0 0 1 1 *", {}],
      ["retention", "prune", "30 2 * * *", {}],
      ["gaps", "gaps", "0 3 * * 0", {}],
      ["consolidation", "quality", "0 4 2 * *", {}]
    ] as const
  ).map(([name, work, cron, settings]) => ({
    name,
    work,
    cron,
    timeZone: "UTC",
    settings,
    // It never ends, and what listens cannot be put forward.
    isPaused: name === "tail",
    since,
    wantedAt: undefined
  }))

/** What is going on, by the store; nothing while it is away. */
const observe = Effect.fnUntraced(function* (now: number) {
  const store = yield* JobStore.JobStore
  const done = yield* store.lastDone
  let next = Infinity
  let isDue = false
  for (const job of yield* store.list) {
    const cron = Result.getOrThrow(Due.schedule(job))
    if (Due.due(job, cron, done.get(job.name), now) !== undefined) isDue = true
    next = Math.min(next, Due.next(job, cron, now) ?? Infinity)
  }
  const running = (yield* store.runs({ limit: 20 })).filter(({ status }) => status === "running")
  return { isDue, next, running }
})

const pidOf = ({ holder }: JobStore.Run): number => Number(holder.split(" ").at(-1))

/** Every candle that the provider has of what is stored, and that is not there as the provider has it. */
const differences = Effect.fnUntraced(function* (from: number) {
  const store = yield* CandleStore.CandleStore
  const wrong: Array<string> = []
  let candles = 0
  for (const { coverage, series } of yield* store.recorded({})) {
    const [first, last] = [coverage.fetched[0], coverage.fetched.at(-1)]
    if (first === undefined || last === undefined) continue
    const interval = { from: first.from, to: last.to }
    const dataset = Provider.datasets(from).find(
      ({ base, interval, quote }) => `${base}/${quote}` === series.symbol && interval === series.timeframe
    )!
    const is = Candles.concat(yield* Stream.runCollect(store.read(series, interval)))
    const should = dataset.candles(interval)
    candles += Candles.length(is)
    if (!Candles.equals(is, should)) {
      wrong.push(
        `${series.symbol} ${series.timeframe}: ${Candles.length(is)} candles where the provider has ${Candles.length(should)}, or other values`
      )
    }
  }
  return { candles, wrong }
})

export const run = Effect.fn("Soak.run")(function* ({ millis, say, seed }: Options) {
  const begun = Date.now()
  const start = Date.UTC(2026, 0, 5)
  const clock = LeapClock.make(start - begun)
  const random = Chaos.randomOf(seed)
  const cwd = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-soak-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const postgres = yield* PostgresServer.make()
  const url = yield* postgres.database
  const history = start - 400 * day
  const provider = yield* Provider.make({ now: clock.currentTimeMillisUnsafe, from: history })
  const receiver = yield* Receiver.make
  const journal = join(cwd, "journal.jsonl")
  const alerts = { resolve_after: "1 hour", webhooks: [{ url: receiver.url, shape: "plain" }] }
  yield* Effect.promise(() => writeFile(join(cwd, "tidemark.json"), JSON.stringify({ alerts })))
  yield* Effect.promise(() => writeFile(journal, ""))
  const env = {
    DATABASE_URL: url,
    BINANCE_BASE_URL: provider.url,
    BINANCE_ARCHIVE: "off",
    TIDEMARK_PORT: "0",
    SOAK_JOURNAL: journal
  }
  const configuration = yield* Configuration.load({ database: Option.none(), config: Option.none() }, env, cwd)

  const work = Effect.gen(function* () {
    const store = yield* JobStore.JobStore
    yield* store.seed(jobs(start))
    const fleet = yield* Fleet.make({ count: 2, cwd, env, offset: clock.offset })
    fleet.start(0)
    fleet.start(1)
    const mishaps = new Map<string, number>()
    let healing: Promise<unknown> = Promise.resolve()
    let isHealing = false
    /** From then on nothing goes wrong any more. */
    let isCalm = false
    const bring = (kind: Chaos.Mishap, millis: number): Effect.Effect<void> => {
      const member = random() < 0.5 ? 0 : 1
      const back = (stop: Effect.Effect<void>, start: Effect.Effect<void>) =>
        stop.pipe(Effect.andThen(wait(millis)), Effect.andThen(start))
      switch (kind) {
        case "daemon killed":
          return back(
            fleet.end(member, "SIGKILL"),
            Effect.sync(() => fleet.start(member))
          )
        case "daemon stopped":
          return back(
            fleet.end(member, "SIGTERM"),
            Effect.sync(() => fleet.start(member))
          )
        case "database crashed":
          return back(postgres.stop("crash"), postgres.start)
        case "provider away":
          return back(provider.stop, provider.start)
        case "webhook away":
          return back(
            Effect.sync(() => receiver.refuse(true)),
            Effect.sync(() => receiver.refuse(false))
          )
      }
    }
    /** Begins a mishap that is over by itself; one at a time. */
    const mishap = Effect.sync(() => {
      if (isHealing) return
      isHealing = true
      const kind = Chaos.choose(random)
      mishaps.set(kind, (mishaps.get(kind) ?? 0) + 1)
      healing = Effect.runPromise(bring(kind, random() * Chaos.longest[kind])).finally(() => void (isHealing = false))
    })
    const leap = (millis: number) =>
      Effect.sync(() => {
        clock.leapTo(clock.offset() + millis)
        fleet.leapTo(clock.offset())
      })

    /** When there was last nothing to do, in the machine's time. */
    let quietAt = Date.now()
    /** Whoever waits, for another try or for a database that comes back, has waited when time goes on. */
    const ticking = Effect.forever(
      Effect.andThen(
        wait(50),
        // No faster than that: whoever waits for an answer must have the time to get it.
        Effect.suspend(() => (fleet.isReady() && Date.now() - quietAt > 500 ? leap(150) : Effect.void))
      )
    )
    /** One look, and what follows from it: wait for what is going on, or leap to what comes. */
    const round = Effect.gen(function* () {
      const now = clock.currentTimeMillisUnsafe()
      const seen = yield* Effect.option(observe(now))
      if (!isHealing) fleet.restart()
      if (Option.isNone(seen)) return yield* wait(20)
      const { isDue, next, running } = seen.value
      if (!fleet.isReady()) return yield* wait(20)
      if (running.length === 0 && !isDue) {
        quietAt = Date.now()
        // A little past it, so that whoever waits for it has come to it.
        yield* leap(Math.max(0, next - now) + 200)
        return yield* wait(10)
      }
      const pids = fleet.pids()
      // Of those that were killed over their work nothing more will be heard: another takes over when they are given up.
      if (running.length > 0 && !running.some((run) => pids.has(pidOf(run)))) yield* leap(5_000)
      if (!isCalm && running.length > 0 && random() < 0.03) yield* mishap
      yield* wait(10)
    })

    yield* Effect.forkScoped(ticking)
    let told = Date.now()
    while (Date.now() - begun < millis) {
      yield* round
      if (Date.now() - told > 15_000) {
        told = Date.now()
        const days = (clock.currentTimeMillisUnsafe() - start) / day
        yield* say(
          `${Math.round((told - begun) / 1_000)} s: day ${Math.floor(days)}, ${JSON.stringify(Object.fromEntries(mishaps))}`
        )
      }
    }
    // Nothing more goes wrong: whatever is to come comes, and everybody is told of it.
    isCalm = true
    yield* Effect.promise(() => healing)
    const alertStore = yield* AlertStore.AlertStore
    const settled = Effect.gen(function* () {
      const waiting = (yield* alertStore.webhooks).some(({ pending }) => pending > 0)
      const last = yield* store.lastDone
      const failed = [...last.values()].some(({ status }) => status === "failed")
      return !waiting && !failed && (yield* observe(clock.currentTimeMillisUnsafe())).running.length === 0
    }).pipe(Effect.orElseSucceed(() => false))
    const calmFrom = clock.currentTimeMillisUnsafe()
    const isOver = () => clock.currentTimeMillisUnsafe() > calmFrom + 3 * day
    const giveUp = Date.now() + 120_000
    while (!(isOver() && (yield* settled)) && Date.now() < giveUp) yield* round
    for (const index of [0, 1]) yield* fleet.end(index, "SIGTERM")

    const days = (clock.currentTimeMillisUnsafe() - start) / day
    const text = yield* Effect.promise(() => readFile(journal, "utf8"))
    const lines = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Judgement.Line]))
    const spells = Judgement.spells(lines, fleet.killed)
    const twice = Judgement.overlaps(spells).map(
      ([a, b]) => `${a.job} was at work twice at once: run ${a.run} in ${a.pid} and run ${b.run} in ${b.pid}`
    )
    const all = yield* store.runs({ limit: 1_000_000 })
    const runs: Record<string, number> = {}
    for (const { status } of all) runs[status] = (runs[status] ?? 0) + 1
    const open = yield* alertStore.list({ open: true, limit: 1_000 })
    const unsound = Judgement.unsound(receiver.notices, new Set(open.map(({ subject }) => subject)))
    const verified = yield* Verification.run({ choose: () => true })
    const unverified = verified
      .filter((one) => !Verification.isSound(one.verified))
      .map(({ verified: { series } }) => `${series.symbol} ${series.timeframe} is not verified`)
    const { candles, wrong } = yield* differences(history)
    const unfinished =
      Date.now() >= giveUp
        ? [
            `two minutes after the last mishap something was still failing, or at work:\n` +
              `${JSON.stringify([...all].slice(0, 5), null, 1)}\n${fleet.said()}`
          ]
        : []
    const slow = fleet.stops.filter((took) => took > 10_000).map((took) => `a daemon took ${took} ms to end`)
    const none = lines.length === 0 || candles === 0 ? [`nothing was done:\n${fleet.said()}`] : []
    const found: Found = {
      days,
      runs,
      mishaps: Object.fromEntries(mishaps),
      candles,
      alerts: new Set(receiver.notices.map(({ first_at, subject, what }) => `${what} ${subject} ${first_at}`)).size,
      repeated: receiver.repeated(),
      longestStop: Math.max(0, ...fleet.stops),
      restarts: fleet.restarts(),
      wrong: [...twice, ...unsound, ...unverified, ...wrong, ...unfinished, ...slow, ...none]
    }
    return found
  })
  return yield* work.pipe(
    Effect.provide(Runtime.layer(configuration, "write")),
    Effect.provideService(Clock.Clock, clock),
    Effect.provide(NodeServices.layer)
  )
}, Effect.scoped)
