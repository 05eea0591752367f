/** What a job tells its work, checked: which series, and how far back. */
import { Instant, type Series, Timeframe } from "@tidemark/core"
import { Effect, Option, Schema } from "effect"

const At = Schema.String.check(
  Schema.makeFilter(
    (text) => Option.isSome(Instant.parse(text)) || "a date or an instant: 2024-01-31 or 2024-01-31T12:00Z"
  )
)

export const Settings = Schema.Struct({
  /** Default: every active one, or every stored one. */
  symbols: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  /** Default: all eight that everything supports, or every stored one. */
  timeframes: Schema.optionalKey(Schema.Array(Timeframe.Timeframe)),
  /** Default: the first that can be reached of each symbol's. */
  source: Schema.optionalKey(Schema.NonEmptyString),
  /** Days back from now. Default: 365. */
  days: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Instead of `days`: the first instant, as ISO 8601. */
  start: Schema.optionalKey(At),
  /** First instant after the end. Default: now. */
  end: Schema.optionalKey(At),
  /** Of a backfill: ask for everything again. */
  force: Schema.optionalKey(Schema.Boolean)
})
export type Settings = typeof Settings.Type

const decode = Schema.decodeUnknownEffect(Settings, { onExcessProperty: "error" })

export const of = (settings: unknown) =>
  Effect.mapError(decode(settings), ({ message }) => ({ message: `the settings of the job are wrong: ${message}` }))

/** Whether the settings mean a stored series. */
export const includes =
  ({ source, symbols, timeframes }: Settings) =>
  (series: Series.Series): boolean =>
    (symbols === undefined || symbols.includes(series.symbol)) &&
    (timeframes === undefined || timeframes.includes(series.timeframe)) &&
    (source === undefined || source === series.source)

const dayMillis = 86_400_000
const defaultDays = 365

const instantOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(Instant.parse(text))

/** Which time the settings mean. */
export const windowOf = ({ days = defaultDays, end, start }: Settings, now: number) => {
  const to = instantOf(end)
  const from = instantOf(start) ?? Math.min(to ?? now, now) - days * dayMillis
  return { from, ...(to === undefined ? {} : { to }) }
}
