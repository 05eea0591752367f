/** Candles that look like a market's, from a seed, with prices that are often the same. */
import { Candles } from "@tidemark/core"

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export const random = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** 2024-01-01T00:00Z, a Monday. */
export const start = 1_704_067_200_000

export const hourMillis = 3_600_000

/** Hours of 2024, some flat, some without volume; prices are multiples of 1/16 around 100. */
export const candles = (size: number, seed: number): Candles.Candles => {
  const next = random(seed)
  const out = Candles.allocate(size)
  const step = (most: number) => Math.floor(next() * (most + 1)) / 16
  let price = 100
  for (let i = 0; i < size; i++) {
    const flat = next() < 0.1
    const open = price
    // Back towards 100, so that prices are met again.
    const close = flat ? open : open + step(16) - step(16) - (open > 110 ? 0.125 : open < 90 ? -0.125 : 0)
    out.openTime[i] = start + i * hourMillis
    out.open[i] = open
    out.close[i] = close
    out.high[i] = Math.max(open, close) + (flat ? 0 : step(6))
    out.low[i] = Math.min(open, close) - (flat ? 0 : step(6))
    out.volume[i] = next() < 0.1 ? 0 : Math.round(next() * 1_000)
    // Now and then it opens elsewhere than it closed.
    price = close + (next() < 0.1 ? step(8) - step(8) : 0)
  }
  return out
}

/** Candles from rows of open, high, low, close and, if it matters, volume. */
export const of = (rows: ReadonlyArray<ReadonlyArray<number>>): Candles.Candles => {
  const column = (at: number) => Float64Array.from(rows, (row) => row[at] ?? 0)
  return {
    openTime: Float64Array.from(rows, (_, i) => start + i * hourMillis),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: column(4)
  }
}

/** Candles that open and close at these prices, one after the other, a quarter beyond on both sides. */
export const path = (closes: ReadonlyArray<number>): Candles.Candles =>
  of(
    closes.map((close, i) => {
      const open = closes[Math.max(0, i - 1)]!
      return [open, Math.max(open, close) + 0.25, Math.min(open, close) - 0.25, close, 10]
    })
  )

/** Every finite or null number of a value, however deep. */
export const isClean = (value: unknown): boolean =>
  typeof value === "number"
    ? Number.isFinite(value)
    : typeof value !== "object" || value === null || Object.values(value).every(isClean)
