/**
 * Brings the structure regimes and events of stored symbols up to date:
 * `structure_regime_history` and `structure_events`.
 *
 * A decision follows from candles of three timeframes. Where any of them has
 * come, changed or gone since, decisions from there on are made again; those
 * before it are as they were.
 */
import {
  type Calendar,
  Candles,
  type CandleStore,
  DerivedStore,
  Instant,
  Interval,
  Series,
  type StoreError
} from "@tidemark/core"
import * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import { Clock, Effect } from "effect"
import * as Happenings from "./Happenings.ts"
import { inShares } from "./Shares.ts"
import { history, type Label, method, type Timeframe, timeframes } from "./StructureRegime.ts"
import * as Tables from "./Tables.ts"

export interface Range {
  /** Decisions are wanted from here on; candles before it are read all the same. Default: all. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly force?: boolean | undefined
  /** Write nothing. */
  readonly dryRun?: boolean | undefined
  /** Of the events. Default: `smc-pit`. */
  readonly mode?: Happenings.Mode | undefined
  readonly onSymbol?: ((outcome: Outcome) => Effect.Effect<void>) | undefined
}

export interface Options extends Range {
  /** Series of 4h, 1h and 1d; of others nothing is made. */
  readonly inputs: ReadonlyArray<Inputs.Input>
}

/** A symbol at a source. */
export interface Subject {
  readonly source: string
  readonly symbol: string
}

/** The last decision there is. */
export interface Latest {
  readonly label: Label
  readonly knownAt: number
  readonly description: string
  readonly missing: string | null
  /** Timeframes of which more candles would help. */
  readonly lacking: ReadonlyArray<Timeframe>
}

export interface Outcome extends Subject {
  /** Decisions that were made in this run. */
  readonly processed: number
  readonly inserted: number
  readonly updated: number
  readonly events: number
  /** `undefined` without a 4h candle. */
  readonly latest: Latest | undefined
  /** Timeframes of which nothing is stored. */
  readonly absent: ReadonlyArray<Timeframe>
  readonly error?: StoreError.StoreError | undefined
  readonly splitsUnknown?: boolean
}

type Group = Readonly<Partial<Record<Timeframe, Inputs.Input>>>

/** What rows were made with, by timeframe. */
interface Seen {
  readonly seenAt: number
  readonly missing: ReadonlyArray<Interval.Interval>
}

interface State {
  readonly seen: Readonly<Partial<Record<Timeframe, Seen>>>
  readonly splits: ReadonlyArray<Inputs.SplitAt>
}

const seenOf = ({ missing, stored }: Inputs.Input): Seen => ({
  seenAt: Derivation.knowledge(stored.coverage),
  missing
})

const stateOf = (group: Group, used: ReadonlyArray<Timeframe>): State => ({
  seen: Object.fromEntries(used.flatMap((of) => (group[of] === undefined ? [] : [[of, seenOf(group[of])]]))),
  splits: group["4h"]?.splits ?? []
})

/** Everything before it has been pruned. */
const prunedBefore = ({ stored }: Inputs.Input): number => stored.coverage.pruned.at(-1)?.to ?? -Infinity

/** Where candles that rows were made of are others now; `-Infinity` if all of them are. */
const changeOf = Effect.fnUntraced(function* (
  group: Group,
  used: ReadonlyArray<Timeframe>,
  known: DerivedStore.Progress
) {
  const store = yield* DerivedStore.DerivedStore
  const state = known.state as State
  if (JSON.stringify(state.splits) !== JSON.stringify(group["4h"]?.splits ?? [])) return -Infinity
  let change = Infinity
  for (const timeframe of used) {
    const input = group[timeframe]
    if (input === undefined) continue
    const seen = state.seen[timeframe] ?? { seenAt: 0, missing: [] }
    const now = seenOf(input)
    const since = { seenAt: seen.seenAt, until: known.until }
    const touched = now.seenAt > seen.seenAt ? yield* store.touched(input.stored.series, since) : undefined
    // What is pruned is no gap any more, and changes nothing.
    const before = Interval.difference(Interval.normalize(seen.missing), [{ from: -Infinity, to: prunedBefore(input) }])
    const moved = Derivation.firstDifference(now.missing, before, known.until)
    change = Math.min(change, touched ?? Infinity, moved ?? Infinity)
  }
  return change
})

