/**
 * The events of Yahoo's chart as corporate actions.
 *
 * Its dividends are told in today's shares. Ours are in the shares of their
 * day: the splits since then are taken out again.
 */
import { type Calendar, CorporateAction, type Instant } from "@tidemark/core"
import { Predicate } from "effect"

const dayMillis = 86_400_000

/** The date of an instant in a time zone. */
export const dayIn = (timeZone: string): ((instant: Instant.EpochMillis) => string) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" })
  return (instant) => format.format(instant)
}

export const ascending = (a: CorporateAction.CorporateAction, b: CorporateAction.CorporateAction): number =>
  a.exDate < b.exDate ? -1 : a.exDate > b.exDate ? 1 : 0

const field = (value: unknown, name: string): unknown => (Predicate.hasProperty(value, name) ? value[name] : undefined)

/** Both are told by their times; `date` is in seconds. */
const rows = (events: unknown, kind: "dividends" | "splits"): ReadonlyArray<unknown> => {
  const found = field(events, kind)
  return Predicate.isObject(found) ? Object.values(found) : []
}

const number = (row: unknown, name: string): number => {
  const value = field(row, name)
  return typeof value === "number" ? value : Number.NaN
}

const instant = (row: unknown): Instant.EpochMillis => {
  const date = field(row, "date")
  return Predicate.isDate(date) ? date.getTime() : number(row, "date") * 1_000
}

/** Whether a chart from an instant up to now says nothing, though its symbol has traded since: its events are missing too. */
export const isLost = (chart: unknown, from: Instant.EpochMillis): boolean => {
  const traded = field(field(chart, "meta"), "regularMarketTime")
  const tradedAt = Predicate.isDate(traded) ? traded.getTime() : Number(traded) * 1_000
  return field(chart, "timestamp") === undefined && tradedAt > from + dayMillis
}

/**
 * Ascending. The chart must reach up to now, and so hold every split, whatever
 * range is wanted. What is wrong, in words, if an event is no event.
 */
export const decode = (
  chart: unknown,
  calendar: Calendar.Calendar
): ReadonlyArray<CorporateAction.CorporateAction> | string => {
  const events = field(chart, "events")
  const currency = field(field(chart, "meta"), "currency")
  const day = dayIn(calendar.timeZone)
  const splits: Array<CorporateAction.Split> = []
  for (const row of rows(events, "splits")) {
    const [at, from, to] = [instant(row), number(row, "denominator"), number(row, "numerator")]
    if (Number.isNaN(at) || !(from > 0) || !(to > 0)) return "a split without a time or a ratio"
    splits.push(new CorporateAction.Split({ exDate: day(at), from, to }))
  }
  const dividends: Array<CorporateAction.Dividend> = []
  for (const row of rows(events, "dividends")) {
    const [at, amount] = [instant(row), number(row, "amount")]
    if (Number.isNaN(at) || !Number.isFinite(amount)) return "a dividend without a time or an amount"
    const exDate = day(at)
    const later = splits.filter((split) => split.exDate > exDate)
    const factor = later.reduce((product, split) => (product * split.to) / split.from, 1)
    dividends.push(
      new CorporateAction.Dividend({
        exDate,
        amount: amount * factor,
        ...(typeof currency === "string" ? { currency } : {})
      })
    )
  }
  return [...splits, ...dividends].toSorted(ascending)
}
