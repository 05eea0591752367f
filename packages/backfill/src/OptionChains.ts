/** Option chains of a source: who shows them, and how they are asked for. */
import { Calendars } from "@tidemark/calendars"
import { type Instrument, type OptionChain, type Source, SourceError } from "@tidemark/core"
import { Effect, Schedule } from "effect"
import * as Fetch from "./Fetch.ts"
import { Policy } from "./Policy.ts"
import * as Reach from "./Reach.ts"
import { type Registered, SourceRegistry } from "./SourceRegistry.ts"
import { UsageError } from "./UsageError.ts"

/** Where the instruments of an exchange that nobody has named a source for are asked. */
const openSource = "cboe"

/** Whether a source shows option chains of such an instrument. */
export const serves = (
  { capabilities }: Pick<Source.SourcePlugin<unknown>, "capabilities">,
  { assetClass }: Pick<Source.Subject, "assetClass">
): boolean => capabilities.options !== undefined && capabilities.assetClasses.includes(assetClass)

const refusal = (instrument: Instrument.Instrument, names: ReadonlyArray<string>): UsageError =>
  new UsageError({
    message:
      `${names.join(", ")} ${names.length === 1 ? "shows" : "show"} no option chains of ${instrument.symbol} ` +
      `(${instrument.assetClass}); what shows chains: tidemark sources list; to try with simulated ones: --source synthetic`
  })

/**
 * The sources that show the options of an instrument, in the order that they are asked in: the one that is named; else
 * CBOE, which needs no key and computes what it shows, and then the instrument's own that observe them. What is
 * simulated is asked for by name alone.
 */
export const serving = Effect.fnUntraced(function* (instrument: Instrument.Instrument, source: string) {
  const registry = yield* SourceRegistry
  const own = instrument.sources.map((listing) => listing.source)
  const names = source === "auto" ? [...new Set([openSource, ...own])] : [source]
  const able = yield* Effect.filter(names, (name) =>
    Effect.map(
      registry.plugin(name),
      (plugin) => serves(plugin, instrument) && (source !== "auto" || plugin.capabilities.provenance === "observed")
    )
  )
  if (able.length > 0) return able
  const observing = yield* Effect.filter(names, (name) =>
    Effect.map(registry.plugin(name), ({ capabilities }) => capabilities.provenance === "observed")
  )
  return yield* refusal(instrument, source === "auto" ? observing : names)
})

/** Asks for the chain as it is now; one that cannot be reached, and cannot be a moment later, is not asked again and again. */
const askOne = Effect.fnUntraced(function* ({ id, source }: Registered, subject: Source.Subject) {
  const { optionChain } = source
  const { backoffMillis } = yield* Policy
  const fail = (reason: SourceError.Reason) =>
    Effect.fail(new SourceError.SourceError({ source: id, symbol: subject.symbol, reason }))
  if (optionChain === undefined) {
    return yield* fail(new SourceError.Unsupported({ detail: "it shows no option chains" }))
  }
  yield* Reach.reach(id, source).pipe(
    Effect.retry({ times: 1, schedule: Schedule.spaced(backoffMillis) }),
    Effect.catch(({ reason }) => fail(reason))
  )
  return yield* Fetch.patiently(optionChain(subject))
})

/** The chain as it is now, of the first source that shows it; `onPassedOver` is told why another does not. */
export const ask = Effect.fn("OptionChains.ask")(function* <R>(
  instrument: Instrument.Instrument,
  source: string,
  onPassedOver: (error: UsageError | SourceError.SourceError) => Effect.Effect<void, never, R>
) {
  const registry = yield* SourceRegistry
  const [first, ...others] = yield* serving(instrument, source)
  const from = (name: string) =>
    Effect.flatMap(registry.get(name), (registered) => askOne(registered, subjectOf(instrument, registered.id)))
  return yield* others.reduce(
    (asked, name) => Effect.catch(asked, (error) => Effect.andThen(onPassedOver(error), from(name))),
    from(first!) as Effect.Effect<OptionChain.OptionChain, UsageError | SourceError.SourceError, R>
  )
})

/** What a source is asked about an instrument. */
export const subjectOf = (instrument: Instrument.Instrument, source: string): Source.Subject => ({
  symbol: instrument.symbol,
  sourceSymbol: instrument.sources.find((listing) => listing.source === source)?.symbol,
  assetClass: instrument.assetClass,
  calendar: Calendars.get(instrument.calendar)
})
