/**
 * The candles that an emulator serves: one symbol in one interval, recorded
 * or generated.
 *
 * A dataset is asked for intervals of time and answers with every row in
 * them, so that neither years of candles nor gaps cost anything before they
 * are asked for. `symbol` is the provider's own (`BTCUSDT`).
 */
import { Candles, Instant, Interval } from "@tidemark/core"
import * as CheapKlines from "./CheapKlines.ts"
import * as KlineInterval from "./KlineInterval.ts"
import * as KlineText from "./KlineText.ts"
import * as SyntheticCandles from "./SyntheticCandles.ts"

export interface Dataset {
  readonly symbol: string
  /** Of Binance: spot, or USD-M futures. */
  readonly market: "spot" | "um"
  readonly base: string
  readonly quote: string
  readonly interval: KlineInterval.KlineInterval
  /** `TRADING`, `BREAK`, … as exchangeInfo says. */
  readonly status: string
  /** Every row opens in it. */
  readonly extent: Interval.Interval
  /** Every row that opens in the interval. */
  readonly candles: (interval: Interval.Interval) => Candles.Candles
  /** The rows as they were recorded; where absent they are printed from `candles`. */
  readonly klines?: (interval: Interval.Interval) => KlineText.KlineText
  /** One line for people. */
  readonly description: string
}

/** What every constructor takes. */
export interface About {
  readonly symbol: string
  readonly interval: KlineInterval.KlineInterval
  /** Nothing that opens before it is served. */
  readonly listedAt?: Instant.EpochMillis | undefined
  readonly status?: string | undefined
  /** `spot` where absent. */
  readonly market?: Dataset["market"] | undefined
}

const quotes = ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "USD"]

/** `BTC/USDT` or `BTCUSDT` as base and quote; throws a `RangeError` where the quote currency can't be told. */
export const splitSymbol = (text: string): { readonly base: string; readonly quote: string } => {
  const upper = text.toUpperCase()
  const [base, quote] = upper.split("/")
  if (base !== undefined && quote !== undefined && base !== "" && quote !== "") return { base, quote }
  const found = quotes.find((quote) => upper.endsWith(quote) && upper.length > quote.length)
  if (found === undefined || upper.includes("/")) {
    throw new RangeError(`can't tell base and quote of the symbol "${text}": write it as BTC/USDT`)
  }
  return { base: upper.slice(0, -found.length), quote: found }
}

const describe = (rows: Candles.Candles, kind: string): string => {
  const size = Candles.length(rows)
  if (size === 0) return `${kind}, no rows`
  return `${kind}, ${size} rows, ${Instant.format(rows.openTime[0]!)} → ${Instant.format(rows.openTime[size - 1]!)}`
}

const assemble = (
  about: About,
  extent: Interval.Interval,
  data: Pick<Dataset, "candles" | "klines" | "description">
): Dataset => {
  const { base, quote } = splitSymbol(about.symbol)
  const from = Math.max(extent.from, about.listedAt ?? -Infinity)
  return {
    symbol: `${base}${quote}`,
    market: about.market ?? "spot",
    base,
    quote,
    interval: about.interval,
    status: about.status ?? "TRADING",
    extent: { from, to: Math.max(extent.to, from + 1) },
    ...data
  }
}

/** A dataset over a function that knows every row of an interval inside `extent`. */
export const generated = (
  about: About & {
    readonly extent: Interval.Interval
    readonly candles: (interval: Interval.Interval) => Candles.Candles
    readonly klines?: (interval: Interval.Interval) => KlineText.KlineText
    readonly description?: string
  }
): Dataset =>
  assemble(about, about.extent, {
    candles: about.candles,
    ...(about.klines === undefined ? {} : { klines: about.klines }),
    description: about.description ?? "generated"
  })

const extentOf = (openTime: Float64Array): Interval.Interval =>
  openTime.length === 0 ? { from: 0, to: 1 } : { from: openTime[0]!, to: openTime.at(-1)! + 1 }

/** A dataset of the columns at hand. */
export const fromCandles = (about: About & { readonly candles: Candles.Candles }): Dataset =>
  assemble(about, extentOf(about.candles.openTime), {
    candles: (interval) => Candles.within(about.candles, interval),
    description: describe(about.candles, "columns")
  })

/** Any number of rows at next to no cost, for load; not for `1M`, whose length varies. */
export const cheap = (about: About & Interval.Interval): Dataset => {
  const extent = { from: about.from, to: about.to }
  if (about.interval === "1M") throw new RangeError("cheap klines have a fixed length: not 1M")
  const rows = CheapKlines.make(extent, KlineInterval.nominalMillis(about.interval))
  return assemble(about, extent, { ...rows, description: "cheap pattern" })
}

/** Candles less those that open in the holes. */
export const lessHoles = (candles: Candles.Candles, holes: Interval.IntervalSet): Candles.Candles => {
  const kept = Array.from(candles.openTime.keys()).filter((row) => !Interval.has(holes, candles.openTime[row]!))
  return kept.length === Candles.length(candles) ? candles : Candles.pick(candles, kept)
}

/** The same, of which the provider has no candle in some times, whoever asks: it was down then, or has lost them. */
export const withHoles = (dataset: Dataset, holes: Interval.IntervalSet): Dataset => {
  const { klines } = dataset
  return {
    ...dataset,
    candles: (interval) => lessHoles(dataset.candles(interval), holes),
    ...(klines === undefined
      ? {}
      : {
          klines: (interval: Interval.Interval) =>
            KlineText.filter(klines(interval), (open) => !Interval.has(holes, open))
        })
  }
}

