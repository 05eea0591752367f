/**
 * An underlying whose prices are stored, of one source: what was observed and
 * what was simulated never stand beside one another.
 */
import { Calendars } from "@tidemark/calendars"
import {
  type Adjustment,
  type Calendar,
  Candles,
  CandleStore,
  Instrument,
  Interval,
  type Provenance,
  SymbolStore,
  type Timeframe
} from "@tidemark/core"
import * as Inputs from "@tidemark/features/Inputs"
import { DateTime, Effect, Stream } from "effect"

/** Timeframes whose closes are prices, ascending; minutes only where there are no candles of five. */
export const timeframes = [
  "1m",
  "5m",
  "15m",
  "30m",
  "1h",
  "4h",
  "1d"
] as const satisfies ReadonlyArray<Timeframe.Timeframe>

export interface Underlying {
  readonly symbol: string
  readonly source: string
  readonly provenance: Provenance.Provenance
  readonly calendar: Calendar.Calendar
  /** From the shortest timeframe to the longest. */
  readonly stored: ReadonlyArray<CandleStore.StoredSeries>
  /** Of the symbol, ascending, whoever has applied them to what. */
  readonly splits: ReadonlyArray<Inputs.SplitAt>
  /** Whether the source tells the past in shares of now. */
  readonly isRescaled: boolean
  /** A share of which nobody was asked for splits. */
  readonly isSplitUnknown: boolean
}

export interface Which<E, R> {
  readonly symbol: string
  /** Of this source only. */
  readonly source?: string | undefined
  readonly provenance?: Provenance.Provenance | undefined
  /** Sources in order of preference. */
  readonly preferred?: ReadonlyArray<string> | undefined
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
}

/** Of several sources the one that is preferred: what was observed first, then by the list, then whoever has most. */
const choose = (
  stored: ReadonlyArray<CandleStore.StoredSeries>,
  preferred: ReadonlyArray<string>
): ReadonlyArray<CandleStore.StoredSeries> => {
  const ofSource = [...Map.groupBy(stored, ({ series }) => series.source)]
  const rank = (source: string) => (preferred.includes(source) ? preferred.indexOf(source) : preferred.length)
  const isObserved = (some: ReadonlyArray<CandleStore.StoredSeries>) => some[0]!.provenance === "observed"
  const rows = (some: ReadonlyArray<CandleStore.StoredSeries>) => some.reduce((sum, one) => sum + one.rows, 0)
  const [first] = ofSource.toSorted(
    ([a, ofA], [b, ofB]) =>
      Number(isObserved(ofB)) - Number(isObserved(ofA)) ||
      rank(a) - rank(b) ||
      rows(ofB) - rows(ofA) ||
      (a < b ? -1 : 1)
  )
  return first?.[1] ?? []
}

const instrumentOf = Effect.fnUntraced(function* (symbol: string) {
  const listed = yield* (yield* SymbolStore.SymbolStore).list
  const instrument = listed.find((one) => one.symbol === symbol)
  const assetClass = instrument?.assetClass ?? Instrument.assetClassOf(symbol)
  return { assetClass, calendar: Calendars.get(instrument?.calendar ?? Instrument.calendarOf(assetClass)) }
})

/** The calendar that a symbol trades by: its instrument's, else what its name says. */
export const calendarOf = (symbol: string) => Effect.map(instrumentOf(symbol), ({ calendar }) => calendar)

const rankOf = ({ series }: CandleStore.StoredSeries): number =>
  (timeframes as ReadonlyArray<string>).indexOf(series.timeframe)

/** `undefined` where no prices of the kind are stored. No candle is read. */
export const find = Effect.fn("Underlying.find")(function* <E, R>(which: Which<E, R>) {
  const { appliedBy, preferred = [], provenance, source, symbol } = which
  const candles = yield* CandleStore.CandleStore
  const { assetClass, calendar } = yield* instrumentOf(symbol)
  const all = yield* candles.recorded({ symbols: [symbol], timeframes, source })
  const stored = choose(
    all.filter((one) => one.rows > 0 && (provenance === undefined || one.provenance === provenance)),
    preferred
  ).toSorted((a, b) => rankOf(a) - rankOf(b))
  const [first] = stored
  if (first === undefined) return undefined
  const isShare = assetClass === "equity" && first.provenance === "observed"
  const { isKnown, splits } = isShare ? yield* Inputs.splitsOf(first.series, calendar) : { isKnown: true, splits: [] }
  const underlying: Underlying = {
    symbol,
    source: first.series.source,
    provenance: first.provenance,
    calendar,
    stored,
    splits,
    isRescaled: (yield* appliedBy(first.series.source)) !== "none",
    isSplitUnknown: !isKnown
  }
  return underlying
})

/** Candles of one timeframe, ascending, in the shares of the last split; those in a scale that the source has left are not there. */
export interface Grid {
  readonly timeframe: Timeframe.Timeframe
  readonly candles: Candles.Candles
}

const isStale = ({ coverage }: CandleStore.StoredSeries, open: number): boolean =>
  coverage.stale.some((stale) => Interval.contains(stale, open))

/** The candles of one series that open in an interval. */
export const readSeries = Effect.fnUntraced(function* (
  { isRescaled, splits }: Underlying,
  one: CandleStore.StoredSeries,
  interval: Interval.Interval
) {
  const batches = yield* Stream.runCollect((yield* CandleStore.CandleStore).read(one.series, interval))
  const all = Candles.concat(batches)
  const sound =
    one.coverage.stale.length === 0
      ? all
      : Candles.pick(
          all,
          [...all.openTime.keys()].filter((row) => !isStale(one, all.openTime[row]!))
        )
  const grid: Grid = {
    timeframe: one.series.timeframe,
    candles: isRescaled ? sound : Inputs.inLastShares(sound, splits)
  }
  return grid
})

/** The start of the year before the one that a moment lies in: averages of that year begin there, whatever range is asked for. */
const anchorOf = (moment: number): number =>
  DateTime.makeUnsafe(moment).pipe(DateTime.startOf("year"), DateTime.subtract({ years: 1 })).epochMilliseconds

/** Longer than any market was closed. */
const closedMillis = 15 * 86_400_000

/**
 * The candles that moments of an interval look back at, by timeframe. What is
 * the same of the same moment: of a year, from the start of the year before.
 */
export const read = Effect.fn("Underlying.read")(function* (
  underlying: Underlying,
  interval: Interval.Interval,
  only: ReadonlyArray<Timeframe.Timeframe> = timeframes
) {
  const has = (timeframe: Timeframe.Timeframe) => underlying.stored.some(({ series }) => series.timeframe === timeframe)
  const wanted = underlying.stored.filter(
    ({ series }) => only.includes(series.timeframe) && (series.timeframe !== "1m" || !has("5m"))
  )
  return yield* Effect.forEach(wanted, (one) => {
    const isMinute = one.series.timeframe === "1m"
    const from = isMinute ? interval.from - closedMillis : anchorOf(interval.from)
    return readSeries(underlying, one, { from, to: interval.to })
  })
})
