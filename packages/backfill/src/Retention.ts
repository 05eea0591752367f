/**
 * How long candles are kept. Pure.
 *
 * Longer candles are kept longer: they are few, and tell what the shorter ones
 * add up to. Nothing is taken away because of this alone: `Prune` does it,
 * when it is asked to; what it took is not asked for again while it is older
 * than what is kept.
 */
import { Calendar, type Instant, Instrument, Timeframe } from "@tidemark/core"
import { Context, DateTime, Schema } from "effect"

const pattern = /^(forever|([1-9]\d{0,3}) (day|week|month|year)s?)$/u

const message = 'write how long candles are kept as "90 days", "8 weeks", "12 months", "2 years" or "forever"'

/** How long, in words: `90 days`, `12 months`, `forever`. */
export const Term = Schema.String.annotate({ message })
  .check(Schema.isPattern(pattern, { message }))
  .annotate({ identifier: "Term", description: '"90 days", "8 weeks", "12 months", "2 years" or "forever"' })
export type Term = typeof Term.Type

type Fields = { readonly [T in Timeframe.Timeframe]: Schema.optionalKey<typeof Term> }

const fields = Object.fromEntries(
  Timeframe.all.map((timeframe) => [timeframe, Schema.optionalKey(Term)])
) as unknown as Fields

const unknownKey = { messageUnexpectedKey: `no timeframe; there are ${Timeframe.all.join(", ")}` }

/** `retention` of the configuration: a term for each timeframe that is not kept as by default. */
export const Settings = Schema.Struct({
  ...fields,
  /** For single symbols. */
  symbols: Schema.optionalKey(
    Schema.Record(Instrument.Symbol, Schema.Struct(fields).annotate(unknownKey)).annotate({
      messageUnexpectedKey: "no symbol; write it as BTC/USDT, AAPL, ^GSPC or EUR/USD"
    })
  )
}).annotate(unknownKey)
export type Settings = typeof Settings.Type

/** What is configured; the defaults alone where nothing is. */
export const Retention = Context.Reference<Settings>("@tidemark/backfill/Retention", { defaultValue: () => ({}) })

/** Of the timeframes that every source has; of the others, the one that is nearest counts. */
const defaults = new Map<Timeframe.Timeframe, Term>([
  ["1m", "12 months"],
  ["5m", "12 months"],
  ["15m", "24 months"],
  ["30m", "24 months"],
  ["1h", "24 months"],
  ["4h", "forever"],
  ["1d", "forever"],
  ["1w", "forever"]
])

/** The standard timeframe that is nearest in length; of two that are as near, the longer, which is kept longer. */
export const nearest = (timeframe: Timeframe.Timeframe): Timeframe.Timeframe => nearestOf.get(timeframe)!

const nearestOf: ReadonlyMap<Timeframe.Timeframe, Timeframe.Timeframe> = new Map(
  Timeframe.all.map((timeframe) => {
    const apart = (other: Timeframe.Timeframe) =>
      Math.abs(Math.log(Timeframe.nominalMillis(other) / Timeframe.nominalMillis(timeframe)))
    return [timeframe, [...defaults.keys()].reduce((best, other) => (apart(other) <= apart(best) ? other : best))]
  })
)

/** How long the candles of a symbol and timeframe are kept: what is said of the symbol counts before what is said of all. */
export const termOf = (
  settings: Settings,
  { symbol, timeframe }: { readonly symbol: string; readonly timeframe: Timeframe.Timeframe }
): Term => {
  const own = settings.symbols?.[symbol]
  const like = nearest(timeframe)
  return own?.[timeframe] ?? settings[timeframe] ?? own?.[like] ?? settings[like] ?? defaults.get(like)!
}

/** The first instant of the day, in UTC, from which on a term keeps candles; `undefined` for `forever`. */
const sinceOf = (term: Term, now: Instant.EpochMillis): Instant.EpochMillis | undefined => {
  const [, , amount, unit] = pattern.exec(term) ?? []
  if (amount === undefined || unit === undefined) return undefined
  const then = DateTime.subtract(DateTime.makeUnsafe(now), { [`${unit}s`]: Number(amount) })
  return DateTime.toEpochMillis(DateTime.startOf(then, "day"))
}

/** By term, for the instant that was asked about last: thousands of series share a few terms, and dates are slow. */
let known = { now: Number.NaN, since: new Map<Term, Instant.EpochMillis | undefined>() }

const keptSince = (term: Term, now: Instant.EpochMillis): Instant.EpochMillis | undefined => {
  if (known.now !== now) known = { now, since: new Map() }
  if (!known.since.has(term)) known.since.set(term, sinceOf(term, now))
  return known.since.get(term)
}

/**
 * Open of the first candle that is kept: candles that were over when the first
 * day of the term began are not. `undefined` where all are.
 */
export const cutoff = (
  term: Term,
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  now: Instant.EpochMillis
): Instant.EpochMillis | undefined => {
  const since = keptSince(term, now)
  return since === undefined || since <= calendar.span.from
    ? undefined
    : Calendar.closedUntil(calendar, timeframe, since)
}

/** `older than the 12 months that 1m is kept` */
export const older = (term: Term, timeframe: Timeframe.Timeframe): string =>
  `older than the ${term} that ${timeframe} is kept`

/** What to change so that it is kept. */
export const raise = ({
  symbol,
  timeframe
}: {
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe
}): string => `raise "retention" of ${timeframe}, or of ${symbol} ${timeframe}, in tidemark.json`