/** Where the last 4h candle ends that has closed by an instant. */
const lastClose = (calendar: Calendar.Calendar, by: number): number => {
  const open = calendar.openAtOrBefore("4h", by)
  return open < by && calendar.closeOf("4h", open) > by ? open : by
}

/** How rows of one kind are made. */
interface Making {
  readonly method: DerivedStore.Method
  readonly table: DerivedStore.Table
  readonly used: ReadonlyArray<Timeframe>
  readonly make: (
    interval: Interval.Interval
  ) => Effect.Effect<DerivedStore.Rows, StoreError.StoreError, CandleStore.CandleStore>
  /** What one candle more changes: nothing before it, or all. */
  readonly isAppended: boolean
}

/** The interval that has to be made, and what it is part of; `undefined` if there is none. */
const dueOf = Effect.fnUntraced(function* (
  group: Group,
  { isAppended, method, used }: Making,
  known: DerivedStore.Progress | undefined,
  { force = false, from, to }: Range
) {
  const { calendar, stored } = group["4h"]!
  const whole = Inputs.span(stored.coverage)
  if (whole === undefined) return undefined
  const until = lastClose(calendar, Math.min(whole.to, to ?? Infinity, yield* Clock.currentTimeMillis))
  const begin = Math.max(from ?? whole.from, whole.from)
  const isLast = until >= lastClose(calendar, whole.to)
  const due = (first: number, start: number) =>
    first < until ? { from: first, begin: start, until, isLast } : undefined
  if (known === undefined || begin < known.from) return due(begin, begin)
  if (known.method.version !== method.version) return due(known.from, known.from)
  const change = Math.max(known.from, yield* changeOf(group, used, known))
  const first = Math.min(change, force ? begin : Infinity)
  if (first >= known.until && until <= known.until) return undefined
  if (!isAppended) return due(known.from, known.from)
  // A candle within a 4h candle counts at the close of that one.
  const at = first < known.until ? calendar.openAtOrBefore("4h", first) : known.until
  // Decisions stay that were made by candles that were pruned since.
  const kept = force
    ? -Infinity
    : Math.max(...used.map((of) => (group[of] === undefined ? -Infinity : prunedBefore(group[of]))))
  return due(Math.max(at, known.from, kept), known.from)
})

/** How far a method has come, by `Series.key` of the 4h candles. */
type Known = ReadonlyMap<string, DerivedStore.Progress>

/** Makes and writes what is due. */
const bring = Effect.fnUntraced(function* (group: Group, making: Making, known: Known, range: Range) {
  const { method, table, used } = making
  const { series, coverage } = group["4h"]!.stored
  const before = known.get(Series.key(series))
  const due = yield* dueOf(group, making, before, range)
  if (due === undefined) return { rows: Derivation.noRows(table), inserted: 0, updated: 0 }
  const interval = { from: due.from, to: due.until }
  const rows = yield* making.make(interval)
  if (range.dryRun === true) return { rows, inserted: 0, updated: 0 }
  const store = yield* DerivedStore.DerivedStore
  const done = yield* store.write({
    table,
    progress: {
      series,
      method,
      from: due.begin,
      until: due.until,
      seenAt: Derivation.knowledge(coverage),
      missing: [],
      state: stateOf(group, used)
    },
    after: before?.token,
    interval,
    isLast: due.isLast,
    rows,
    at: yield* Clock.currentTimeMillis
  })
  return { rows, ...done }
})

const candlesOf = (input: Inputs.Input | undefined) =>
  input === undefined ? Effect.succeed(Candles.empty) : Inputs.candlesOf(input)

const week = 7 * 86_400_000

/** The last decision that is stored. */
const latestOf = Effect.fnUntraced(function* ({ calendar, stored }: Inputs.Input, to: number | undefined) {
  const whole = Inputs.span(stored.coverage)
  if (whole === undefined) return undefined
  const until = Math.min(whole.to, to ?? Infinity)
  const store = yield* DerivedStore.DerivedStore
  const from = calendar.openAtOrBefore("4h", until - 2 * week)
  const rows = yield* store.read(Tables.regimes, method, stored.series, { from, to: until })
  return lastOf(rows)
})

