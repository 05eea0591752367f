/**
 * Which of the stored series a request means: one of each symbol and
 * timeframe, of what was observed unless more is asked for by name.
 */
import {
  Adjustment,
  Asked,
  Calendar,
  CandleStore,
  type Instant,
  Instrument,
  Interval,
  type Labelled,
  type Provenance,
  type Series,
  SymbolStore,
  Timeframe,
  Candidate,
  Coverage,
  Damage,
  type Gap,
  GapLedger
} from "@tidemark/core"
import { Calendars } from "@tidemark/calendars"
import { Clock, Effect } from "effect"
import * as ChoiceError from "./ChoiceError.ts"

export interface Request<E = never, R = never> {
  /** Default: every symbol that is stored. */
  readonly symbols?: ReadonlyArray<string> | undefined
  /** Default: whichever are stored of a symbol. */
  readonly timeframes?: ReadonlyArray<Timeframe.Timeframe> | undefined
  /** Default: the first of the symbol's sources that is stored. */
  readonly source?: string | undefined
  /** Default: all that was ever asked for. */
  readonly from?: Instant.EpochMillis | undefined
  readonly to?: Instant.EpochMillis | undefined
  /** Besides what was observed. */
  readonly include?: ReadonlyArray<Provenance.Provenance> | undefined
  /** Default: `none`. */
  readonly adjust?: Adjustment.Mode | undefined
  /** Source of the splits and dividends. */
  readonly actionsFrom?: string | undefined
  /** What was known then, instead of now. */
  readonly asOf?: Instant.EpochMillis | undefined
  /** Candles of this timeframe, put together from those of the one that is read. */
  readonly resample?: Timeframe.Timeframe | undefined
  /** Whose candles stand where those of the chosen series are missing, each labelled as its own. */
  readonly fillFrom?: string | undefined
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
}

/** A stored series, and what of it is wanted. */
export interface Chosen {
  readonly stored: CandleStore.StoredSeries
  readonly calendar: Calendar.Calendar
  /** Within what has closed. */
  readonly interval: Interval.Interval
  /** Of the rows that come of it. */
  readonly labels: Labelled.Labels
  readonly applied: Adjustment.Applied
  readonly adjust: Adjustment.Mode
  /** The part of the interval in which the instrument was traded; nothing if there is none. */
  readonly life: Interval.Interval | undefined
}

/** A series that stands in, and the one it stands in for. */
export interface Choice extends Chosen {
  readonly standIn: Chosen | undefined
}

type Name = Pick<Series.Series, "symbol" | "timeframe">
const keyOf = ({ symbol, timeframe }: Name): string => `${symbol} ${timeframe}`

/** That of the first source on the symbol's list, where there are several. */
const pick = (
  found: ReadonlyArray<CandleStore.StoredSeries>,
  instrument: Instrument.Instrument | undefined
): Effect.Effect<CandleStore.StoredSeries, ChoiceError.Ambiguous> => {
  const [first, ...more] = found
  if (more.length === 0) return Effect.succeed(first!)
  for (const { source } of instrument?.sources ?? []) {
    const preferred = found.find(({ series }) => series.source === source)
    if (preferred !== undefined) return Effect.succeed(preferred)
  }
  const { symbol, timeframe } = first!.series
  return Effect.fail(
    new ChoiceError.Ambiguous({ symbol, timeframe, sources: found.map(({ series }) => series.source) })
  )
}

/** The candles that open in a range and have closed, whole; where no end was asked for, those that end in it. */
const wholeCandles = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  { from, to }: Interval.Interval,
  wanted: Instant.EpochMillis | undefined
): Interval.Interval | undefined =>
  Interval.clamp(
    calendar.openAtOrAfter(timeframe, from),
    wanted === undefined
      ? Calendar.closedUntil(calendar, timeframe, to)
      : calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, to - 1))
  )

/** Of several, not the one that stands in, and none of which there is only what was asked for to compare it. */
const mainOf = (
  found: ReadonlyArray<CandleStore.StoredSeries>,
  verdicts: ReadonlyArray<Candidate.Candidate>,
  fillFrom: string | undefined
): ReadonlyArray<CandleStore.StoredSeries> => {
  const isMain = ({ coverage, series }: CandleStore.StoredSeries) =>
    series.source !== fillFrom &&
    Interval.difference(Coverage.fetchedSet(coverage), Candidate.about(verdicts, series).aside).length > 0
  const main = found.filter(isMain)
  return main.length === 0 ? found : main
}

