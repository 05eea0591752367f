/**
 * The statistical jump model: bull or bear, where every change of mind has a
 * price, so that there are few of them.
 *
 * It is fitted to days that are past, and is plain data from then on, by which
 * `Labels` tells the state of each new day.
 *
 * Sources: Nystrup, Lindström and Madsen (2020), "Learning hidden Markov
 * models with persistent states by penalizing jumps"; Shu, Yu and Mulvey
 * (2024), "Downside risk reduction using regime-switching signals".
 */
import { Candles, type Interval } from "@tidemark/core"
import * as Fit from "./Fit.ts"
import { History } from "./History.ts"
import * as JumpFeatures from "./JumpFeatures.ts"
import * as Scale from "./Scale.ts"

/** The first is the state whose days have earned more in training. */
export const all = ["bull", "bear"] as const
export type Label = (typeof all)[number]

/** What made a row, for everyone who reads it: another version gives other labels. */
export const method = { id: "jump-model", version: 1 } as const

/** Plain data that JSON keeps to the last bit. */
export interface Model {
  readonly version: typeof method.version
  /** The price of going from one state to the other. */
  readonly lambda: number
  readonly scale: Scale.Scale
  /** In units of `scale`, by `JumpFeatures.names`. */
  readonly centroids: Readonly<Record<Label, ReadonlyArray<number>>>
  readonly training: {
    /** Opens of its first and its last day. */
    readonly from: number
    readonly to: number
    readonly days: number
    /** Of the cheapest path, which knows the future: labels that are told as the days come have more. */
    readonly switches: number
    /** Σ ½‖x − μ‖² + λ · switches */
    readonly cost: number
  }
}

export interface Training {
  /** Days that open in it are trained on; those before it are the past that their features follow from. */
  readonly interval: Interval.Interval
  /** Instants over which nothing goes on, ascending: where gaps end. */
  readonly breaks?: ReadonlyArray<number> | undefined
  /** No more days than these, the first that have features. */
  readonly days?: number | undefined
  /** Default: 50. */
  readonly lambda?: number | undefined
  /** Of where the search begins. Default: 1. */
  readonly seed?: number | undefined
}

/** Fewer days than about a year's are no training. */
export const leastTraining = 250

const width = JumpFeatures.names.length

/** Fits a model to daily candles, ascending, or says in words why there is none. */
export const fit = (candles: Candles.Candles, training: Training): Model | string => {
  const { breaks = [], days: most = Infinity, interval, lambda = 50, seed = 1 } = training
  const end = Candles.lowerBound(candles.openTime, interval.to)
  let history = new History("series")
  let next = 0
  const rows = new Float64Array(end * width)
  const opens: Array<number> = []
  const returns: Array<number> = []
  for (let row = 0; row < end && opens.length < most; row++) {
    const turned = next
    while (next < breaks.length && breaks[next]! <= candles.openTime[row]!) next++
    if (next > turned && row > 0) history = new History("gap")
    const reason = history.push(candles, row)
    if (reason !== null || candles.openTime[row]! < interval.from) continue
    rows.set(history.features, opens.length * width)
    opens.push(candles.openTime[row]!)
    returns.push(candles.close[row]! / candles.close[row - 1]! - 1)
  }
  const days = opens.length
  if (days < leastTraining) return `needs ${leastTraining} days to be trained on, has ${days}`
  const scaled = rows.slice(0, days * width)
  const scale = Scale.fit(scaled, width)
  Scale.apply(scale, scaled)
  const { centroids, cost, states } = Fit.fit(scaled, width, lambda, seed)
  const second = states.reduce((count, state) => count + state, 0)
  if (second === 0 || second === days) return "its days are too much alike for two states"
  // What the days of the first state have earned, less those of the second.
  const lead = returns.reduce((sum, value, day) => sum + (states[day] === 0 ? value : -value), 0)
  const [bull, bear] = lead >= 0 ? centroids : [centroids[1], centroids[0]]
  return {
    version: method.version,
    lambda,
    scale,
    centroids: { bull: [...bull], bear: [...bear] },
    training: {
      from: opens[0]!,
      to: opens[days - 1]!,
      days,
      switches: states.reduce((count, state, day) => count + (day > 0 && state !== states[day - 1] ? 1 : 0), 0),
      cost
    }
  }
}
