/**
 * Yahoo's events as corporate actions.
 *
 * Its dividends are told in today's shares. Ours are in the shares of their
 * day: the splits since then are taken out again.
 */
import { type Calendar, CorporateAction } from "@tidemark/core"

interface Events {
  readonly dividends?: ReadonlyArray<{ readonly date: Date; readonly amount: number }> | undefined
  readonly splits?:
    | ReadonlyArray<{ readonly date: Date; readonly numerator: number; readonly denominator: number }>
    | undefined
}

/** The date of an instant in the exchange's own zone. */
const dayIn = (timeZone: string) => {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" })
  return (date: Date) => format.format(date)
}

const ascending = (a: CorporateAction.CorporateAction, b: CorporateAction.CorporateAction) =>
  a.exDate < b.exDate ? -1 : a.exDate > b.exDate ? 1 : 0

/** `events` must hold every split up to now, whatever range is wanted. */
export const decode = (
  events: Events,
  calendar: Calendar.Calendar,
  currency: string | undefined
): ReadonlyArray<CorporateAction.CorporateAction> => {
  const day = dayIn(calendar.timeZone)
  const splits = (events.splits ?? []).map(
    ({ date, denominator, numerator }) =>
      new CorporateAction.Split({ exDate: day(date), from: denominator, to: numerator })
  )
  const dividends = (events.dividends ?? []).map(({ amount, date }) => {
    const exDate = day(date)
    const later = splits.filter((split) => split.exDate > exDate)
    const factor = later.reduce((product, split) => (product * split.to) / split.from, 1)
    return new CorporateAction.Dividend({
      exDate,
      amount: amount * factor,
      ...(currency === undefined ? {} : { currency })
    })
  })
  return [...splits, ...dividends].toSorted(ascending)
}
