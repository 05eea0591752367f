/** The market of the tests that run for seconds: 60,000 minutes from 2024-01-01, in pages of a thousand. */
import { Candles } from "@tidemark/core"
import { Dataset } from "@tidemark/emulator"

const minute = 60_000
/** 2024-01-01T00:00Z */
export const start = 1_704_067_200_000
export const end = start + 60_000 * minute

/** Minutes and hours of two symbols. */
export const candles = 2 * (60_000 + 1_000)
export const pages = 2 * (60 + 1)

/** The flags that ask for all of it. */
export const backfill = [
  "backfill",
  "--source=binance",
  "--symbols=BTC/USDT,ETH/USDT",
  "--timeframes=1m,1h",
  "--start=2024-01-01",
  "--end=2024-02-11T16:00Z"
] as const

/** Opens that `revised` gives another volume: one in seven. */
const isRevised = (open: number, step: number): boolean => (open / step) % 7 === 0

/** Of the same pattern, but no two series are alike. */
const series = (symbol: string, interval: "1m" | "1h", factor: number, revised: boolean): Dataset.Dataset => {
  const step = interval === "1m" ? minute : 60 * minute
  const extent = { from: start, to: end }
  const pattern = Dataset.cheap({ symbol, interval, ...extent })
  return Dataset.generated({
    symbol,
    interval,
    extent,
    candles: (asked) => {
      const rows = pattern.candles(asked)
      const scaled = (column: Float64Array) => column.map((value) => value * factor)
      return {
        ...rows,
        open: scaled(rows.open),
        high: scaled(rows.high),
        low: scaled(rows.low),
        close: scaled(rows.close),
        volume: rows.volume.map((value, i) => (revised && isRevised(rows.openTime[i]!, step) ? value * 2 : value))
      }
    }
  })
}

export const datasets = (options: { readonly revised: boolean } = { revised: false }): ReadonlyArray<Dataset.Dataset> =>
  (["1m", "1h"] as const).flatMap((interval) => [
    series("BTC/USDT", interval, 1, options.revised),
    series("ETH/USDT", interval, 0.5, options.revised)
  ])

/** How many candles differ between the two editions of the market. */
export const revisedCandles = [minute, 60 * minute].reduce((sum, step) => {
  let count = 0
  for (let open = start; open < end; open += step) if (isRevised(open, step)) count++
  return sum + 2 * count
}, 0)

/** Hourly candles that a test can tell apart: opens at 100, 101, …; `volumes` replaces volumes by index. */
export const hourly = (options: {
  readonly symbol: string
  readonly rows: number
  readonly without?: ReadonlyArray<number>
  readonly volumes?: Readonly<Record<number, number>>
}): Dataset.Dataset => {
  const kept = Array.from({ length: options.rows }, (_, i) => i).filter((i) => !(options.without ?? []).includes(i))
  const candles = Candles.allocate(kept.length)
  for (const [at, i] of kept.entries()) {
    candles.openTime[at] = start + i * 60 * minute
    candles.open[at] = 100 + i
    candles.high[at] = 102 + i
    candles.low[at] = 99 + i
    candles.close[at] = 101 + i
    candles.volume[at] = options.volumes?.[i] ?? 1 + i
  }
  return Dataset.fromCandles({ symbol: options.symbol, interval: "1h", candles })
}
