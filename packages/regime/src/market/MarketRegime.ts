/**
 * The market regime of every day, of the daily candles up to it and nothing
 * after.
 *
 * A run is of candles that follow one another: it begins at the first candle
 * of a series, after a gap that could still be filled, and after a candle
 * whose prices are none. It goes on from what it has saved as if it had never
 * been interrupted, whatever the batches are.
 *
 * A day without a regime is skipped, with the reason in words.
 */
import { Candles } from "@tidemark/core"
import type { Columns } from "@tidemark/features"
import * as InputHash from "@tidemark/features/InputHash"
import { deviation } from "@tidemark/features/Windows"
import { type Beginning, shortage } from "../Beginning.ts"
import { isAboveZero } from "../AboveZero.ts"
import { causal } from "./Causal.ts"
import { classic } from "./Classic.ts"
import * as Confirmation from "./Confirmation.ts"
import * as Points from "./Points.ts"
import { type AnomalyOf, indicators, type Profile } from "./Profile.ts"
import { all, type Regime } from "./Regime.ts"
import * as Rows from "./Rows.ts"

export const profiles = { classic, causal } as const
export type ProfileId = keyof typeof profiles

export interface Options {
  /** Default: `causal`. */
  readonly profile?: ProfileId | undefined
  /** Daily candles a year on the market's calendar. `classic` always counts 252. */
  readonly barsPerYear: number
  /** Default: `series`. */
  readonly beginning?: Beginning | undefined
}

/** What a run needs to go on: plain data that JSON keeps to the last bit. */
export interface Saved {
  readonly profile: ProfileId
  readonly barsPerYear: number
  readonly beginning: Beginning
  /** Candles of the run so far. */
  readonly age: number
  readonly hash: readonly [number, number]
  readonly confirmation: Confirmation.Confirmation
  /** Closes and volumes of its last candles. */
  readonly tail: readonly [close: ReadonlyArray<number>, volume: ReadonlyArray<number>]
}

/** One row a candle; a row that is skipped has `null` and `NaN` throughout, and a reason. */
export interface Batch {
  readonly openTime: Float64Array
  readonly regimes: ReadonlyArray<Regime | null>
  /** The last regime that lasted for five days; `null` before the first. */
  readonly confirmed: ReadonlyArray<Regime | null>
  /** 0 to 1. */
  readonly confidence: Float64Array
  /** By `Regime.all`: points with `classic`, shares of the points that there are (0 to 1) with `causal`. */
  readonly scores: Columns
  /** By `Profile.indicators`. */
  readonly indicators: Columns
  readonly anomalyOf: ReadonlyArray<AnomalyOf | null>
  readonly inputHash: Float64Array
  /** Why a row is skipped; `null` if it is not. */
  readonly reasons: ReadonlyArray<string | null>
}

type Filling = { -readonly [K in keyof Batch]: Batch[K] extends ReadonlyArray<infer A> ? Array<A> : Batch[K] }

const allocate = (openTime: Float64Array): Filling => {
  const size = openTime.length
  const column = () => new Float64Array(size).fill(Number.NaN)
  const words = <A>(): Array<A | null> => Array.from({ length: size }, () => null)
  return {
    openTime,
    regimes: words(),
    confirmed: words(),
    confidence: column(),
    scores: all.map(column),
    indicators: indicators.map(column),
    anomalyOf: words(),
    inputHash: new Float64Array(size),
    reasons: words()
  }
}

export class Run {
  private readonly profile: Profile
  private readonly barsPerYear: number
  private beginning: Beginning
  private age = 0
  private hash: InputHash.HashState = [...InputHash.initial]
  private confirmation = Confirmation.none
  private close = new Float64Array(0)
  private volume = new Float64Array(0)
  private readonly measured = new Float64Array(indicators.length)
  private readonly points = new Float64Array(all.length)

