/**
 * The gamma history of an underlying: a row for each slot of its sessions, of
 * the best there is. A chain that is kept comes first; then a model on prices
 * that were observed; then, where prices are simulated, a simulated chain. A
 * slot that was modelled gets a second row once it has a chain.
 *
 * What was observed looks at observed prices alone, and what was simulated at
 * simulated ones. Nothing is used at a slot that was not known at it: candles
 * that had closed, rows and models of before.
 */
import {
  type Adjustment,
  type Calendar,
  Damage,
  Gamma,
  type Instant,
  type Interval,
  OptionChain,
  type Provenance,
  type SourceError,
  type StoreError
} from "@tidemark/core"
import * as Annual from "@tidemark/features/Annual"
import { Clock, DateTime, Effect } from "effect"
import * as Analysis from "../Analysis.ts"
import type { Exposure } from "../Exposure.ts"
import type { Method } from "../Kept.ts"
import { Estimate } from "../model/index.ts"
import * as Models from "./Models.ts"
import * as Plan from "./Plan.ts"
import { ofChain } from "./OfChain.ts"
import * as Resolve from "./Resolve.ts"
import * as Signalling from "./Signalling.ts"
import * as Simulator from "./Simulator.ts"
import * as Slots from "./Slots.ts"
import * as Underlying from "./Underlying.ts"

export interface Options<E, R> {
  readonly symbol: string
  readonly calendar: Calendar.Calendar
  readonly interval: Interval.Interval
  readonly method: Method
  /** Make rows anew that are there. */
  readonly force: boolean
  /** Of slots without a chain: of this source only. Default: what was observed, if anything was. */
  readonly source?: string | undefined
  /** Sources of prices in order of preference. */
  readonly preferred?: ReadonlyArray<string> | undefined
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
  readonly simulator: Simulator.Simulator
  /** Told how far it is. */
  readonly onProgress?: ((done: number, of: number) => Effect.Effect<void>) | undefined
}

/** What a plan would do, by what a row is made of. */
export interface Planned {
  readonly chain: number
  readonly model: number
  readonly simulate: number
  readonly kept: number
  readonly without: number
}

export interface Outcome {
  readonly planned: Planned
  /** Slots of which there is neither chain nor price. */
  readonly without: {
    readonly slots: number
    readonly first: Instant.EpochMillis | undefined
    /** Why the first of those has no price, where there are prices of other moments. */
    readonly why: string | undefined
  }
  /** Of the prices, where there are any. */
  readonly source: string | undefined
  readonly slots: number
  readonly sessions: number
  readonly written: Gamma.Written
  /** Rows that were made, by how they are known. */
  readonly origins: Readonly<Partial<Record<Gamma.Origin, number>>>
  /** Rows whose exposure is not known, by the reason; the first moment of each. */
  readonly unknown: ReadonlyArray<{
    readonly reason: string
    readonly rows: number
    readonly first: Instant.EpochMillis
  }>
  readonly models: ReadonlyArray<Gamma.Model>
  readonly signals: Readonly<Partial<Record<Gamma.Pattern, number>>>
  readonly resolved: Resolve.Resolved
}

/** Rows that are written at once: few enough to be held, with the chains that they are of. */
const batchRows = 64

/** What is there and what is to be done, without doing it. */
export const plan = Effect.fn("Gamma.plan")(function* <E, R>(options: Omit<Options<E, R>, "simulator" | "onProgress">) {
  const { calendar, force, interval, method, symbol } = options
  const slots = Slots.of(calendar, interval)
  const [first, last] = [slots[0], slots.at(-1)]
  const whole = { from: first?.from ?? interval.from, to: last?.to ?? interval.to }
  const symbols = [symbol]
  const chains = yield* (yield* OptionChain.OptionChainStore).list({ symbols, interval: whole })
  const rows = yield* (yield* Gamma.GammaStore).snapshots({ symbols, interval: whole })
  const prices = yield* Underlying.find(options)
  return { ...Plan.make({ slots, chains, rows, prices, method, force }), slots, rows, prices }
})

export const planned = ({ kept, tasks, without }: Plan.Plan): Planned => {
  const count = (kind: Plan.Task["kind"]) => tasks.filter((task) => task.kind === kind).length
  return { chain: count("chain"), model: count("model"), simulate: count("simulate"), kept, without: without.length }
}

