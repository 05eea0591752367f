/**
 * How far prices have run, over several timeframes: Σ w · 2 · (RSI(14) − 50) /
 * Σ w over those that are known, from −100 to 100.
 */
import type { Gamma } from "@tidemark/core"

type Weights<Timeframes extends ReadonlyArray<string>> = { readonly [I in keyof Timeframes]: number }

/** Of each timeframe of `Gamma.rsiTimeframes`. */
const weights: Weights<typeof Gamma.rsiTimeframes> = [0.1, 0.15, 0.2, 0.25, 0.3]

/** Timeframes that have to be known for there to be a score. */
export const fewest = 3

const overboughtAbove = 70
const oversoldBelow = 30

export interface RsiScore {
  /** `null` with fewer than three timeframes. */
  readonly score: number | null
  /** Timeframes whose RSI is known. */
  readonly known: number
  /** Timeframes above 70, and below 30. */
  readonly overbought: number
  readonly oversold: number
  /** Timeframes whose own 2 · (RSI − 50) has the sign of the score; 0 without a score, or where that is 0. */
  readonly aligned: number
}

export const of = (rsi: ReadonlyArray<number | null>): RsiScore => {
  let [sum, weight, known, overbought, oversold] = [0, 0, 0, 0, 0]
  for (const [i, value] of rsi.entries()) {
    if (value === null) continue
    known++
    sum += weights[i]! * 2 * (value - 50)
    weight += weights[i]!
    if (value > overboughtAbove) overbought++
    if (value < oversoldBelow) oversold++
  }
  const score = known < fewest ? null : sum / weight
  const side = Math.sign(score ?? 0)
  const aligned = side === 0 ? 0 : rsi.filter((value) => value !== null && Math.sign(value - 50) === side).length
  return { score, known, overbought, oversold, aligned }
}
