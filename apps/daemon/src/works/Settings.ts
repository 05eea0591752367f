/** What a job tells its work, checked: which series, and how far back. */
import { Jobs } from "@tidemark/api"
import { Instant, type Series } from "@tidemark/core"
import { Effect, Option, Schema } from "effect"

const decode = Schema.decodeUnknownEffect(Jobs.Settings, { onExcessProperty: "error" })

export const of = (settings: unknown) =>
  Effect.mapError(decode(settings), ({ message }) => ({ message: `the settings of the job are wrong: ${message}` }))

/** Whether the settings mean a stored series. */
export const includes =
  ({ source, symbols, timeframes }: Jobs.Settings) =>
  (series: Series.Series): boolean =>
    (symbols === undefined || symbols.includes(series.symbol)) &&
    (timeframes === undefined || timeframes.includes(series.timeframe)) &&
    (source === undefined || source === series.source)

const dayMillis = 86_400_000
const defaultDays = 365

const instantOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(Instant.parse(text))

/** Which time the settings mean. */
export const windowOf = ({ days = defaultDays, end, start }: Jobs.Settings, now: number) => {
  const to = instantOf(end)
  const from = instantOf(start) ?? Math.min(to ?? now, now) - days * dayMillis
  return { from, ...(to === undefined ? {} : { to }) }
}
