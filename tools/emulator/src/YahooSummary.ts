/**
 * What Yahoo's summary of a share tells of its earnings: `calendarEvents`,
 * `earningsHistory` and `earnings`.
 *
 * A report comes half an hour after New York's close and is known from then
 * on; the four newest are told. Quarters end with those of the calendar.
 */
import { type CorporateAction, Instant } from "@tidemark/core"
import { Option } from "effect"
import { type Equity, sessionOpen } from "./Equity.ts"

/** From the opening of a session, at half past nine, to half past four. */
const openToReportMillis = 7 * 3_600_000
const told = 4

interface Report extends CorporateAction.Earnings {
  /** Seconds. */
  readonly at: number
}

const seconds = (instant: Instant.EpochMillis): number => Math.floor(instant / 1_000)
const midnight = (date: string): number => seconds(Option.getOrThrow(Instant.parse(date)))
const rounded = (value: number, decimals: number): number => Math.round(value * 10 ** decimals) / 10 ** decimals
const formatted = (value: number) => ({ raw: value, fmt: String(Number(value.toFixed(2))) })
const percent = (share: number) => ({ raw: share, fmt: `${Number((share * 100).toFixed(2))}%` })

/** The last day of the quarter before a date. */
const quarterEndBefore = (date: string): string => {
  const [year, month] = [Number(date.slice(0, 4)), Number(date.slice(5, 7))]
  const ends = ["12-31", "03-31", "06-30", "09-30"] as const
  const quarter = Math.floor((month - 1) / 3)
  return `${quarter === 0 ? year - 1 : year}-${ends[quarter]}`
}

/** `2Q2025` */
const quarterName = (end: string): string => `${Number(end.slice(5, 7)) / 3}Q${end.slice(0, 4)}`

const reportsOf = (equity: Equity): ReadonlyArray<Report> =>
  equity.actions.flatMap((action) =>
    action._tag === "Earnings" ? [{ ...action, at: seconds(sessionOpen(action.exDate) + openToReportMillis) }] : []
  )

const surpriseOf = ({ estimate, reported }: Report) =>
  estimate === undefined || reported === undefined ? undefined : reported - estimate

const calendarEvents = (equity: Equity, past: ReadonlyArray<Report>, next: Report | undefined, today: string) => {
  const dividend = equity.actions.findLast(({ _tag, exDate }) => _tag === "Dividend" && exDate <= today)
  const paid = dividend?._tag === "Dividend" ? dividend.paid : undefined
  const last = past.at(-1)
  return {
    maxAge: 1,
    earnings: {
      earningsDate: next === undefined ? [] : [next.at],
      earningsCallDate: last === undefined ? [] : [last.at],
      isEarningsDateEstimate: true,
      ...(next?.estimate === undefined
        ? {}
        : {
            earningsAverage: next.estimate,
            earningsLow: rounded(next.estimate * 0.95, 4),
            earningsHigh: rounded(next.estimate * 1.05, 4),
            revenueAverage: 94_000_000_000,
            revenueLow: 89_000_000_000,
            revenueHigh: 96_000_000_000
          })
    },
    ...(dividend === undefined ? {} : { exDividendDate: midnight(dividend.exDate) }),
    ...(paid === undefined ? {} : { dividendDate: midnight(paid) })
  }
}

const earningsHistory = (equity: Equity, past: ReadonlyArray<Report>) => ({
  history: past.map((report, i) => {
    const quarter = quarterEndBefore(report.exDate)
    const surprise = surpriseOf(report)
    return {
      maxAge: 1,
      epsActual: report.reported === undefined ? {} : formatted(report.reported),
      epsEstimate: report.estimate === undefined ? {} : formatted(report.estimate),
      epsDifference: surprise === undefined ? {} : formatted(rounded(surprise, 2)),
      surprisePercent: surprise === undefined ? {} : percent(rounded(surprise / report.estimate!, 4)),
      quarter: { raw: midnight(quarter), fmt: quarter },
      currency: equity.currency,
      period: `-${past.length - i}q`
    }
  }),
  maxAge: 86_400,
  defaultMethodology: "gaap"
})

const earnings = (equity: Equity, past: ReadonlyArray<Report>, next: Report | undefined) => ({
  maxAge: 86_400,
  earningsChart: {
    quarterly: past.map((report) => {
      const end = quarterEndBefore(report.exDate)
      const surprise = surpriseOf(report) ?? 0
      return {
        date: quarterName(end),
        ...(report.reported === undefined ? {} : { actual: report.reported }),
        estimate: report.estimate ?? 0,
        fiscalQuarter: quarterName(end),
        calendarQuarter: quarterName(end),
        difference: surprise.toFixed(2),
        surprisePct: report.estimate === undefined ? "0" : ((surprise / report.estimate) * 100).toFixed(2),
        periodEndDate: midnight(end),
        reportedDate: report.at
      }
    }),
    ...(next?.estimate === undefined ? {} : { currentQuarterEstimate: next.estimate }),
    earningsDate: next === undefined ? [] : [next.at],
    isEarningsDateEstimate: true
  },
  financialsChart: { yearly: [], quarterly: [] },
  financialCurrency: equity.currency,
  defaultMethodology: "gaap"
})

/** The modules that are asked for and known; `undefined` for a share that tells of no earnings. */
export const modules = (
  equity: Equity,
  asked: ReadonlyArray<string>,
  now: Instant.EpochMillis
): Readonly<Record<string, object>> | undefined => {
  const reports = reportsOf(equity)
  if (reports.length === 0) return undefined
  const past = reports.filter(({ at }) => at <= seconds(now)).slice(-told)
  const next = reports.find(({ at }) => at > seconds(now))
  const all: Readonly<Record<string, object>> = {
    calendarEvents: calendarEvents(equity, past, next, Instant.formatDate(now)),
    earningsHistory: earningsHistory(equity, past),
    earnings: earnings(equity, past, next)
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => asked.includes(name)))
}
