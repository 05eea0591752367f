/** Generated histories for tests of the detectors, as columns and as rows that can be changed. */
import { Calendars } from "@tidemark/calendars"
import { Candles, Instrument, type Source, type Timeframe } from "@tidemark/core"
import { Anomalies, type Anomaly } from "@tidemark/quality"
import { plugin } from "@tidemark/source-synthetic"
import { Effect, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

export interface Row {
  t: number
  o: number
  h: number
  l: number
  c: number
  v: number
}

export interface Series {
  readonly name: string
  readonly context: Anomaly.Context
  readonly candles: Candles.Candles
}

const noNetwork = HttpClient.make((_, url) => Effect.die(new Error(`a request to ${url.href}`)))

/** A history of the generator, without a defect. */
export const clean = Effect.fnUntraced(function* (
  seed: number,
  symbol: string,
  timeframe: Timeframe.Timeframe,
  from: string,
  to: string
) {
  const assetClass = Instrument.assetClassOf(symbol)
  const calendar = Calendars.get(Instrument.calendarOf(assetClass))
  const request: Source.CandlesRequest = {
    symbol,
    assetClass,
    calendar,
    timeframe,
    interval: { from: Date.parse(from), to: Date.parse(to) }
  }
  yield* TestClock.setTime(Date.parse("2026-01-01"))
  const source = yield* plugin.make({ seed }).pipe(Effect.provideService(HttpClient.HttpClient, noNetwork))
  const pages = yield* Stream.runCollect(source.candles(request))
  const series: Series = {
    name: `${symbol} ${timeframe} seed ${seed}`,
    context: { timeframe, calendar, assetClass, splits: [] },
    candles: Candles.concat(pages.map((page) => page.candles))
  }
  return series
})

/** Around the clock, around the week and in sessions; from minutes to weeks. */
export const universe = (seed: number) =>
  Effect.all([
    clean(seed, "BTC/USDT", "1m", "2024-01-01", "2024-02-20"),
    clean(seed, "ETH/USDT", "15m", "2021-01-01", "2023-06-01"),
    clean(seed, "DOGE/USDT", "1h", "2016-01-01", "2024-10-01"),
    clean(seed, "SOL/USDT", "4h", "2005-01-01", "2024-10-01"),
    clean(seed, "ADA/USDT", "1d", "1988-01-01", "2024-10-01"),
    clean(seed, "AAPL", "1m", "2023-01-01", "2023-10-01"),
    clean(seed, "MSFT", "5m", "2020-06-01", "2024-05-01"),
    clean(seed, "QQQ", "15m", "2014-01-01", "2024-05-01"),
    clean(seed, "NVDA", "30m", "2001-01-01", "2024-05-01"),
    clean(seed, "KO", "1h", "1990-01-01", "2024-05-01"),
    clean(seed, "SPY", "1d", "1972-01-01", "2024-05-01"),
    clean(seed, "IBM", "1w", "1971-01-01", "2024-05-01"),
    clean(seed, "EUR/USD", "15m", "2021-01-01", "2023-06-01"),
    clean(seed, "^GSPC", "1h", "2005-01-01", "2024-05-01")
  ])

export const toRows = ({ close, high, low, open, openTime, volume }: Candles.Candles): Array<Row> =>
  Array.from(openTime, (t, i) => ({ t, o: open[i]!, h: high[i]!, l: low[i]!, c: close[i]!, v: volume[i]! }))

export const toCandles = (rows: ReadonlyArray<Row>): Candles.Candles => ({
  openTime: Float64Array.from(rows, ({ t }) => t),
  open: Float64Array.from(rows, ({ o }) => o),
  high: Float64Array.from(rows, ({ h }) => h),
  low: Float64Array.from(rows, ({ l }) => l),
  close: Float64Array.from(rows, ({ c }) => c),
  volume: Float64Array.from(rows, ({ v }) => v)
})

/** Everything that a scan finds, in batches of the given sizes one after the other. */
export const find = (
  context: Anomaly.Context,
  candles: Candles.Candles,
  sizes: ReadonlyArray<number> = [10_000]
): ReadonlyArray<Anomaly.Anomaly> => {
  const scan = Anomalies.scan(context)
  const rows = Candles.length(candles)
  for (let from = 0, i = 0; from < rows; i++) {
    const to = Math.min(rows, from + sizes[i % sizes.length]!)
    scan.push(Candles.slice(candles, from, to))
    from = to
  }
  return scan.finish()
}

/** Numbers in [0, 1) from a seed: mulberry32. */
export const random = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
