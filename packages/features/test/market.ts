/** Candles that look like a market's, from a seed. */
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

/** Minutes of 2024, some flat, some without volume. */
export const candles = (size: number, seed: number): Candles.Candles => {
  const next = random(seed)
  const out = Candles.allocate(size)
  let price = 50 + 100 * next()
  for (let i = 0; i < size; i++) {
    const flat = next() < 0.1
    const open = price * (flat ? 1 : 1 + (next() - 0.5) / 100)
    const close = flat ? open : open * (1 + (next() - 0.5) / 50)
    out.openTime[i] = 1_704_067_200_000 + i * 60_000
    out.open[i] = open
    out.close[i] = close
    out.high[i] = Math.max(open, close) * (flat ? 1 : 1 + next() / 100)
    out.low[i] = Math.min(open, close) * (flat ? 1 : 1 - next() / 100)
    out.volume[i] = next() < 0.1 ? 0 : Math.round(next() * 1_000)
    price = close
  }
  return out
}
