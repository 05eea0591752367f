/** Work on options: chains that are looked at four times a session, and outcomes of signals whose time has come. */
import { OptionChains, SourceRegistry } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Instant, type Instrument, OptionChain, type Source, SymbolStore } from "@tidemark/core"
import { Names, Record, Resolve, Slots } from "@tidemark/gamma/history"
import type { Scheduler } from "@tidemark/jobs"
import { Reading, Universe } from "@tidemark/runtime"
import { Clock, Effect, Option, Result } from "effect"
import * as Settings from "./Settings.ts"

const { appliedBy } = Reading

interface Watched {
  readonly instrument: Instrument.Instrument
  /** A source's id, or `auto`. */
  readonly source: string
}

/** Underlyings of which chains are kept from a source that can be asked for another. */
const askable = Effect.gen(function* () {
  const registry = yield* SourceRegistry.SourceRegistry
  const kept = yield* (yield* OptionChain.OptionChainStore).underlyings
  const capabilities = new Map<string, Source.Capabilities | undefined>()
  for (const name of new Set(kept.map(({ source }) => source))) {
    const plugin = yield* Effect.option(registry.plugin(name))
    capabilities.set(name, Option.getOrUndefined(plugin)?.capabilities)
  }
  return kept.flatMap((one) => {
    const known = capabilities.get(one.source)
    return known?.options === undefined ? [] : [{ ...one, isObserved: known.provenance === "observed" }]
  })
})

/** Who is asked where nobody is named; none where nobody shows options of such an instrument. */
const askedByItself = (instrument: Instrument.Instrument) =>
  OptionChains.serving(instrument, "auto").pipe(Effect.orElseSucceed((): ReadonlyArray<string> => []))

/**
 * Goes on with what somebody has begun: underlyings of which chains are kept from a source that can be asked. One of
 * which a chain was observed is asked as `snapshot` asks, CBOE first: a time when another source stood in for it binds
 * nobody. Where the newest that was observed is of a source that is only asked by name, it is asked; and what was only
 * ever simulated is simulated.
 */
const begun = Effect.fnUntraced(function* (source: string | undefined, list: ReadonlyArray<Instrument.Instrument>) {
  const ofSymbol = Map.groupBy(yield* askable, ({ symbol }) => symbol)
  const found = yield* Effect.forEach(
    ofSymbol,
    Effect.fnUntraced(function* ([symbol, own]) {
      const instrument = Universe.instrumentOf(symbol, list)
      if (source !== undefined && source !== "auto") {
        return own.some((one) => one.source === source) ? [{ instrument, source }] : []
      }
      const newest = own.filter(({ isObserved }) => isObserved).toSorted((a, b) => b.newest - a.newest)[0]
      if (newest !== undefined) {
        const isAuto = source === "auto" || (yield* askedByItself(instrument)).includes(newest.source)
        return [{ instrument, source: isAuto ? "auto" : newest.source }]
      }
      return source === "auto" ? [] : own.map((one) => ({ instrument, source: one.source }))
    })
  )
  return found.flat()
})

const watched = Effect.fnUntraced(function* (
  { source, symbols }: { readonly symbols?: ReadonlyArray<string>; readonly source?: string },
  list: ReadonlyArray<Instrument.Instrument>
) {
  if (symbols === undefined) return yield* begun(source, list)
  return symbols.map((symbol): Watched => ({
    instrument: Universe.instrumentOf(Names.symbolOf(symbol), list),
    source: source ?? "auto"
  }))
})

/** Until so long after the close a look is made once more: whoever comes at the close comes a moment after it. */
const lateMillis = 5 * 60_000

/**
 * The slot that a look counts for at a moment, which is that of the chain that it will get: a delayed source shows an
 * earlier one than now. From the slot's own moment on, and for the last of a session until just after its close;
 * `undefined` outside that.
 */
const slotAt = ({ calendar: id }: Instrument.Instrument, moment: Instant.EpochMillis): Slots.Slot | undefined => {
  const calendar = Calendars.get(id)
  if (!calendar.isOpen(moment) && !calendar.isOpen(moment - lateMillis)) return undefined
  const slot = Slots.at(calendar, moment)
  return slot === undefined || slot.at > moment ? undefined : slot
}

