/** Daily candles that look like a market's, from a seed. */
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

const dayMillis = 86_400_000

/** Days from 2020 that rise, fall, stand and swing by turns; in some weeks there is no volume. */
export const days = (size: number, seed: number): Candles.Candles => {
  const next = random(seed)
  const out = Candles.allocate(size)
  let price = 50 + 100 * next()
  let [drift, swing, isTraded] = [0, 0.01, true]
  for (let i = 0; i < size; i++) {
    if (next() < 0.03) {
      drift = (next() - 0.5) / 100
      swing = 0.002 + next() * next() * 0.06
    }
    if (next() < 0.01) isTraded = !isTraded
    const close = price * Math.exp(drift + swing * (next() + next() - 1))
    out.openTime[i] = 1_577_836_800_000 + i * dayMillis
    out.open[i] = price
    out.close[i] = close
    out.high[i] = Math.max(price, close) * (1 + swing * next())
    out.low[i] = Math.min(price, close) * (1 - swing * next())
    out.volume[i] = isTraded ? Math.round(1_000 * (0.5 + next()) * (next() < 0.05 ? 5 : 1)) : 0
    price = close
  }
  return out
}

/** Days of these closes, and of these volumes. */
export const daysOf = (close: Iterable<number>, volume: ReadonlyArray<number> = []): Candles.Candles => {
  const prices = Float64Array.from(close)
  return {
    openTime: Float64Array.from(prices, (_, i) => 1_577_836_800_000 + i * dayMillis),
    open: prices,
    high: prices,
    low: prices,
    close: prices,
    volume: Float64Array.from(prices, (_, i) => volume[i] ?? 0)
  }
}
