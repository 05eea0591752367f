/**
 * What has been asked of a source and answered, for one series.
 *
 * Five layers, all written in the same transaction as the rows they speak
 * of. `fetched`: intervals that the source has answered for, with the number
 * of rows stored in each. `empty`: runs of expected candles inside them that
 * the answer did not hold, with how often that was confirmed. `stale`: where
 * rows are in a scale that the source has left since, because of a split, so
 * that it has to be asked again. `streamed`: where rows are what a live stream
 * said as they closed, which no answer has confirmed yet, so that they have to
 * be asked for. `pruned`: what was fetched once and has been taken away
 * because nobody wants to keep it that long.
 *
 * So within what is fetched, a candle of the calendar's grid is either a row
 * or part of an `empty` run; and the row counts reconcile with the table, so
 * that rows lost behind the ledger's back are noticed.
 *
 * The functions are pure; the stores load, apply and write.
 */
import type { EpochMillis } from "./Instant.ts"
import * as Interval from "./Interval.ts"

/** Evidence `fetched`. */
export interface Fetched extends Interval.Interval {
  /** Rows stored in the interval. */
  readonly rows: number
  /** When the source last answered for a part of it. */
  readonly at: EpochMillis
}

/** Evidence `verified-empty`. */
export interface Empty extends Interval.Interval {
  /** Candles that the calendar expects in the interval. */
  readonly opens: number
  /** How many answers in a row lacked them. */
  readonly confirmations: number
  readonly firstAt: EpochMillis
  readonly lastAt: EpochMillis
}

/** Evidence `stale`. */
export interface Stale extends Interval.Interval {
  /** Open of the first session in the new scale. */
  readonly since: EpochMillis
  /** When the rows were found to be in the old one. */
  readonly at: EpochMillis
}

/** Evidence `streamed`. */
export interface Streamed extends Interval.Interval {
  /** When the last part of it was told. */
  readonly at: EpochMillis
}

/** Evidence `pruned`. */
export interface Pruned extends Interval.Interval {
  /** Rows that went. Where a part of the run has been fetched again, the share of the rest, by time. */
  readonly rows: number
  /** When the last part of it went. */
  readonly at: EpochMillis
}

export interface Coverage {
  /** Sorted and disjoint; touching intervals are one. */
  readonly fetched: ReadonlyArray<Fetched>
  /** Sorted and disjoint, each inside a fetched interval. Touching runs stay apart when their evidence differs. */
  readonly empty: ReadonlyArray<Empty>
  /** Sorted and disjoint, each inside a fetched interval. */
  readonly stale: ReadonlyArray<Stale>
  /** Sorted and disjoint, each inside a fetched interval; touching runs are one. */
  readonly streamed: ReadonlyArray<Streamed>
  /** Sorted and disjoint, each outside of what is fetched; touching runs are one. */
  readonly pruned: ReadonlyArray<Pruned>
}

export const none: Coverage = { fetched: [], empty: [], stale: [], streamed: [], pruned: [] }

/** A run of expected candles that an answer lacked: the interval and how many. */
export interface Hole extends Interval.Interval {
  readonly opens: number
}

/** One answer of the source, for `interval`. */
export interface Answer {
  readonly interval: Interval.Interval
  readonly holes: ReadonlyArray<Hole>
  readonly at: EpochMillis
  /** Change in the number of rows stored inside the interval. */
  readonly rowsAdded: number
  /** Candles that the calendar expects in an interval. */
  readonly countOpens: (interval: Interval.Interval) => number
  /** Told by a stream as it closed: to be confirmed. */
  readonly isStreamed?: boolean
}

export const fetchedSet = (coverage: Coverage): Interval.IntervalSet => Interval.normalize(coverage.fetched)

/** What need not be asked for again: what is fetched, neither stale nor only streamed. */
export const settledSet = (coverage: Coverage): Interval.IntervalSet =>
  Interval.difference(fetchedSet(coverage), Interval.normalize([...coverage.stale, ...coverage.streamed]))