/** What is to be asked for now; `undefined` where nothing is due. Fails where nobody shows such options, while a session lasts. */
const dueOf = Effect.fnUntraced(function* ({ instrument, source }: Watched, now: Instant.EpochMillis) {
  const names = yield* OptionChains.serving(instrument, source).pipe(
    Effect.catch((error) =>
      slotAt(instrument, now) === undefined ? Effect.succeed<ReadonlyArray<string>>([]) : Effect.fail(error)
    )
  )
  if (names.length === 0) return undefined
  const { capabilities } = yield* (yield* SourceRegistry.SourceRegistry).plugin(names[0]!)
  const slot = slotAt(instrument, now - (capabilities.options?.delayMillis ?? 0))
  if (slot === undefined) return undefined
  // Of whoever would be asked: a chain that was simulated or is from a file does not stand for what can be observed.
  const { list } = yield* OptionChain.OptionChainStore
  const there = yield* list({ symbols: [instrument.symbol], sources: names, interval: slot, last: 1 })
  return there.length > 0 ? undefined : slot
})

/** Asks for what is due and keeps it: the chain of the slot, or of a later one where it is newer than it had to be. */
const look = Effect.fnUntraced(function* (
  { instrument, source }: Watched,
  slot: Slots.Slot,
  log: Scheduler.Told["log"]
) {
  const { symbol } = instrument
  const chain = yield* OptionChains.ask(instrument, source, ({ message }) => log(`${symbol}: ${message}`))
  if (chain.at < slot.from) {
    return yield* Effect.fail({
      message:
        `the chain that ${chain.source} shows is of ${Instant.format(chain.at)}, before what the look of ` +
        `${Instant.format(slot.at)} is for (from ${Instant.format(slot.from)}); it is not kept, and asked for again`
    })
  }
  const preferred = instrument.sources.map((listing) => listing.source)
  return { chain, ...(yield* Record.run(chain, { method: "recomputed", appliedBy, preferred })) }
})

/** What is due is asked for and kept. One that fails does not stop the others. */
export const observe = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const list = yield* (yield* SymbolStore.SymbolStore).list
  const now = yield* Clock.currentTimeMillis
  let [kept, failed, waiting] = [0, 0, 0]
  for (const one of yield* watched(settings, list)) {
    const { symbol } = one.instrument
    const result = yield* Effect.result(
      Effect.gen(function* () {
        const slot = yield* dueOf(one, now)
        return slot === undefined ? undefined : yield* look(one, slot, log)
      })
    )
    if (Result.isFailure(result)) {
      failed++
      yield* log(`${symbol}: ${result.failure.message}`)
      continue
    }
    if (result.success === undefined) {
      waiting++
      continue
    }
    kept++
    const { analysis, chain, signal } = result.success
    const { netGex, reason } = analysis.snapshot
    yield* log(
      `${symbol}: chain of ${Instant.format(chain.at)} from ${chain.source} kept, ` +
        (netGex === null ? `no exposure: ${reason}` : `net exposure ${(netGex / 1e9).toFixed(2)}bn dollars for 1 %`) +
        (signal === undefined ? "" : `, ${signal.pattern}`)
    )
  }
  const preferred = (symbol: string) => Universe.instrumentOf(symbol, list).sources.map(({ source }) => source)
  const { missing, told } = yield* Resolve.run({ preferred, appliedBy })
  if (missing.length > 0) {
    yield* log(
      `outcomes wait for candles that close at ${missing.slice(0, 5).map(Instant.format).join(", ")}; they are not stored`
    )
  }
  yield* log(`${kept} chains kept, ${failed} failed, ${waiting} not due, ${told} outcomes told`)
  const ended: Scheduler.Ended = {
    status: failed === 0 ? "succeeded" : kept === 0 ? "failed" : "incomplete",
    result: { kept, failed, not_due: waiting, outcomes: told }
  }
  return ended
})
