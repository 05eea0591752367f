/**
 * Yahoo's summary of a share as earnings.
 *
 * Reports come from `earnings`, the last four with the time of each; the next
 * one from `calendarEvents`, on the first day of a span where Yahoo does not
 * know better. Where `earnings` tells no times, the newest quarter of
 * `earningsHistory` belongs to the last call, if that came within a hundred
 * days of its end. Numbers and times come bare, or as `{ raw, fmt }`.
 */
import { type Calendar, CorporateAction, type Instant } from "@tidemark/core"
import { Predicate } from "effect"
import { ascending, dayIn } from "./Actions.ts"

export const modules = ["earnings", "calendarEvents", "earningsHistory"] as const

const dayMillis = 86_400_000
const maxReportingMillis = 100 * dayMillis

const field = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((at, name) => (Predicate.hasProperty(at, name) ? at[name] : undefined), value)

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const number = (value: unknown): number | undefined => {
  const bare = Predicate.hasProperty(value, "raw") ? value.raw : value
  return typeof bare === "number" && Number.isFinite(bare) ? bare : undefined
}

/** Seconds on the wire; the library makes dates of some. */
const instant = (value: unknown): Instant.EpochMillis | undefined => {
  const millis = Predicate.isDate(value) ? value.getTime() : (number(value) ?? Number.NaN) * 1_000
  return Math.abs(millis) < 8e15 ? millis : undefined
}

interface Quarter {
  readonly end: Instant.EpochMillis | undefined
  readonly at: Instant.EpochMillis | undefined
  readonly estimate: number | undefined
  readonly reported: number | undefined
}

const quarters = (rows: unknown, names: Readonly<Record<keyof Quarter, string>>): ReadonlyArray<Quarter> =>
  list(rows).map((row) => ({
    end: instant(field(row, names.end)),
    at: instant(field(row, names.at)),
    estimate: number(field(row, names.estimate)),
    reported: number(field(row, names.reported))
  }))

/** What is known of reports at `now`, ascending, one a day. */
export const decode = (
  summary: unknown,
  calendar: Calendar.Calendar,
  now: Instant.EpochMillis
): ReadonlyArray<CorporateAction.Earnings> => {
  const localDay = dayIn(calendar.timeZone)
  // Midnight of UTC is how Yahoo writes a date of which it knows no time.
  const dayOf = (at: Instant.EpochMillis) => (at % dayMillis === 0 ? dayIn("UTC")(at) : localDay(at))
  const found = new Map<string, CorporateAction.Earnings>()
  const add = (at: Instant.EpochMillis, estimate: number | undefined, reported?: number) => {
    const exDate = dayOf(at)
    const values = {
      ...(estimate === undefined ? {} : { estimate }),
      ...(reported === undefined ? {} : { reported })
    }
    found.set(exDate, new CorporateAction.Earnings({ exDate, ...values }))
  }

  const timed = quarters(field(summary, "earnings", "earningsChart", "quarterly"), {
    end: "periodEndDate",
    at: "reportedDate",
    estimate: "estimate",
    reported: "actual"
  })
  for (const { at, estimate, reported } of timed) if (at !== undefined) add(at, estimate, reported)

  const events = field(summary, "calendarEvents", "earnings")
  const times = (name: string) => list(field(events, name)).flatMap((value) => instant(value) ?? [])
  if (found.size === 0) {
    const history = quarters(field(summary, "earningsHistory", "history"), {
      end: "quarter",
      at: "",
      estimate: "epsEstimate",
      reported: "epsActual"
    })
    const newest = history
      .filter(({ reported }) => reported !== undefined)
      .reduce<Quarter | undefined>((a, b) => ((a?.end ?? -Infinity) < (b.end ?? -Infinity) ? b : a), undefined)
    const call = Math.max(...times("earningsCallDate").filter((at) => at <= now))
    const sinceEnd = call - (newest?.end ?? Number.NaN)
    if (sinceEnd > 0 && sinceEnd < maxReportingMillis) add(call, newest?.estimate, newest?.reported)
  }

  const next = Math.min(...times("earningsDate"))
  const last = [...found.keys()].toSorted().at(-1)
  // What was announced stays for a while after the report is there.
  if (Number.isFinite(next) && (last === undefined || dayOf(next) > last)) {
    add(next, number(field(events, "earningsAverage")))
  }
  return [...found.values()].toSorted(ascending)
}