/** Whether what a stream tells of an interval may be written: it continues what is covered, and nothing of it is. */
export const isContinuedBy = (coverage: Coverage, interval: Interval.Interval): boolean =>
  coverage.fetched.some(({ to }) => to === interval.from) &&
  !coverage.fetched.some((run) => Interval.overlaps(run, interval))

export const staleWithin = (coverage: Coverage, interval: Interval.Interval): ReadonlyArray<Stale> =>
  coverage.stale.filter((stale) => Interval.overlaps(stale, interval))

/** `runs` without what lies in `cut`, each rest with the evidence of its run. */
export const without = <Run extends Interval.Interval>(
  runs: ReadonlyArray<Run>,
  cut: Interval.IntervalSet
): ReadonlyArray<Run> =>
  runs.flatMap((run) => Interval.difference([run], cut).map((rest): Run => ({ ...run, ...rest })))

/** What is covered after more of it was found to be stale; where it was so already, the newer evidence counts. */
export const markStale = (coverage: Coverage, stale: ReadonlyArray<Stale>): Coverage => {
  const found = stale.flatMap((run) =>
    Interval.intersection([run], fetchedSet(coverage)).map((part): Stale => ({ ...run, ...part }))
  )
  return {
    ...coverage,
    stale: [...without(coverage.stale, Interval.normalize(found)), ...found].sort((a, b) => a.from - b.from)
  }
}

export const emptyWithin = (coverage: Coverage, interval: Interval.Interval): ReadonlyArray<Empty> =>
  coverage.empty.filter((empty) => Interval.overlaps(empty, interval))

/** From the first instant that was ever fetched to the last, whether it is still there or not. */
export const extent = ({ fetched, pruned }: Coverage): Interval.Interval | undefined => {
  const ends = [fetched[0], fetched.at(-1), pruned[0], pruned.at(-1)].filter((run) => run !== undefined)
  return ends.length === 0 ? undefined : ends.map(({ from, to }) => ({ from, to })).reduce(Interval.hull)
}

/** `runs` without what lies in `cut`; each rest has the share of the rows that it has of the time. */
export const prunedWithout = (runs: ReadonlyArray<Pruned>, cut: Interval.IntervalSet): ReadonlyArray<Pruned> =>
  without(runs, cut).map((rest) => {
    const run = runs.find((whole) => Interval.overlaps(whole, rest))!
    return { ...rest, rows: Math.round((run.rows * (rest.to - rest.from)) / (run.to - run.from)) }
  })

/** Rows that the table must hold for the series. */
export const rows = (coverage: Coverage): number => coverage.fetched.reduce((sum, fetched) => sum + fetched.rows, 0)

/** How often all of `hole` was found empty before: 0 unless earlier empty runs cover it whole. */
const confirmationsOf = (empty: ReadonlyArray<Empty>, hole: Interval.Interval) => {
  const earlier = empty.filter((run) => Interval.overlaps(run, hole))
  return Interval.covers(Interval.normalize(earlier), hole)
    ? {
        count: Math.min(...earlier.map((run) => run.confirmations)),
        lastAt: Math.max(...earlier.map((run) => run.lastAt)),
        firstAt: Math.max(...earlier.map((run) => run.firstAt))
      }
    : undefined
}

/** Runs that touch become one, told when the last of them was. */
const joinedStreams = (runs: ReadonlyArray<Streamed>): ReadonlyArray<Streamed> => {
  const out: Array<Streamed> = []
  for (const run of runs.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last === undefined || last.to < run.from) out.push(run)
    else out[out.length - 1] = { ...Interval.hull(last, run), at: Math.max(last.at, run.at) }
  }
  return out
}

/**
 * What is covered after one more answer. Pass at least what `coverage` holds
 * that overlaps or touches the answer's interval; the result replaces exactly
 * that.
 */