/** First trade of BTCUSDT at Binance, 2017-08-17T04:00Z. */
export const firstTrade = 1_502_942_400_000

/**
 * What the synthetic source generates, in every interval that it has, one
 * dataset each. The same seed gives the same candles as the source itself.
 */
export const synthetic = (options: {
  /** `BTC/USDT` or `BTCUSDT`. */
  readonly symbols: ReadonlyArray<string>
  /** 1 where absent. */
  readonly seed?: number | undefined
  /** 2017-08-17T04:00Z where absent. */
  readonly from?: Instant.EpochMillis | undefined
  /** The end of time where absent: now is what ends them. */
  readonly to?: Instant.EpochMillis | undefined
  /** All that the synthetic source has, where absent. */
  readonly intervals?: ReadonlyArray<KlineInterval.KlineInterval> | undefined
  readonly listedAt?: Instant.EpochMillis | undefined
  readonly status?: string | undefined
  /** `spot` where absent. */
  readonly market?: Dataset["market"] | undefined
}): ReadonlyArray<Dataset> => {
  const seed = options.seed ?? 1
  const candlesOf = SyntheticCandles.make(seed)
  const firstInstant = Math.max(options.from ?? firstTrade, options.listedAt ?? -Infinity)
  const to = options.to ?? SyntheticCandles.endOfTime
  const timeframes = SyntheticCandles.timeframes.filter((timeframe) => options.intervals?.includes(timeframe) ?? true)
  return options.symbols.flatMap((symbol) => {
    const { base, quote } = splitSymbol(symbol)
    return timeframes.map((interval) => {
      // As at Binance, the first candle is the one in which trading began, though it opens before.
      const from = SyntheticCandles.openOf(interval, firstInstant)
      return assemble(
        { symbol, interval, status: options.status, market: options.market },
        { from, to },
        {
          candles: (asked) => candlesOf(`${base}/${quote}`, interval, asked),
          description: `synthetic, seed ${seed}`
        }
      )
    })
  })
}

type Row = ReadonlyArray<string | number>

const columnsOf = (rows: ReadonlyArray<Row>): Candles.Candles => {
  const candles = Candles.allocate(rows.length, { quoteVolume: true, trades: true })
  for (const [i, row] of rows.entries()) {
    candles.openTime[i] = Number(row[0])
    candles.open[i] = Number(row[1])
    candles.high[i] = Number(row[2])
    candles.low[i] = Number(row[3])
    candles.close[i] = Number(row[4])
    candles.volume[i] = Number(row[5])
    candles.quoteVolume![i] = Number(row[7])
    candles.trades![i] = Number(row[8])
  }
  return candles
}

/** Rows of the wire, kept character by character; of rows with one open time the last stays. */
const recorded = (about: About, rows: ReadonlyArray<Row>, kind: string): Dataset => {
  const byOpen = new Map(rows.map((row) => [Number(row[0]), row]))
  const sorted = [...byOpen.values()].sort((a, b) => Number(a[0]) - Number(b[0]))
  const candles = columnsOf(sorted)
  const texts = sorted.map((row) => JSON.stringify(row))
  return assemble(about, extentOf(candles.openTime), {
    candles: (interval) => Candles.within(candles, interval),
    klines: ({ from, to }) => {
      const start = Candles.lowerBound(candles.openTime, from)
      const end = Candles.lowerBound(candles.openTime, to)
      return KlineText.fromRows(candles.openTime.subarray(start, end), texts.slice(start, end))
    },
    description: describe(candles, kind)
  })
}

const columnCount = 12

/**
 * Recorded bodies of `/api/v3/klines`, in any order: arrays of rows, or
 * envelopes `{ body: rows }` around them. Throws a `SyntaxError` or
 * `RangeError` that says which text is none.
 */
export const fromKlinesJson = (texts: ReadonlyArray<string>, about: About): Dataset => {
  const rows = texts.flatMap((text, index) => {
    const parsed: unknown = JSON.parse(text)
    const body: unknown = Array.isArray(parsed) ? parsed : (parsed as { readonly body?: unknown } | null)?.body
    const bad = `recorded klines ${index + 1} of ${texts.length}`
    if (!Array.isArray(body)) throw new RangeError(`${bad}: neither an array of rows nor an object with one as "body"`)
    for (const [at, row] of body.entries()) {
      if (!Array.isArray(row) || row.length !== columnCount || !Number.isSafeInteger(row[0])) {
        throw new RangeError(`${bad}: row ${at + 1} is not a kline of ${columnCount} columns`)
      }
    }
    return body as ReadonlyArray<Row>
  })
  return recorded(about, rows, "recorded JSON")
}

const microsecondsFrom = 1e15
const millis = (text: string): number => {
  const value = Number(text)
  return value >= microsecondsFrom ? Math.floor(value / 1000) : value
}

/**
 * A file of the bulk archive: twelve columns, with or without a header, in
 * milliseconds or microseconds. Rows leave as REST gives them, in
 * milliseconds. Throws a `RangeError` naming the line that is no kline.
 */
export const fromCsv = (text: string, about: About): Dataset => {
  const rows: Array<Row> = []
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || (index === 0 && !/^\d/.test(line))) continue
    const fields = line.split(",")
    const open = millis(fields[0]!)
    if (fields.length !== columnCount || !Number.isSafeInteger(open)) {
      throw new RangeError(`line ${index + 1} of the CSV is not a kline of ${columnCount} columns`)
    }
    rows.push(
      fields.map((field, column) =>
        column === 0 ? open : column === 6 ? millis(field) : column === 8 ? Number(field) : field
      )
    )
  }
  return recorded(about, rows, "archive CSV")
}