/** What there is of a series for a request; an interval without a candle that has closed is none. */
const of = Effect.fnUntraced(function* <E, R>(
  request: Request<E, R>,
  stored: CandleStore.StoredSeries,
  instrument: Instrument.Instrument | undefined,
  gaps: ReadonlyArray<Gap.Gap>,
  now: Instant.EpochMillis
) {
  const { coverage, listedAt, provenance, series } = stored
  const assetClass = instrument?.assetClass ?? Instrument.assetClassOf(series.symbol)
  const calendar = Calendars.get(instrument?.calendar ?? Instrument.calendarOf(assetClass))
  const applied = yield* request.appliedBy(series.source)
  const timeframe = request.resample ?? series.timeframe
  // What was pruned nobody misses who does not name its time.
  const asked = Asked.span(series, { ...coverage, pruned: [] }, gaps)!
  const closed = Calendar.closedUntil(calendar, timeframe, now)
  const within = Interval.clamp(
    Math.max(request.from ?? asked.from, calendar.span.from),
    Math.min(request.to ?? asked.to, closed, calendar.span.to)
  )
  if (within === undefined) return undefined
  const interval = request.resample === undefined ? within : wholeCandles(calendar, timeframe, within, request.to)
  if (interval === undefined) return undefined
  // Only companies act: the price of anything else is what it is.
  const isShare = assetClass === "equity"
  const adjust = isShare ? (request.adjust ?? "none") : "none"
  const adjustment = isShare ? Adjustment.effective(adjust, applied) : "none"
  const life = Interval.clamp(
    Math.max(interval.from, listedAt ?? -Infinity, instrument?.listedAt ?? -Infinity),
    Math.min(interval.to, instrument?.delistedAt ?? Infinity)
  )
  const labels = { series: { ...series, timeframe }, provenance, adjustment }
  const chosen: Chosen = { stored, calendar, interval, labels, applied, adjust, life }
  return chosen
})

/** The names that the request spells out and that are not there. */
const absentOf = <E, R>(
  request: Request<E, R>,
  groups: ReadonlyMap<string, unknown>,
  stored: ReadonlyArray<CandleStore.StoredSeries>,
  instruments: ReadonlyMap<string, Instrument.Instrument>
): ReadonlyArray<ChoiceError.NotStored> => {
  const { symbols = [], timeframes = [] } = request
  const names = symbols.flatMap((symbol): ReadonlyArray<{ symbol: string; timeframe?: Timeframe.Timeframe }> =>
    timeframes.length > 0
      ? timeframes.map((timeframe) => ({ symbol, timeframe })).filter((name) => !groups.has(keyOf(name)))
      : [...groups.keys()].some((key) => key.startsWith(`${symbol} `))
        ? []
        : [{ symbol }]
  )
  return names.map(({ symbol, timeframe }) => {
    const same = stored.filter(
      ({ series }) => series.symbol === symbol && (timeframe ?? series.timeframe) === series.timeframe
    )
    const isRecorded = ({ coverage }: CandleStore.StoredSeries) => coverage.fetched.length > 0
    const others = same.filter((one) => one.rows > 0 && isRecorded(one))
    return new ChoiceError.NotStored({
      symbol,
      isListed: instruments.has(symbol),
      kinds: [...new Set(others.map(({ provenance }) => provenance))],
      isPruned: same.some(({ coverage }) => coverage.pruned.length > 0),
      isUnrecorded: same.some((one) => one.rows > 0 && !isRecorded(one)),
      ...(timeframe === undefined ? {} : { timeframe })
    })
  })
}

/** What was asked for and is not stored at all, where the request does not name what it is about. */
const unansweredOf = <E, R>(
  { from = -Infinity, source, symbols = [], timeframes = [], to = Infinity }: Request<E, R>,
  groups: ReadonlyMap<string, unknown>,
  stored: ReadonlyArray<CandleStore.StoredSeries>,
  gaps: ReadonlyArray<Gap.Gap>
): ReadonlyArray<ChoiceError.NotStored> => {
  if (symbols.length > 0) return []
  const inRange = gaps.filter(({ interval }) => Interval.overlaps(interval, { from, to }))
  const known = stored.filter(({ coverage }) => Coverage.extent(coverage) !== undefined)
  const series = Asked.unstored(
    known.map((one) => one.series),
    inRange
  )
  return series
    .filter(
      (one) =>
        !groups.has(keyOf(one)) &&
        (source === undefined || source === one.source) &&
        (timeframes.length === 0 || timeframes.includes(one.timeframe))
    )
    .map((one) => {
      const range = Asked.span(one, Coverage.none, inRange)!
      return new ChoiceError.NotStored({ ...one, range, isListed: false, kinds: [] })
    })
}

/** Whether candles of a timeframe are whole numbers of those of another. */
const nests = (finer: Timeframe.Timeframe, coarser: Timeframe.Timeframe): boolean => {
  const [short, long] = [Timeframe.nominalMillis(finer), Timeframe.nominalMillis(coarser)]
  // A month is no whole number of weeks, whatever its nominal length says.
  return short < long && (coarser === "1M" ? finer !== "1w" : long % short === 0)
}

