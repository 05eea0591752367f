/** What is derived from besides candles: the calendar, gaps that can still be filled, splits. */
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  Adjustment,
  type Calendar,
  Candles,
  CandleStore,
  type Coverage,
  GapLedger,
  type Instant,
  Instrument,
  Interval,
  Lacking,
  Series,
  type StoreError,
  SymbolStore
} from "@tidemark/core"
import { Clock, Effect, Stream } from "effect"

export interface Options<E = never, R = never> {
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
  /** Which series to look up at all. Default: every one. */
  readonly of?: CandleStore.Selection | undefined
  /** Which of the stored series. */
  readonly choose: (series: Series.Series) => boolean
}

/** A split, by the open of the first session in new shares. */
export interface SplitAt {
  readonly at: Instant.EpochMillis
  /** Shares before for one share after. */
  readonly factor: number
}

export interface Input {
  readonly stored: CandleStore.StoredSeries
  readonly calendar: Calendar.Calendar
  readonly missing: ReadonlyArray<Interval.Interval>
  /** Of a series whose prices are as they were traded. */
  readonly splits: ReadonlyArray<SplitAt>
  /** A share whose prices are as they were traded, of which nobody was asked for splits. */
  readonly splitsUnknown: boolean
}

/** From the first instant that was fetched to the last. */
export const span = ({ fetched }: Coverage.Coverage): Interval.Interval | undefined => {
  const [first, last] = [fetched[0], fetched.at(-1)]
  return first && last && Interval.hull(first, last)
}

/** What of a series has been fetched, within an interval whose ends may be open. */
export const within = (
  { stored }: Pick<Input, "stored">,
  { from = -Infinity, to = Infinity }: { readonly from?: number | undefined; readonly to?: number | undefined }
): Interval.Interval | undefined => {
  const whole = span(stored.coverage)
  return whole && Interval.clamp(Math.max(whole.from, from), Math.min(whole.to, to))
}

/** The splits of a share up to now, ascending, and whether anybody has been asked for them. */
export const splitsOf = Effect.fnUntraced(function* (
  series: Series.Series,
  calendar: Calendar.Calendar
): Effect.fn.Return<
  { splits: ReadonlyArray<SplitAt>; isKnown: boolean },
  StoreError.StoreError,
  ActionStore.ActionStore
> {
  const actions = yield* ActionStore.ActionStore
  const symbols = [series.symbol]
  const asked = yield* actions.asked({ symbols })
  const from = asked.find(({ source }) => source === series.source) ?? asked[0]
  if (from === undefined) return { splits: [], isKnown: false }
  const now = yield* Clock.currentTimeMillis
  const told = yield* actions.list({ symbols, source: from.source, kinds: ["split"] })
  const splits = told.flatMap(({ action }): ReadonlyArray<SplitAt> => {
    if (action._tag !== "Split") return []
    const at = Adjustment.sessionsAt(calendar, action.exDate)?.on.open
    return at === undefined || at > now ? [] : [{ at, factor: action.from / action.to }]
  })
  return { splits: splits.toSorted((a, b) => a.at - b.at), isKnown: true }
})

/** Candles as they would be, had there only ever been the shares of today. */
export const inLastShares = (candles: Candles.Candles, splits: ReadonlyArray<SplitAt>): Candles.Candles => {
  if (splits.length === 0) return candles
  const factors = candles.openTime.map((open) =>
    splits.reduce((factor, split) => (split.at > open ? factor * split.factor : factor), 1)
  )
  const price = (column: Float64Array) => column.map((value, row) => value * factors[row]!)
  return {
    openTime: candles.openTime,
    open: price(candles.open),
    high: price(candles.high),
    low: price(candles.low),
    close: price(candles.close),
    volume: candles.volume.map((value, row) => value / factors[row]!)
  }
}

/** All candles of a series, in the shares of today: as many as fit in memory. */
export const candlesOf = Effect.fn("Inputs.candles")(function* (
  input: Input,
  range: { readonly from?: number | undefined; readonly to?: number | undefined } = {}
) {
  const interval = within(input, range)
  if (interval === undefined) return Candles.empty
  const batches = yield* Stream.runCollect((yield* CandleStore.CandleStore).read(input.stored.series, interval))
  return inLastShares(Candles.concat(batches), input.splits)
})

/** Of every stored series that is chosen. */
export const of = Effect.fn("Inputs.of")(function* <E, R>(options: Options<E, R>) {
  const candles = yield* CandleStore.CandleStore
  const gaps = Map.groupBy(yield* (yield* GapLedger.GapLedger).of(options.of ?? {}), (gap) => Series.key(gap.series))
  const listed = yield* (yield* SymbolStore.SymbolStore).list
  const instruments = new Map(listed.map((instrument) => [instrument.symbol, instrument]))
  const chosen = (yield* candles.recorded(options.of ?? {})).filter(({ series }) => options.choose(series))
  return yield* Effect.forEach(
    chosen,
    Effect.fnUntraced(function* (stored) {
      const { coverage, series } = stored
      const instrument = instruments.get(series.symbol)
      const assetClass = instrument?.assetClass ?? Instrument.assetClassOf(series.symbol)
      const calendar = Calendars.get(instrument?.calendar ?? Instrument.calendarOf(assetClass))
      const isTraded = assetClass === "equity" && (yield* options.appliedBy(series.source)) === "none"
      const { isKnown, splits } = isTraded ? yield* splitsOf(series, calendar) : { isKnown: true, splits: [] }
      const whole = span(coverage)
      const lacking =
        whole && Lacking.lacking(series, calendar, coverage, whole, gaps.get(Series.key(series)) ?? []).missing
      // Rows in the scale of before a split do not go on in the new one.
      const missing = Interval.union(lacking ?? [], Interval.normalize(coverage.stale))
      const input: Input = { stored, calendar, missing, splits, splitsUnknown: !isKnown }
      return input
    })
  )
})
