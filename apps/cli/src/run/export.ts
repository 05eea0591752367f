/** The work of `tidemark export`: stored candles, adjusted as wanted, to a file or to stdout. */
import { SourceRegistry, UsageError, Verify } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import {
  Adjustment,
  Calendar,
  Candles,
  CandleStore,
  Coverage,
  Instrument,
  Interval,
  type Provenance,
  Series,
  SymbolStore,
  type Timeframe
} from "@tidemark/core"
import { Reader } from "@tidemark/reader"
import { Clock, Console, Effect, Option, Sink, Stdio, Stream } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as ExportView from "../view/ExportView.ts"
import { count, plural } from "../view/Format.ts"
import * as Lists from "./Lists.ts"
import * as OutFile from "./OutFile.ts"
import { instant, toSpan } from "./Range.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
  readonly source: Option.Option<string>
  readonly adjust: Adjustment.Mode
  readonly actionsFrom: Option.Option<string>
  readonly asOf: Option.Option<string>
  readonly format: Option.Option<ExportView.Format>
  readonly out: Option.Option<string>
  readonly include: Option.Option<"synthetic" | "modelled">
}

/** Rows that are turned to text at once. */
const batchRows = 8_192

const usage = (message: string) => new UsageError.UsageError({ message })

/** A series to export. */
interface Chosen {
  readonly stored: CandleStore.StoredSeries
  readonly instrument: Instrument.Instrument | undefined
  readonly calendar: Calendar.Calendar
  readonly interval: Interval.Interval
  readonly labels: ExportView.Labels
  readonly applied: Adjustment.Applied
  readonly adjust: Adjustment.Mode
}

/** What the flags name; without timeframes, a symbol in whichever it is stored. */
interface Named {
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe | undefined
}

/** One series of a symbol and timeframe: that of the first source on the symbol's list, where there are several. */
const pick = (
  found: ReadonlyArray<CandleStore.StoredSeries>,
  instrument: Instrument.Instrument | undefined
): Effect.Effect<CandleStore.StoredSeries, UsageError.UsageError> => {
  const [first, ...more] = found
  if (more.length === 0) return Effect.succeed(first!)
  for (const { source } of instrument?.sources ?? []) {
    const preferred = found.find(({ series }) => series.source === source)
    if (preferred !== undefined) return Effect.succeed(preferred)
  }
  const { symbol, timeframe } = first!.series
  const sources = found.map(({ series }) => series.source).join(", ")
  return usage(`${symbol} ${timeframe} is stored from ${sources}; name one with --source`)
}

/** What the flags choose of what is stored, and what they name that is not there. */
const choose = Effect.fnUntraced(function* (input: Input) {
  const candles = yield* CandleStore.CandleStore
  const registry = yield* SourceRegistry.SourceRegistry
  const now = yield* Clock.currentTimeMillis
  const span = yield* toSpan(input)
  // A source that there is not is a mistake, not an empty export.
  if (Option.isSome(input.source)) yield* registry.plugin(input.source.value)
  const symbols = Lists.items(input.symbols).map((symbol) => symbol.toUpperCase())
  const timeframes = Option.isSome(input.timeframes) ? yield* Lists.timeframes(input.timeframes) : []
  const instruments = new Map(
    (yield* (yield* SymbolStore.SymbolStore).list).map((instrument) => [instrument.symbol, instrument])
  )
  const allowed = new Set<Provenance.Provenance>(["observed", ...Option.toArray(input.include)])
  const wanted = (yield* candles.list).filter(
    ({ series }) =>
      (symbols.length === 0 || symbols.includes(series.symbol)) &&
      (timeframes.length === 0 || timeframes.includes(series.timeframe)) &&
      (Option.isNone(input.source) || input.source.value === series.source)
  )
  const keyOf = ({ symbol, timeframe }: Pick<Series.Series, "symbol" | "timeframe">) => `${symbol} ${timeframe}`
  const groups = Map.groupBy(
    wanted.filter(({ provenance, rows }) => rows > 0 && allowed.has(provenance)),
    ({ series }) => keyOf(series)
  )
  const chosen: Array<Chosen> = []
  const outside: Array<string> = []
  for (const found of groups.values()) {
    const instrument = instruments.get(found[0]!.series.symbol)
    const stored = yield* pick(found, instrument)
    const { series } = stored
    const calendar = Calendars.get(
      instrument?.calendar ?? Instrument.calendarOf(Instrument.assetClassOf(series.symbol))
    )
    const applied = (yield* registry.plugin(series.source)).capabilities.adjustment
    const { fetched } = stored.coverage
    const interval = Interval.clamp(
      span.from ?? fetched[0]!.from,
      Math.min(span.to ?? fetched.at(-1)!.to, Calendar.closedUntil(calendar, series.timeframe, now))
    )
    if (interval === undefined) {
      const whole = { from: fetched[0]!.from, to: fetched.at(-1)!.to }
      outside.push(`${keyOf(series)} is stored for ${Interval.format(whole)}, not for the range that is asked for`)
      continue
    }
    // Only companies act: the price of anything else is what it is.
    const isShare = (instrument?.assetClass ?? Instrument.assetClassOf(series.symbol)) === "equity"
    const adjust = isShare ? input.adjust : "none"
    const adjustment = isShare ? Adjustment.effective(adjust, applied) : "none"
    const labels = { series, provenance: stored.provenance, adjustment }
    chosen.push({ stored, instrument, calendar, interval, labels, applied, adjust })
  }
  const named = symbols.flatMap((symbol): ReadonlyArray<Named> =>
    timeframes.length === 0
      ? [...groups.keys()].some((key) => key.startsWith(`${symbol} `))
        ? []
        : [{ symbol, timeframe: undefined }]
      : timeframes.map((timeframe) => ({ symbol, timeframe }))
  )
  const absent = named
    .filter(({ symbol, timeframe }) => timeframe === undefined || !groups.has(keyOf({ symbol, timeframe })))
    .map(({ symbol, timeframe }) => {
      const others = wanted.filter(
        ({ rows, series }) =>
          rows > 0 && series.symbol === symbol && (timeframe ?? series.timeframe) === series.timeframe
      )
      const kinds = [...new Set(others.map(({ provenance }) => provenance))].join(" and ")
      const source = instruments.has(symbol) ? "" : " --source SOURCE"
      const flags = `--symbols ${symbol}${timeframe === undefined ? "" : ` --timeframes ${timeframe}`}${source}`
      const name = timeframe === undefined ? symbol : `${symbol} ${timeframe}`
      return kinds === ""
        ? `${name} is not stored; fetch it: tidemark backfill ${flags}`
        : `${name} is stored only as ${kinds} data; export that by name: --include ${others[0]!.provenance}`
    })
  const kept = wanted.find(({ provenance, rows }) => rows > 0 && !allowed.has(provenance))
  const nothing =
    chosen.length + absent.length + outside.length > 0
      ? []
      : [
          kept === undefined
            ? "nothing of these is stored"
            : `what is stored of these is ${kept.provenance} data; export that by name: --include ${kept.provenance}`
        ]
  return { chosen, absent: [...absent, ...outside, ...nothing] }
})