export const record = (coverage: Coverage, answer: Answer): Coverage => {
  const { interval } = answer
  const touches = (other: Interval.Interval) => other.from <= interval.to && other.to >= interval.from
  const joined = coverage.fetched.filter(touches).reduce<Fetched>(
    (sum, fetched) => ({
      ...Interval.hull(sum, fetched),
      rows: sum.rows + fetched.rows,
      at: Math.max(sum.at, fetched.at)
    }),
    { ...interval, rows: answer.rowsAdded, at: answer.at }
  )
  const fetched = [...coverage.fetched.filter((other) => !touches(other)), joined].sort((a, b) => a.from - b.from)

  const kept: Array<Empty> = []
  for (const run of coverage.empty) {
    // Where a run was asked again in part, what lies outside the answer keeps its evidence.
    if (!Interval.overlaps(run, interval)) {
      kept.push(run)
      continue
    }
    for (const rest of Interval.difference([run], [interval])) {
      const opens = answer.countOpens(rest)
      if (opens > 0) kept.push({ ...run, ...rest, opens })
    }
  }
  const found = answer.holes.map((hole): Empty => {
    const before = confirmationsOf(coverage.empty, hole)
    return {
      from: hole.from,
      to: hole.to,
      opens: hole.opens,
      // The same answer recorded again, by a writer that did not hear of its success, confirms nothing more.
      confirmations: (before?.count ?? 0) + (before?.lastAt === answer.at ? 0 : 1),
      firstAt: before?.firstAt ?? answer.at,
      lastAt: answer.at
    }
  })
  return {
    fetched,
    empty: [...kept, ...found].sort((a, b) => a.from - b.from),
    stale: without(coverage.stale, [interval]),
    streamed: joinedStreams([
      ...without(coverage.streamed, [interval]),
      ...(answer.isStreamed === true ? [{ ...interval, at: answer.at }] : [])
    ]),
    pruned: prunedWithout(coverage.pruned, [interval])
  }
}

/** What goes when everything before an instant does. */
export interface Cut {
  /** Open of the first candle that stays. */
  readonly before: EpochMillis
  readonly at: EpochMillis
  /** The parts of fetched runs that lie before, with the rows that went. */
  readonly taken: ReadonlyArray<Interval.Interval & { readonly rows: number }>
  /** Candles that the calendar expects in an interval. */
  readonly countOpens: (interval: Interval.Interval) => number
}

/** The parts of fetched runs that lie before an instant. */
export const fetchedBefore = (coverage: Coverage, before: EpochMillis): Interval.IntervalSet =>
  Interval.intersection(fetchedSet(coverage), [{ from: -Infinity, to: before }])

/** Runs that touch become one. */
const joined = (runs: ReadonlyArray<Pruned>): ReadonlyArray<Pruned> => {
  const out: Array<Pruned> = []
  for (const run of runs.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last === undefined || last.to < run.from) out.push(run)
    else {
      out[out.length - 1] = {
        ...Interval.hull(last, run),
        rows: last.rows + run.rows,
        at: Math.max(last.at, run.at)
      }
    }
  }
  return out
}

/** What is covered after everything before an instant has been taken away. Pass at least all that begins by then. */
export const prune = (coverage: Coverage, { at, before, countOpens, taken }: Cut): Coverage => {
  const gone = [{ from: -Infinity, to: before }]
  return {
    fetched: coverage.fetched.flatMap((run) =>
      without([run], gone).map((rest): Fetched => {
        const went = taken.filter((part) => Interval.overlaps(part, run)).reduce((sum, part) => sum + part.rows, 0)
        return { ...rest, rows: Math.max(0, run.rows - went) }
      })
    ),
    empty: coverage.empty.flatMap((run) => {
      const [rest] = without([run], gone)
      if (rest === undefined || rest.from === run.from) return rest === undefined ? [] : [rest]
      const opens = countOpens(rest)
      return opens === 0 ? [] : [{ ...rest, opens }]
    }),
    stale: without(coverage.stale, gone),
    streamed: without(coverage.streamed, gone),
    pruned: joined([...coverage.pruned, ...taken.map(({ from, rows, to }): Pruned => ({ from, to, rows, at }))])
  }
}
