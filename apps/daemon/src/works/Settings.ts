/** What a job tells its work, checked: which series, and how far back. */
import { type Series, Timeframe } from "@tidemark/core"
import { Effect, Schema } from "effect"

export const Settings = Schema.Struct({
  /** Default: every active one, or every stored one. */
  symbols: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  /** Default: all eight that everything supports, or every stored one. */
  timeframes: Schema.optionalKey(Schema.Array(Timeframe.Timeframe)),
  /** Default: the first that can be reached of each symbol's. */
  source: Schema.optionalKey(Schema.NonEmptyString),
  /** Days back from now. Default: 365. */
  days: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
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