/** What a series lacks in the range that is exported, in words; nothing if it is whole. */
const shortfalls = ({ adjust, calendar, instrument, interval, stored }: Chosen) => {
  const { coverage, listedAt, rows, series } = stored
  const ledger = Coverage.rows(coverage)
  const life = Interval.clamp(
    Math.max(interval.from, listedAt ?? -Infinity, instrument?.listedAt ?? -Infinity, calendar.span.from),
    Math.min(interval.to, instrument?.delistedAt ?? Infinity, calendar.span.to)
  )
  if (life === undefined) return []
  const opens = (interval: Interval.Interval) => calendar.countOpens(series.timeframe, interval)
  const gaps = [
    ...Interval.difference([life], Coverage.fetchedSet(coverage)),
    ...Interval.intersection(Interval.normalize(coverage.empty), [life])
  ].filter((gap) => opens(gap) > 0)
  const missing = gaps.reduce((sum, gap) => sum + opens(gap), 0)
  const stale = adjust === "none" ? Interval.intersection(Interval.normalize(coverage.stale), [life]) : []
  return [
    ...(rows === ledger
      ? []
      : [
          `${Series.key(series)}: ${count(rows)} rows are there where ${count(ledger)} were stored: something else has ` +
            `changed the table; mend it: ${Verify.command(series, interval)}`
        ]),
    ...(missing === 0
      ? []
      : [
          `${Series.key(series)}: ${count(missing)} of ${plural(opens(life), "candle")} ${missing === 1 ? "is" : "are"} missing; ` +
            `fetch what there is: ${Verify.command(series, gaps.reduce(Interval.hull))}`
        ]),
    ...stale.map(
      (part) =>
        `${Series.key(series)}: ${Interval.format(part)} is in the scale of before a split; ` +
        `fetch it again: ${Verify.command(series, part)}`
    )
  ]
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const json = yield* Globals.json
  const format = Option.getOrElse(input.format, () => (json ? "json" : "csv"))
  const asOf = yield* instant("as-of", input.asOf)
  const work = Effect.gen(function* () {
    const { absent, chosen } = yield* choose(input)
    const writer = ExportView.writer(format)
    let rows = 0
    const ofSeries = ({ adjust, applied, calendar, interval, labels, stored }: Chosen) =>
      Reader.candles({
        series: stored.series,
        calendar,
        interval,
        adjust,
        adjustment: applied,
        actionsFrom: Option.getOrUndefined(input.actionsFrom),
        asOf,
        batchRows
      }).pipe(
        Stream.map((batch) => {
          rows += Candles.length(batch)
          return writer.batch(labels, batch)
        })
      )
    const text = Stream.make(writer.start).pipe(
      Stream.concat(Stream.flatMap(Stream.fromIterable(chosen), ofSeries)),
      Stream.concat(Stream.make(writer.end))
    )
    if (chosen.length === 0 && Option.isSome(input.out)) return absent
    if (Option.isSome(input.out)) {
      const path = input.out.value
      yield* OutFile.write(path, "The candles", text)
      yield* print({
        json: () => ({ file: path, candles: rows, series: chosen.length }),
        text: () => `${plural(rows, "candle")} of ${count(chosen.length)} series in ${path}`
      })
    } else {
      const stdio = yield* Stdio.Stdio
      const sink = Sink.mapError(stdio.stdout({ endOnDone: false }), (error) =>
        OutFile.isClosedPipe(error) ? error : OutFile.failure("The candles", "stdout")(error)
      )
      yield* Stream.run(text, sink).pipe(Effect.catchIf(OutFile.isClosedPipe, () => Effect.void))
    }
    return [...absent, ...chosen.flatMap(shortfalls)]
  })
  const short = yield* work.pipe(withRuntime("read"))
  yield* Effect.forEach(short, (line) => Console.error(`tidemark: ${line}`), { discard: true })
  yield* exitWith(short.length > 0 ? 3 : 0)
})