/** Rows as they are known so far: what is made anew takes the place of what was there. */
const makeRows = (rows: ReadonlyArray<Gamma.Snapshot>) => {
  const key = ({ method, source }: Pick<Gamma.Snapshot, "method" | "source">) => `${method} ${source}`
  const known = new Map<string, Array<Gamma.Snapshot>>()
  const add = (row: Gamma.Snapshot): void => {
    const own = known.get(key(row)) ?? []
    const place = own.findLastIndex(({ at }) => at < row.at) + 1
    own.splice(place, own[place]?.at === row.at ? 1 : 0, row)
    known.set(key(row), own)
  }
  for (const row of rows) add(row)
  return {
    add,
    /** The newest before a row, of its source and method. */
    before: (row: Gamma.Snapshot): Gamma.Snapshot | undefined => known.get(key(row))?.findLast(({ at }) => at < row.at),
    /** Of all sources, ascending, before a moment. */
    until: (at: Instant.EpochMillis): ReadonlyArray<Gamma.Snapshot> =>
      [...known.values()].flatMap((own) => own.filter((row) => row.at < at)).toSorted((a, b) => a.at - b.at)
  }
}

const countBy = <A, K extends string>(all: ReadonlyArray<A>, of: (one: A) => K): Partial<Record<K, number>> => {
  const counts: Partial<Record<K, number>> = {}
  for (const one of all) counts[of(one)] = (counts[of(one)] ?? 0) + 1
  return counts
}

type Stores = Gamma.GammaStore | OptionChain.OptionChainStore

interface Made {
  readonly snapshot: Gamma.Snapshot
  readonly exposure: Exposure | undefined
  /** To be kept with the row. */
  readonly chain?: OptionChain.OptionChain
}

/** Whether prices that were observed belong to a task, or simulated ones. */
const provenanceOf = (task: Plan.Task): Provenance.Provenance =>
  task.kind === "chain" ? task.chain.provenance : task.kind === "simulate" ? "synthetic" : "observed"

/** The row of a task; why there is none, in words, where the price that it is made of is not stored. */
const rowOf = Effect.fnUntraced(function* <E, R>(
  task: Plan.Task,
  options: Options<E, R>,
  models: ReturnType<typeof Models.make> | undefined,
  reader: Signalling.Reader,
  source: string | undefined
): Effect.fn.Return<Made | string, StoreError.StoreError | SourceError.SourceError, Stores> {
  const { calendar, method, simulator, symbol } = options
  switch (task.kind) {
    case "chain": {
      const chain = yield* (yield* OptionChain.OptionChainStore).read(task.chain)
      if (chain === undefined) return yield* Effect.die(`the chain of ${task.chain.at} went while it was looked at`)
      const price = Number.isFinite(chain.spot) ? undefined : reader.priceAt(chain.at)
      return ofChain(chain, { method, calendar, price })
    }
    case "simulate": {
      const price = reader.priceAt(task.slot.at)
      if (typeof price === "string") return price
      const chain = yield* Simulator.chainAt(simulator, task.slot.at)
      return { ...Analysis.of(chain, { method, calendar }), chain }
    }
    case "model": {
      const price = reader.priceAt(task.slot.at)
      if (typeof price === "string") return price
      const snapshot = Estimate.of({
        symbol,
        source: source!,
        session: task.slot.session,
        market: reader.marketAt(task.slot.at),
        model: yield* models!.at(task.slot.at),
        barsPerYear: Annual.barsPerYear(calendar, "1d")
      })
      return { snapshot, exposure: undefined }
    }
  }
})

/** Rows of the symbol before the interval that its own follow on, and that a model can be fitted on. */
const before = Effect.fnUntraced(function* (symbol: string, until: Instant.EpochMillis) {
  const store = yield* Gamma.GammaStore
  return yield* store.snapshots({ symbols: [symbol], interval: { from: Damage.everything.from, to: until } })
})

/** Days of a whole history, that models look back at. */
const dailyMarket = Effect.fnUntraced(function* (
  underlying: Underlying.Underlying,
  rows: ReadonlyArray<Gamma.Snapshot>,
  { from, to }: Interval.Interval
) {
  const interval = { from: Math.min(from, rows[0]?.at ?? from), to }
  const grids = yield* Underlying.read(underlying, interval, ["1d"])
  const { calendar, provenance, symbol } = underlying
  return Signalling.reader({ symbol, provenance, calendar, prices: { underlying, grids }, vix: undefined }).marketAt
})