  constructor(start: Options | Saved) {
    this.profile = profiles[start.profile ?? "causal"]
    this.barsPerYear = start.barsPerYear
    this.beginning = start.beginning ?? "series"
    if (!("tail" in start)) return
    this.age = start.age
    this.hash = [...start.hash]
    this.confirmation = start.confirmation
    this.close = Float64Array.from(start.tail[0])
    this.volume = Float64Array.from(start.tail[1])
  }

  save(): Saved {
    return {
      profile: this.profile.id,
      barsPerYear: this.barsPerYear,
      beginning: this.beginning,
      age: this.age,
      hash: [...this.hash],
      confirmation: this.confirmation,
      tail: [[...this.close], [...this.volume]]
    }
  }

  private restart(): void {
    this.beginning = "broken candle"
    this.age = 0
    this.hash = [...InputHash.initial]
    this.confirmation = Confirmation.none
    this.close = new Float64Array(0)
    this.volume = new Float64Array(0)
  }

  /** From here on prices are in other shares, `factor` of one before: the past is told in them too. */
  split(factor: number): void {
    this.close = this.close.map((value) => value * factor)
    this.volume = this.volume.map((value) => value / factor)
    InputHash.mix(factor, this.hash)
  }

  /** The regimes of daily candles that follow those before them, ascending. */
  push(candles: Candles.Candles): Batch {
    const size = Candles.length(candles)
    const batch = allocate(candles.openTime)
    for (let from = 0; from < size;) {
      let to = from
      while (to < size && isAboveZero(candles, to)) to++
      if (to > from) this.priced(candles, from, to, batch)
      // Nothing goes on over one that is no candle.
      if (to < size) {
        this.restart()
        batch.reasons[to] = "it has no prices above 0"
        InputHash.chain(candles, to, to + 1, [...InputHash.initial], batch.inputHash.subarray(to))
      }
      from = to + 1
    }
    return batch
  }

  private priced(candles: Candles.Candles, from: number, to: number, batch: Filling): void {
    const { needs, reach, returnOf } = this.profile
    const start = this.close.length
    const volumes = candles.volume.slice(from, to).map((value) => (value > 0 && value < Infinity ? value : 0))
    const rows = Rows.of(
      Candles.joined([this.close, candles.close.subarray(from, to)]),
      Candles.joined([this.volume, volumes]),
      returnOf
    )
    InputHash.chain(candles, from, to, this.hash, batch.inputHash.subarray(from, to))
    for (let row = from; row < to; row++) {
      this.age++
      batch.reasons[row] =
        this.age < needs ? shortage(needs, this.age, this.beginning) : this.judge(rows, start + row - from, row, batch)
      this.confirmation = Confirmation.next(this.confirmation, batch.regimes[row]!)
      if (batch.regimes[row] !== null) batch.confirmed[row] = this.confirmation.confirmed
    }
    const end = rows.close.length
    this.close = rows.close.slice(Math.max(0, end - reach + 1))
    this.volume = rows.volume.slice(Math.max(0, end - reach + 1))
  }

  /** Fills a row, or says why it has none. */
  private judge(rows: Rows.Rows, row: number, out: number, batch: Filling): string | null {
    // One return less than there are candles in the shortest history.
    const spread = deviation(rows.returns, row, 59, 1)
    if (!Number.isFinite(spread)) return "one of its last 59 returns is no finite number"
    if (spread <= Rows.leastDeviation) return "its last 59 returns do not vary"
    const anomalyOf = this.profile.measure(rows, row, this.barsPerYear, this.measured)
    const broken = this.measured.findIndex((value) => !Number.isFinite(value))
    if (broken >= 0) return `its ${indicators[broken]!.replace("_", " ")} is no finite number`
    Points.fill(this.measured, this.points)
    const { confidence, regime } = this.profile.decide(this.points)
    batch.regimes[out] = regime
    batch.confidence[out] = confidence
    batch.anomalyOf[out] = anomalyOf
    for (let i = 0; i < indicators.length; i++) batch.indicators[i]![out] = this.measured[i]!
    for (let i = 0; i < all.length; i++) batch.scores[i]![out] = this.points[i]!
    return null
  }
}
