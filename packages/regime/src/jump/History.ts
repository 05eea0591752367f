/** The features of daily candles that follow one another, candle by candle. */
import type { Candles } from "@tidemark/core"
import { type Beginning, shortage } from "../Beginning.ts"
import { isAboveZero } from "../AboveZero.ts"
import * as JumpFeatures from "./JumpFeatures.ts"

/** Candles of a run, up to and with the first that has features to go by. */
export const needs = JumpFeatures.warmUp + 1

/** How far a run has come: plain data that JSON keeps to the last bit. */
export interface Saved {
  readonly beginning: Beginning
  /** Candles so far. */
  readonly age: number
  /** The last one's. */
  readonly close: number
  readonly averages: ReadonlyArray<number>
}

export class History {
  /** Those of the last candle, by `JumpFeatures.names`. */
  readonly features = new Float64Array(JumpFeatures.names.length)
  private beginning: Beginning
  private age = 0
  private close = 0
  private averages: JumpFeatures.State = [...JumpFeatures.initial]

  constructor(start: Beginning | Saved) {
    this.beginning = typeof start === "string" ? start : start.beginning
    if (typeof start === "string") return
    this.age = start.age
    this.close = start.close
    this.averages = [...start.averages]
  }

  save(): Saved {
    return { beginning: this.beginning, age: this.age, close: this.close, averages: [...this.averages] }
  }

  /** Whether the next candle is the first of a run. */
  get isEmpty(): boolean {
    return this.age === 0
  }

  /** From here on prices are in other shares, `factor` of one before. */
  split(factor: number): void {
    this.close *= factor
  }

  private restart(): void {
    this.beginning = "broken candle"
    this.age = 0
    this.close = 0
    this.averages = [...JumpFeatures.initial]
  }

  /** Brings in the next candle, and says why its features are not to be used, where they are not. */
  push(candles: Candles.Candles, row: number): string | null {
    const close = candles.close[row]!
    const change = this.isEmpty ? 0 : close / this.close - 1
    // What is infinite, or its square, would stay in every mean from here on.
    if (!isAboveZero(candles, row) || !Number.isFinite(change * change)) {
      this.restart()
      return isAboveZero(candles, row) ? "its return is no finite number" : "it has no prices above 0"
    }
    if (!this.isEmpty) JumpFeatures.push(change, this.averages, this.features)
    this.age++
    this.close = close
    if (this.age < needs) return shortage(needs, this.age, this.beginning)
    return this.features.every(Number.isFinite) ? null : "there is no loss in its past"
  }
}