const lastOf = ({ columns, knownAt, reasons }: DerivedStore.Rows): Latest | undefined => {
  const row = knownAt.length - 1
  if (row < 0) return undefined
  const text = (name: string) => columns[Tables.regimes.columns.findIndex((column) => column.name === name)]![row]
  return {
    label: text("regime") as Label,
    knownAt: knownAt[row]!,
    description: text("description") as string,
    missing: reasons[row]!,
    lacking: ((text("missing_timeframes") as string | null)?.split(",") ?? []) as ReadonlyArray<Timeframe>
  }
}

const none = { processed: 0, inserted: 0, updated: 0, events: 0, latest: undefined } as const

const ofGroup = Effect.fnUntraced(function* (
  subject: Subject,
  group: Group,
  known: Readonly<Record<"regimes" | "events", Known>>,
  range: Range
) {
  const absent = timeframes.filter((timeframe) => group[timeframe] === undefined)
  const decision = group["4h"]
  if (decision === undefined) return { ...subject, ...none, absent }
  const { calendar, splits } = decision
  const { mode = "smc-pit" } = range
  const decisive = yield* Effect.cached(candlesOf(decision))
  const regimes = yield* bring(
    group,
    {
      method,
      table: Tables.regimes,
      used: timeframes,
      isAppended: true,
      make: Effect.fnUntraced(function* ({ from, to }) {
        const candles = {
          "4h": yield* decisive,
          "1h": yield* candlesOf(group["1h"]),
          "1d": yield* candlesOf(group["1d"])
        }
        const closes = { from: calendar.closeOf("4h", calendar.openAtOrAfter("4h", from)), to }
        return Tables.toRows(history({ calendar, candles }, closes).map((one) => inShares(one, splits)))
      })
    },
    known.regimes,
    range
  )
  const events = yield* bring(
    group,
    {
      method: Happenings.methods[mode],
      table: Tables.events,
      used: ["4h"],
      isAppended: mode === "smc-pit",
      make: ({ from, to }) =>
        Effect.map(decisive, (candles) =>
          Tables.toEventRows(
            Happenings.of(mode, calendar, candles, splits).filter(({ openTime }) => openTime >= from && openTime < to)
          )
        )
    },
    known.events,
    range
  )
  const outcome: Outcome = {
    ...subject,
    processed: regimes.rows.openTime.length,
    inserted: regimes.inserted,
    updated: regimes.updated,
    events: events.rows.openTime.length,
    latest: lastOf(regimes.rows) ?? (yield* latestOf(decision, range.to)),
    absent
  }
  return outcome
})

/** One symbol after the other; one that fails does not stop the others. */
export const run = Effect.fn("StructureRegime.update")(function* (options: Options) {
  const known = {
    regimes: yield* Derivation.progressOf(method),
    events: yield* Derivation.progressOf(Happenings.methods[options.mode ?? "smc-pit"])
  }
  const subjects = Map.groupBy(options.inputs, ({ stored: { series } }) =>
    JSON.stringify([series.source, series.symbol])
  )
  return yield* Effect.forEach(
    [...subjects.values()],
    Effect.fnUntraced(function* (of) {
      const { source, symbol } = of[0]!.stored.series
      const group: Group = Object.fromEntries(of.map((input) => [input.stored.series.timeframe, input]))
      const outcome: Outcome = yield* ofGroup({ source, symbol }, group, known, options).pipe(
        Effect.map((one): Outcome =>
          of.some(({ splitsUnknown }) => splitsUnknown) ? { ...one, splitsUnknown: true } : one
        ),
        Effect.catch((error) => Effect.succeed<Outcome>({ source, symbol, ...none, absent: [], error }))
      )
      yield* options.onSymbol?.(outcome) ?? Effect.void
      return outcome
    })
  )
})

/** From when on the candles are that a decision needs: 200 sessions, and some. */
const reachBack = 300 * 86_400_000

/** What would have to be fetched for the last decision, or for one of today. */
export const wayOut = (
  { latest, source, symbol }: Pick<Outcome, "latest" | "source" | "symbol">,
  timeframe: Timeframe
) => {
  const range =
    latest === undefined
      ? "--days 300"
      : `--start ${Instant.formatDate(latest.knownAt - reachBack)} --end ${Instant.format(latest.knownAt)}`
  return `tidemark backfill --symbols ${symbol} --timeframes ${timeframe} --source ${source} ${range}`
}
