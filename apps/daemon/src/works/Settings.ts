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

const dated = [
  ["start", "end"],
  ["train_start", "train_end"]
] as const

/** Fails for a range that ends before it begins. */
export const span = (settings: Jobs.Settings) => {
  const wrong = dated.find(([start, end]) => {
    const [from, to] = [instantOf(settings[start]), instantOf(settings[end])]
    return from !== undefined && to !== undefined && from >= to
  })
  if (wrong === undefined) return Effect.void
  const [start, end] = wrong
  return Effect.fail({
    message: `${start} ${settings[start]} is not before ${end} ${settings[end]}; the end is not included`
  })
}

const derived = ["features", "market", "jump", "structure"]
const ranged: ReadonlySet<string> = new Set(["backfill", "actions", ...derived])

/** Works that a setting is for; the others are for all. */
const special: Readonly<Partial<Record<keyof Jobs.Settings, ReadonlySet<string>>>> = {
  days: new Set(["backfill"]),
  start: ranged,
  end: ranged,
  force: new Set(["backfill", ...derived]),
  profile: new Set(["market"]),
  train_start: new Set(["jump"]),
  train_end: new Set(["jump"]),
  lambda: new Set(["jump"])
}

/** Fails for a setting that a work knows nothing of: it would mean nothing. */
export const fits = (work: string, settings: Jobs.Settings) => {
  const foreign = Object.keys(settings).find((name) => special[name as keyof Jobs.Settings]?.has(work) === false)
  return foreign === undefined
    ? Effect.void
    : Effect.fail({
        message: `${foreign} means nothing to ${work}; it is for ${[...special[foreign as keyof Jobs.Settings]!].join(", ")}`
      })
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

/** The same where there is no default: open where nothing is said. */
export const spanOf = ({ end, start }: Pick<Jobs.Settings, "start" | "end">) => ({
  from: instantOf(start),
  to: instantOf(end)
})

/** The days that a model is trained on. */
export const trainingOf = ({ train_end, train_start }: Jobs.Settings) =>
  spanOf({
    ...(train_start === undefined ? {} : { start: train_start }),
    ...(train_end === undefined ? {} : { end: train_end })
  })