const yearOf = ({ slot }: Plan.Task): number => DateTime.getPartUtc(DateTime.makeUnsafe(slot.at), "year")

export const run = Effect.fn("Gamma.backfill")(function* <E, R>(options: Options<E, R>) {
  const { appliedBy, force, interval, onProgress, preferred = [], symbol } = options
  const made = yield* plan(options)
  const underlying = made.prices
  const store = yield* Gamma.GammaStore
  const chains = yield* OptionChain.OptionChainStore
  const earlier = yield* before(symbol, made.slots[0]?.from ?? interval.from)
  const rows = makeRows([...earlier, ...made.rows])
  const models =
    underlying === undefined || !made.tasks.some(({ kind }) => kind === "model")
      ? undefined
      : Models.make({
          ...options,
          underlying,
          marketAt: yield* dailyMarket(underlying, [...earlier, ...made.rows], interval),
          rowsUntil: rows.until
        })
  const done: Array<Gamma.Snapshot> = []
  const signals: Array<Gamma.Signal> = []
  const without: Array<Slots.Slot> = [...made.without]
  /** Tasks that came to nothing, and why. */
  const priceless = new Map<Plan.Task, string>()
  let [inserted, replaced, kept] = [0, 0, 0]
  // A year at a time: what it looks back at fits in memory, and is the same whatever range is asked for.
  for (const ofYear of Map.groupBy(made.tasks, yearOf).values()) {
    const span = { from: ofYear[0]!.slot.from, to: ofYear.at(-1)!.slot.to }
    const readers = new Map<Provenance.Provenance, Signalling.Reader>()
    for (const provenance of new Set(ofYear.map(provenanceOf))) {
      const source = underlying?.provenance === provenance ? underlying.source : undefined
      const which = { symbol, provenance, source, preferred, appliedBy, interval: span }
      readers.set(provenance, yield* Signalling.load(which))
    }
    for (let i = 0; i < ofYear.length; i += batchRows) {
      const now = yield* Clock.currentTimeMillis
      const simulated: Array<OptionChain.OptionChain> = []
      const entries: Array<Gamma.Entry> = []
      for (const task of ofYear.slice(i, i + batchRows)) {
        const reader = readers.get(provenanceOf(task))!
        const row = yield* rowOf(task, options, models, reader, underlying?.source)
        if (typeof row === "string") {
          without.push(task.slot)
          priceless.set(task, row)
          continue
        }
        const { chain, exposure, snapshot } = row
        if (chain !== undefined) simulated.push(chain)
        const signal = reader.signal(snapshot, exposure, rows.before(snapshot))
        rows.add(snapshot)
        entries.push({ snapshot, signal })
        done.push(snapshot)
        if (signal !== undefined) signals.push(signal)
      }
      yield* chains.keep(simulated, now)
      const written = yield* store.write(entries, { replace: force, at: now })
      inserted += written.inserted
      replaced += written.replaced
      kept += written.kept
      if (onProgress !== undefined) yield* onProgress(done.length, made.tasks.length)
    }
  }
  const outcome: Outcome = {
    planned: planned({ ...made, tasks: made.tasks.filter((task) => !priceless.has(task)), without }),
    without: { slots: without.length, first: without[0]?.at, why: priceless.values().next().value },
    source: underlying?.source,
    slots: made.slots.length,
    sessions: new Set(made.slots.map(({ session }) => session)).size,
    written: { inserted, replaced, kept },
    origins: countBy(done, ({ origin }) => origin),
    unknown: reasons(done),
    models: models?.fitted() ?? [],
    signals: countBy(signals, ({ pattern }) => pattern),
    resolved: yield* Resolve.run({ symbol, preferred: () => preferred, appliedBy })
  }
  return outcome
})

/** Why exposures are not known, the most frequent first; each as it was last. */
const reasons = (rows: ReadonlyArray<Gamma.Snapshot>): Outcome["unknown"] =>
  [
    ...Map.groupBy(
      rows.filter(({ netGex }) => netGex === null),
      // What differs by how many there are is one reason: the last of them is told.
      ({ reason }) => (reason ?? "no reason is known").replaceAll(/\d+/g, "#")
    )
  ]
    .map(([, all]) => ({ reason: all.at(-1)!.reason ?? "no reason is known", rows: all.length, first: all[0]!.at }))
    .toSorted((a, b) => b.rows - a.rows)
