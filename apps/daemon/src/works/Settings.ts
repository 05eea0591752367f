/** What a job tells its work, checked: which series, and how far back. */
import { Jobs } from "@tidemark/api"
import { CandleStore, Instant, type Series } from "@tidemark/core"
import { Effect, Option, Schema } from "effect"

const decode = Schema.decodeUnknownEffect(Jobs.Settings, { onExcessProperty: "error" })

export const of = (settings: unknown) =>
  decode(settings).pipe(
    Effect.mapError(({ message }) => ({ message: `the settings of the job are wrong: ${message}` })),
    Effect.map(({ symbols, ...rest }): Jobs.Settings => ({
      ...rest,
      ...(symbols === undefined ? {} : { symbols: symbols.map((symbol) => symbol.toUpperCase()) })
    })),
    Effect.tap(span)
  )

/** Whether the settings mean a stored series; everything, where they name nothing. */
export const includes =
  (settings: Jobs.Settings) =>
  (series: Series.Series): boolean =>
    CandleStore.includes(settings, series)

/** Fails where a symbol is named of which nothing is among the series: a name that means nothing is no success. */
export const require = ({ symbols = [] }: Jobs.Settings, found: ReadonlyArray<Pick<Series.Series, "symbol">>) => {
  const known = new Set(found.map(({ symbol }) => symbol))
  const absent = symbols.filter((symbol) => !known.has(symbol))
  return absent.length === 0
    ? Effect.void
    : Effect.fail({
        message: `${absent.join(", ")} ${absent.length === 1 ? "is" : "are"} not stored, or not of the kind that this is done with; what is: tidemark coverage`
      })
}

/** Fails for a range that ends before it begins. */
export const span = ({ end, start }: Jobs.Settings) => {
  const [from, to] = [instantOf(start), instantOf(end)]
  return from !== undefined && to !== undefined && from >= to
    ? Effect.fail({ message: `start ${start} is not before end ${end}; the end is not included` })
    : Effect.void
}

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