const fits = <E, R>({ fillFrom, resample, timeframes = [] }: Request<E, R>) => {
  if (resample === undefined) return Effect.void
  const unfit = (detail: string) => Effect.fail(new ChoiceError.Unfit({ detail }))
  const [finer, ...more] = timeframes
  if (finer === undefined || more.length > 0) {
    return unfit(`candles of ${resample} are put together from those of one shorter timeframe; name that one`)
  }
  if (!nests(finer, resample)) return unfit(`candles of ${resample} cannot be put together from those of ${finer}`)
  if (fillFrom !== undefined) return unfit("a candle cannot be of two sources: fill gaps or resample, not both")
  return Effect.void
}

/**
 * What is stored of the names. Where there are some, nothing is counted but rows of series that the ledger has none of:
 * it takes no longer as history grows.
 */
const storedOf = Effect.fnUntraced(function* (named: CandleStore.Selection) {
  const store = yield* CandleStore.CandleStore
  if ((named.symbols ?? []).length === 0) return yield* store.list
  return yield* Effect.forEach(yield* store.recorded(named), (one) =>
    one.rows > 0
      ? Effect.succeed(one)
      : Effect.map(store.count(one.series, Damage.everything), (rows): CandleStore.StoredSeries => ({ ...one, rows }))
  )
})

/** What is chosen, and why what was asked for beyond that is not. */
export const choose = Effect.fn("Choice.choose")(function* <E, R>(request: Request<E, R>) {
  yield* fits(request)
  const { fillFrom, include = [], source, symbols = [], timeframes = [] } = request
  const now = yield* Clock.currentTimeMillis
  const listed = yield* (yield* SymbolStore.SymbolStore).list
  const instruments = new Map(listed.map((instrument) => [instrument.symbol, instrument]))
  const allowed = new Set<Provenance.Provenance>(["observed", ...include])
  const stored = yield* storedOf({ symbols, timeframes })
  const ledger = yield* GapLedger.GapLedger
  const gaps = yield* ledger.of({ symbols, timeframes })
  const verdicts = yield* ledger.candidates
  const named = stored.filter(
    ({ series }) =>
      (symbols.length === 0 || symbols.includes(series.symbol)) &&
      (timeframes.length === 0 || timeframes.includes(series.timeframe))
  )
  const usable = named.filter(
    // Where all rows are gone that were stored, that is to be said.
    ({ coverage, provenance, rows }) =>
      Math.max(rows, Coverage.rows(coverage)) > 0 && coverage.fetched.length > 0 && allowed.has(provenance)
  )
  const groups = Map.groupBy(
    usable.filter(({ series }) => source === undefined || source === series.source),
    ({ series }) => keyOf(series)
  )
  const chosen: Array<Choice> = []
  const problems: Array<ChoiceError.NotStored | ChoiceError.Outside> = []
  for (const found of groups.values()) {
    const instrument = instruments.get(found[0]!.series.symbol)
    const one = yield* pick(mainOf(found, verdicts, fillFrom), instrument)
    const { coverage, series } = one
    const main = yield* of(request, one, instrument, gaps, now)
    if (main === undefined) {
      const whole = { from: coverage.fetched[0]!.from, to: coverage.fetched.at(-1)!.to }
      problems.push(new ChoiceError.Outside({ symbol: series.symbol, timeframe: series.timeframe, stored: whole }))
      continue
    }
    const other = usable.find(
      (candidate) =>
        candidate !== one && candidate.series.source === fillFrom && keyOf(candidate.series) === keyOf(series)
    )
    if (fillFrom !== undefined && series.source !== fillFrom && other === undefined) {
      const unwanted = named.find(
        ({ rows, series: of }) => rows > 0 && of.source === fillFrom && keyOf(of) === keyOf(series)
      )
      problems.push(
        new ChoiceError.NotStored({
          symbol: series.symbol,
          timeframe: series.timeframe,
          source: fillFrom,
          range: main.interval,
          isListed: false,
          kinds: unwanted === undefined ? [] : [unwanted.provenance]
        })
      )
    }
    const standIn = other && (yield* of({ ...request, ...main.interval }, other, instrument, gaps, now))
    chosen.push({ ...main, standIn })
  }
  if (chosen.length > 0 && chosen.every(({ stored }) => stored.series.source === fillFrom)) {
    const names = chosen.map(({ stored }) => keyOf(stored.series)).join(", ")
    return yield* new ChoiceError.Unfit({
      detail: `${fillFrom} is itself the source of ${names}: it cannot stand in where it has no candles; name another`
    })
  }
  problems.push(...absentOf(request, groups, named, instruments), ...unansweredOf(request, groups, stored, gaps))
  if (chosen.length + problems.length === 0) {
    const kept = named.find(({ provenance, rows }) => rows > 0 && !allowed.has(provenance))
    problems.push(new ChoiceError.NotStored({ isListed: false, kinds: kept === undefined ? [] : [kept.provenance] }))
  }
  return { chosen, problems, gaps, verdicts }
})
