/**
 * Which model estimates an exposure at a moment: one that was fitted on what
 * there was before it.
 *
 * Where a chain source has rows of enough sessions before the month that the
 * moment lies in, the model of the month is fitted on those: of several
 * sources, on the one whose rows reach furthest. Elsewhere it is one that was
 * fitted on the simulated chains of the calendar year before: that says how
 * exposures go with prices where dealers are as they are simulated, and
 * nothing of this market. A row names its model.
 *
 * A session is one row of a fit, its last look: the others have the same
 * inputs. All fits are of `recomputed` rows, so that an estimate does not
 * depend on the method that is asked for beside it.
 */
import { Gamma, type Instant } from "@tidemark/core"
import * as Annual from "@tidemark/features/Annual"
import { Clock, DateTime, Effect, Result } from "effect"
import * as Analysis from "../Analysis.ts"
import { Fit, Inputs } from "../model/index.ts"
import { Market } from "../traps/index.ts"
import type * as Signalling from "./Signalling.ts"
import * as Simulator from "./Simulator.ts"
import * as Slots from "./Slots.ts"
import type * as Underlying from "./Underlying.ts"

export interface Options {
  readonly symbol: string
  readonly underlying: Underlying.Underlying
  readonly marketAt: Signalling.Reader["marketAt"]
  /** Rows of the symbol before a moment, ascending. */
  readonly rowsUntil: (at: Instant.EpochMillis) => ReadonlyArray<Gamma.Snapshot>
  readonly simulator: Simulator.Simulator
}

const method = "recomputed"

const startOf = (part: "month" | "year", at: Instant.EpochMillis): Instant.EpochMillis =>
  DateTime.startOf(DateTime.makeUnsafe(at), part).epochMilliseconds

/** Days before a year that its first inputs need. */
const leadMillis = 150 * 86_400_000

/** One simulated chain a session, at its last slot, of the year before. */
const simulated = Effect.fn("Gamma.simulatedModel")(function* (options: Options, year: Instant.EpochMillis) {
  const { simulator, symbol, underlying } = options
  const { calendar } = underlying
  const from = startOf("year", year - 1)
  const daily = yield* Simulator.daily(simulator, { from: from - leadMillis, to: year })
  const read = Market.reader({ calendar, candles: { "1d": daily }, vix: undefined, priceAt: () => undefined })
  const barsPerYear = Annual.barsPerYear(calendar, "1d")
  const looks = Slots.of(calendar, { from, to: year }).filter((_, i) => i % Slots.perSession === Slots.perSession - 1)
  const rows = yield* Effect.forEach(looks, ({ at }) =>
    Effect.map(Simulator.chainAt(simulator, at), (chain): Fit.Row => {
      const { snapshot } = Analysis.of(chain, { method, calendar })
      return { at, netGex: snapshot.netGex, inputs: Inputs.of(read(at).daily, barsPerYear) }
    })
  )
  const fittedAt = yield* Clock.currentTimeMillis
  return Fit.fit(rows, { symbol, source: "synthetic", fittedOn: "synthetic", fittedAt })
})

/** Of each session the last row that has an exposure, or else the last. */
const lastLooks = (rows: ReadonlyArray<Gamma.Snapshot>): ReadonlyArray<Gamma.Snapshot> =>
  [...Map.groupBy(rows, ({ session }) => session).values()].map(
    (own) => own.findLast(({ netGex }) => netGex !== null) ?? own.at(-1)!
  )

/** A model of the rows of one source's chains that were observed before a moment. */
const ofObserved = Effect.fnUntraced(function* (options: Options, until: Instant.EpochMillis) {
  const { marketAt, rowsUntil, symbol, underlying } = options
  const barsPerYear = Annual.barsPerYear(underlying.calendar, "1d")
  const observed = rowsUntil(until).filter(
    (row) => row.method === method && Gamma.observed.some((one) => one === row.origin)
  )
  const fittedAt = yield* Clock.currentTimeMillis
  const fits = [...Map.groupBy(observed, ({ source }) => source)]
    .toSorted(([, a], [, b]) => b.at(-1)!.at - a.at(-1)!.at)
    .map(([source, own]) => {
      const rows = lastLooks(own).map(({ at, netGex }): Fit.Row => ({
        at,
        netGex,
        inputs: Inputs.of(marketAt(at).daily, barsPerYear)
      }))
      return Fit.fit(rows, { symbol, source, fittedOn: "chain-observed", fittedAt })
    })
  return fits.find(Result.isSuccess) ?? fits[0] ?? Result.fail(`No chains of ${symbol} were observed before.`)
})

/** The model of a moment, or why there is none; each is fitted once. */
export const make = (options: Options) => {
  const known = new Map<string, Result.Result<Gamma.Model, string>>()
  const once = Effect.fnUntraced(function* <E, R>(
    key: string,
    made: Effect.Effect<Result.Result<Gamma.Model, string>, E, R>
  ) {
    const found = known.get(key)
    if (found !== undefined) return found
    const result = yield* made
    known.set(key, result)
    if (Result.isSuccess(result)) yield* (yield* Gamma.GammaStore).keepModel(result.success)
    return result
  })
  return {
    at: Effect.fnUntraced(function* (at: Instant.EpochMillis) {
      const own = yield* once(`month ${startOf("month", at)}`, ofObserved(options, startOf("month", at)))
      if (Result.isSuccess(own)) return own
      const year = startOf("year", at)
      return yield* once(`year ${year}`, simulated(options, year))
    }),
    fitted: (): ReadonlyArray<Gamma.Model> =>
      [...known.values()].flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
  }
}
