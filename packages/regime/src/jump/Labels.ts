/**
 * The states of days as they come, by a model that is there already.
 *
 * The label of a day is the state in which the cheapest path up to that day
 * ends, and no day changes the label of one before it. One step a day, the
 * same whatever the batches are.
 *
 * A run is of candles that follow one another, as in `MarketRegime`; a day
 * without a label is skipped, with the reason in words.
 */
import { Candles } from "@tidemark/core"
import type { Columns } from "@tidemark/features"
import * as InputHash from "@tidemark/features/InputHash"
import type { Beginning } from "../Beginning.ts"
import { History, type Saved as SavedHistory } from "./History.ts"
import type { Label, Model } from "./JumpModel.ts"
import * as Path from "./Path.ts"
import * as Scale from "./Scale.ts"

export interface Options {
  readonly model: Model
  /** Default: `series`. */
  readonly beginning?: Beginning | undefined
}

/** What a run needs to go on: plain data that JSON keeps to the last bit. */
export interface Saved {
  readonly model: Model
  readonly hash: readonly [number, number]
  readonly history: SavedHistory
  readonly costs: readonly [bull: number, bear: number]
}

/** One row a candle; a row that is skipped has `null` and `NaN`, and a reason. */
export interface Batch {
  readonly openTime: Float64Array
  readonly labels: ReadonlyArray<Label | null>
  /** By how much the cheapest path to the other state costs more: never more than λ and what one day adds. */
  readonly lead: Float64Array
  /** By `JumpFeatures.names`, as they are before they are scaled. */
  readonly features: Columns
  readonly inputHash: Float64Array
  /** Why a row is skipped; `null` if it is not. */
  readonly reasons: ReadonlyArray<string | null>
}

/** ½‖x − μ‖² */
const loss = (features: Float64Array, centroid: ReadonlyArray<number>): number => {
  let sum = 0
  for (let i = 0; i < features.length; i++) sum += (features[i]! - centroid[i]!) ** 2
  return sum / 2
}

/** Where the hashes of a model's labels begin: another model, other hashes. */
const hashOf = ({ centroids, lambda, scale }: Model): InputHash.HashState => {
  const state: InputHash.HashState = [...InputHash.initial]
  const numbers = [lambda, ...centroids.bull, ...centroids.bear, ...Object.values(scale).flat()]
  for (const number of numbers) InputHash.mix(number, state)
  return state
}

export class Run {
  private readonly model: Model
  private readonly history: History
  private readonly beginning: InputHash.HashState
  private hash: InputHash.HashState
  private costs: Path.Costs = [0, 0]

  constructor(start: Options | Saved) {
    this.model = start.model
    this.beginning = hashOf(start.model)
    this.hash = [...this.beginning]
    this.history = new History("history" in start ? start.history : (start.beginning ?? "series"))
    if (!("history" in start)) return
    this.hash = [...start.hash]
    this.costs = [...start.costs]
  }

  save(): Saved {
    return { model: this.model, hash: [...this.hash], history: this.history.save(), costs: [...this.costs] }
  }

  /** From here on prices are in other shares, `factor` of one before. */
  split(factor: number): void {
    this.history.split(factor)
    InputHash.mix(factor, this.hash)
  }

  /** The labels of daily candles that follow those before them, ascending. */
  push(candles: Candles.Candles): Batch {
    const size = Candles.length(candles)
    const { centroids, lambda, scale } = this.model
    const labels = Array.from({ length: size }, (): Label | null => null)
    const reasons = Array.from({ length: size }, (): string | null => null)
    const lead = new Float64Array(size).fill(Number.NaN)
    const inputHash = new Float64Array(size)
    const features = Array.from(this.history.features, () => new Float64Array(size).fill(Number.NaN))
    const scaled = new Float64Array(features.length)
    for (let row = 0; row < size; row++) {
      const reason = (reasons[row] = this.history.push(candles, row))
      const isBroken = this.history.isEmpty
      InputHash.chain(candles, row, row + 1, isBroken ? [...this.beginning] : this.hash, inputHash.subarray(row))
      if (isBroken) {
        this.hash = [...this.beginning]
        this.costs = [0, 0]
      }
      if (reason !== null) continue
      scaled.set(this.history.features)
      for (let i = 0; i < scaled.length; i++) features[i]![row] = scaled[i]!
      Scale.apply(scale, scaled)
      Path.step(this.costs, loss(scaled, centroids.bull), loss(scaled, centroids.bear), lambda)
      labels[row] = Path.isSecond(this.costs) ? "bear" : "bull"
      lead[row] = Math.abs(this.costs[0] - this.costs[1])
    }
    return { openTime: candles.openTime, labels, lead, features, inputHash, reasons }
  }
}
