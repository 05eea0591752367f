/**
 * Who still needs rows that a prune would take away. Pure.
 *
 * A rule looks at what is stored of one symbol at one source and says, in
 * words, who needs which range of a series. Whatever is derived from candles
 * and cannot be made again without them adds a rule of its own here.
 */
import {
  Adjustment,
  type Calendar,
  type CorporateAction,
  Coverage,
  type Instant,
  Interval,
  Series,
  Timeframe
} from "@tidemark/core"

export interface Need {
  readonly series: Series.Series
  readonly interval: Interval.Interval
  /** Who needs it and what for: a sentence. */
  readonly words: string
}

/** A stored series. */
export interface Holding {
  readonly series: Series.Series
  readonly coverage: Coverage.Coverage
  /** Open of the first candle that is to stay; all stay where absent. */
  readonly keptFrom: Instant.EpochMillis | undefined
}

/** What is stored of one symbol at one source. */
export interface Holdings {
  readonly calendar: Calendar.Calendar
  readonly all: ReadonlyArray<Holding>
  /** What the source has applied to its prices. */
  readonly applied: Adjustment.Applied
  /** Dividends and splits of the symbol that stand. */
  readonly actions: ReadonlyArray<CorporateAction.CorporateAction>
  readonly now: Instant.EpochMillis
}

/** What a series is needed for in the intervals that would go. */
export type Rule = (holdings: Holdings, going: Series.Series, goes: Interval.IntervalSet) => ReadonlyArray<Need>

/** What a series has once all of it that is too old is gone. */
const staying = ({ coverage, keptFrom }: Holding): Interval.IntervalSet =>
  keptFrom === undefined
    ? Coverage.fetchedSet(coverage)
    : Interval.intersection(Coverage.fetchedSet(coverage), [{ from: keptFrom, to: Infinity }])

/** Whether a part that a coarser series lacks is only the piece of a candle before its first one, or after its last. */
const isPiece = (calendar: Calendar.Calendar, part: Interval.Interval, { coverage, series }: Holding): boolean => {
  const adjoins = coverage.fetched.some((run) => run.from === part.to || run.to === part.from)
  if (!adjoins) return false
  const open = calendar.openAtOrAfter(series.timeframe, part.from)
  return open >= part.to || calendar.closeOf(series.timeframe, open) > part.to
}

/** The last that there is: no longer candles of it are stored, nor shorter ones that stay. */
export const last: Rule = ({ all, calendar }, going, goes) => {
  const length = Timeframe.nominalMillis(going.timeframe)
  const others = all.filter(({ series }) => series.timeframe !== going.timeframe)
  const coarser = others.filter(({ series }) => Timeframe.nominalMillis(series.timeframe) > length)
  const told = Interval.normalize(
    others.flatMap((one) => (coarser.includes(one) ? Coverage.fetchedSet(one.coverage) : staying(one)))
  )
  const parts = Interval.difference(goes, told).filter(
    (part) =>
      calendar.countOpens(going.timeframe, part) > 0 && !coarser.some((holding) => isPiece(calendar, part, holding))
  )
  if (parts.length === 0) return []
  const interval = parts.reduce(Interval.hull)
  const words = `${going.timeframe} of ${going.symbol} from ${Interval.format(interval).replace(" → ", " to ")} is all there is; no coarser timeframe is stored of it`
  return [{ series: going, interval, words }]
}

/** Whether a series has the close of a session itself, among what stays of it. */
const hasClose = (calendar: Calendar.Calendar, holding: Holding, session: Calendar.Session): boolean => {
  const open = calendar.openAtOrBefore(holding.series.timeframe, session.close - 1)
  const final = { from: open, to: session.close }
  return (
    calendar.closeOf(holding.series.timeframe, open) <= session.close &&
    Interval.covers(staying(holding), final) &&
    Coverage.emptyWithin(holding.coverage, final).length === 0
  )
}

/** Closes before dividends, which adjusting another series takes from the days of its source. */
export const closes: Rule = ({ actions, all, applied, calendar, now }, going, goes) => {
  if (going.timeframe !== "1d") return []
  return all.flatMap((holding): ReadonlyArray<Need> => {
    const [first] = staying(holding)
    if (holding.series.timeframe === "1d" || first === undefined) return []
    const needed = Adjustment.closesNeeded({ calendar, actions, mode: "all", applied, from: first.from, until: now })
      .map(({ session }) => session)
      .filter(
        (session) => goes.some((part) => Interval.contains(part, session.open)) && !hasClose(calendar, holding, session)
      )
    const [one] = needed
    if (one === undefined) return []
    const interval = { from: one.open, to: needed.at(-1)!.close }
    const which =
      needed.length === 1
        ? `the close of ${one.date}`
        : `${needed.length} closes from ${one.date} to ${needed.at(-1)!.date}`
    const words = `adjusting ${Series.key(holding.series)} for dividends needs ${which}, which only its 1d has`
    return [{ series: going, interval, words }]
  })
}

export const rules: ReadonlyArray<Rule> = [last, closes]

/** Everything that is needed of a series in the intervals that would go. */
export const find: Rule = (holdings, going, goes) =>
  goes.length === 0 ? [] : rules.flatMap((rule) => rule(holdings, going, goes))
