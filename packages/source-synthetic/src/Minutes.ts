/**
 * The minutes of one session.
 *
 * The path is a Brownian bridge from the session's open to its close, in a
 * time that runs with the intraday profile of volatility: U-shaped where a
 * market opens and closes, a mild daily cycle where it trades around the
 * clock. High and low follow the law of the extremes of a bridge inside the
 * minute. Volume follows the profile, the size of the minute's move and the
 * regime, times a lognormal factor.
 *
 * Columns are reused from session to session: nothing is allocated here.
 *
 * **Gotcha**: the numbers depend on `Math.exp` and `Math.log`, which V8
 * computes alike on every platform; another engine may differ in the last
 * digit.
 */
import { Candles } from "@tidemark/core"
import { regimes, type Step } from "./Chain.ts"
import type { Profile } from "./Profile.ts"
import * as Random from "./Random.ts"

const maxMinutes = 1_440

/** Shape of a session of so many minutes. */
interface Shape {
  /** Share of the session's variance that lies before minute i; `length + 1` long. */
  readonly time: Float64Array
  /** Share of the session's standard deviation in minute i. */
  readonly deviation: Float64Array
  /** Mean volume of minute i, in that of an average minute. */
  readonly volume: Float64Array
}

/** Variance at `u` of a session, 0 to 1: high after the open and before the close. */
const uShape = (u: number): number => 0.6 + 2.4 * (2 * u - 1) ** 4 + 1.6 * Math.exp(-u / 0.05)
/** Variance at `u` of a day, 0 to 1: highest when both America and Europe are at work. */
const daily = (u: number): number => 1 + 0.4 * Math.cos(2 * Math.PI * (u - 0.63))

const shapes = new Map<number, Shape>()

const shapeOf = (minutes: number): Shape => {
  let shape = shapes.get(minutes)
  if (shape === undefined) {
    const weight = minutes >= 1_200 ? daily : uShape
    const weights = Float64Array.from({ length: minutes }, (_, i) => weight((i + 0.5) / minutes))
    const total = weights.reduce((sum, value) => sum + value, 0)
    const time = new Float64Array(minutes + 1)
    for (let i = 0; i < minutes; i++) time[i + 1] = time[i]! + weights[i]! / total
    shape = {
      time,
      deviation: weights.map((value) => Math.sqrt(value / total)),
      volume: weights.map((value) => (value / total) * minutes)
    }
    shapes.set(minutes, shape)
  }
  return shape
}

/** Far above any minute that is generated; keeps the sum of a month's minutes below 2^53 units. */
const maxUnits = 2 ** 36

export interface Minutes {
  /** Overwritten by the next call of `fill`; `openTime` is not filled. */
  readonly columns: Required<Candles.Candles>
  /** Generates the first `count` rows, which are the session of `step`. */
  readonly fill: (profile: Profile, step: Readonly<Step>, count: number) => void
}

export const make = (): Minutes => {
  const columns = Candles.allocate(maxMinutes, { quoteVolume: true, trades: true }) as Required<Candles.Candles>
  const { close, high, low, open, quoteVolume, trades, volume } = columns as Record<keyof Candles.Candles, Float64Array>
  const hashes = new Int32Array(maxMinutes)
  const walk = new Float64Array(maxMinutes)
  const { exponentials, lognormals, normals } = Random

  return {
    columns,
    fill: (profile, step, count) => {
      const shape = shapeOf(count)
      const { deviation, time } = shape
      const { key, logOpen, volatility } = step
      let sum = 0
      for (let i = 0; i < count; i++) {
        const hash = Random.at(key, i)
        hashes[i] = hash
        sum += deviation[i]! * normals[hash >>> 20]!
        walk[i] = sum
      }
      const drift = step.logClose - step.jump - logOpen - volatility * sum
      const jumpMinute = Math.floor(step.jumpAt * count)
      const { lot, lotsPerMinute, lotsPerTrade, ticksPerUnit, valueUnit } = profile
      const lots = lotsPerMinute * regimes[step.regime]!.activity
      let logFrom = logOpen
      let ticksFrom = Math.max(1, Math.round(Math.exp(logOpen) * ticksPerUnit))
      for (let i = 0; i < count; i++) {
        const hash = hashes[i]!
        const second = Random.mix(hash ^ 0x2545f491)
        const logTo = logOpen + drift * time[i + 1]! + volatility * walk[i]! + (i < jumpMinute ? 0 : step.jump)
        const move = logTo - logFrom
        const size = move < 0 ? -move : move
        const sigma = volatility * deviation[i]!
        // Maximum of a bridge over d with variance s²: (d + √(d² - 2 s² ln U)) / 2; the minimum mirrors it.
        const above = (Math.sqrt(move * move + sigma * sigma * exponentials[(hash >>> 8) & 4_095]!) - size) / 2
        const below = (Math.sqrt(move * move + sigma * sigma * exponentials[second >>> 20]!) - size) / 2
        const ticksTo = Math.max(1, Math.round(Math.exp(logTo) * ticksPerUnit))
        const top = ticksFrom > ticksTo ? ticksFrom : ticksTo
        const bottom = ticksFrom > ticksTo ? ticksTo : ticksFrom
        const highTicks = Math.round(top * (1 + above))
        const lowTicks = Math.max(1, Math.round(bottom * (1 - below)))
        open[i] = ticksFrom / ticksPerUnit
        high[i] = highTicks / ticksPerUnit
        low[i] = lowTicks / ticksPerUnit
        close[i] = ticksTo / ticksPerUnit
        const restless = 0.5 + (0.63 * Math.min(size, 8 * sigma)) / sigma
        const amount = lots * shape.volume[i]! * restless * lognormals[(second >>> 8) & 4_095]!
        const traded = Math.min(maxUnits, Math.max(1, Math.round(amount)))
        const typical = (highTicks + lowTicks + ticksTo) / (3 * ticksPerUnit)
        volume[i] = traded * lot
        quoteVolume[i] = Math.min(maxUnits, Math.max(1, Math.round((traded * lot * typical) / valueUnit))) * valueUnit
        trades[i] = Math.ceil(traded / (lotsPerTrade * (0.75 + (second & 255) / 512)))
        logFrom = logTo
        ticksFrom = ticksTo
      }
    }
  }
}
