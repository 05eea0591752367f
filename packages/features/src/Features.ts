/**
 * All features of a candle, of everything up to it and nothing after.
 *
 * A run is of candles that follow one another: it begins at the first candle
 * of a series, after a gap that could still be filled, and after a candle
 * whose prices are no numbers. It goes on from what it has saved as if it had
 * never been interrupted.
 *
 * What a feature is not, and why, is in words: `warm-up` before there are
 * candles enough, `undefined` where its formula has no value (volume that does
 * not vary has no z-score), `no prices` for a candle that is none.
 */
import { Candles } from "@tidemark/core"
import * as Averages from "./Averages.ts"
import type { Columns, Indicator, Rows, State } from "./Indicator.ts"
import * as InputHash from "./InputHash.ts"
import * as Logs from "./Logs.ts"
import * as Returns from "./Returns.ts"
import * as Volatility from "./Volatility.ts"
import * as Volumes from "./Volumes.ts"
import * as Wilder from "./Wilder.ts"

/** What made a row, for everyone who reads it: another version gives other values. */
export const method = { id: "features", version: 1 } as const

export const indicators = (barsPerYear: number): ReadonlyArray<Indicator> => [
  Returns.simple,
  Returns.log,
  Volatility.closeToClose(20, barsPerYear),
  Volatility.parkinson(20, barsPerYear),
  Volatility.garmanKlass(20, barsPerYear),
  Volatility.rogersSatchell(20, barsPerYear),
  Volatility.yangZhang(20, barsPerYear),
  Wilder.trueRange,
  Wilder.atr(14),
  Wilder.rsi(14),
  Wilder.adx(14),
  Averages.sma(20),
  Averages.sma(50),
  Averages.ema(20),
  Averages.ema(50),
  Averages.ema(200),
  Averages.macd(12, 26, 9),
  Averages.bollinger(20, 2),
  Averages.trend(14),
  Volumes.zScore(20),
  Volumes.ratio(20)
]

const described = indicators(1).flatMap(({ columns }) => columns)

/** In the order of every batch. */
export const names: ReadonlyArray<string> = described.map(({ name }) => name)
const warmUps = described.map(({ warmUp }) => warmUp)

/** Candles before a row that windows reach back to, at most. */
const reach = 50

/** Why a run has few candles yet: it is that of a series, or another had to end. */
export type Beginning = "warm-up" | "warm-up after a gap"

/** What a run needs to go on: plain data that JSON keeps to the last bit. */
export interface Saved {
  readonly beginning: Beginning
  /** Candles of the run so far. */
  readonly age: number
  readonly hash: readonly [number, number]
  readonly states: ReadonlyArray<ReadonlyArray<number>>
  /** Its last candles: open times, then the other columns that features are made of. */
  readonly tail: ReadonlyArray<ReadonlyArray<number>>
}

export interface Batch {
  readonly openTime: Float64Array
  /** By `names`; `NaN` where there is none. */
  readonly columns: Columns
  readonly inputHash: Float64Array
  /** Why there is none, where there is none. */
  readonly reasons: ReadonlyArray<string | null>
}

const needed = ["openTime", "open", "high", "low", "close", "volume"] as const

const fromTail = (tail: Saved["tail"]): Candles.Candles => {
  const columns = needed.map((_, i) => Float64Array.from(tail[i] ?? []))
  return Object.fromEntries(needed.map((name, i) => [name, columns[i]!])) as unknown as Candles.Candles
}

const toTail = (candles: Candles.Candles): Saved["tail"] => needed.map((name) => [...candles[name]])

/** Only what features are made of: what else a batch has, another may not. */
const only = ({ close, high, low, open, openTime, volume }: Candles.Candles): Candles.Candles => ({
  openTime,
  open,
  high,
  low,
  close,
  volume
})

/** The reason of a row without all of its features, in one sentence; the same ones come again and again. */
const sentences = () => {
  const made = new Map<string, string>()
  return (missing: ReadonlyArray<number>, age: number, beginning: Beginning): string => {
    const isWarm = (i: number) => age >= warmUps[i]!
    const key = `${missing.map((i) => (isWarm(i) ? i : -i - 1)).join()} ${beginning}`
    const known = made.get(key)
    if (known !== undefined) return known
    const parts = [
      { word: beginning, columns: missing.filter((i) => !isWarm(i)).map((i) => names[i]) },
      { word: "undefined", columns: missing.filter(isWarm).map((i) => names[i]) }
    ]
    const sentence = parts
      .filter(({ columns }) => columns.length > 0)
      .map(({ columns, word }) => `${word}: ${columns.join(", ")}`)
      .join("; ")
    made.set(key, sentence)
    return sentence
  }
}

export class Run {
  private readonly indicators: ReadonlyArray<Indicator>
  private readonly sentence = sentences()
  private beginning: Beginning
  private age = 0
  private hash: InputHash.HashState = [...InputHash.initial]
  private states: Array<State>
  private tail: Candles.Candles = Candles.empty

  constructor(barsPerYear: number, start: Beginning | Saved = "warm-up") {
    const saved = typeof start === "string" ? undefined : start
    this.beginning = typeof start === "string" ? start : start.beginning
    this.indicators = indicators(barsPerYear)
    this.states = this.indicators.map(({ initial }) => [...initial])
    if (saved === undefined) return
    this.age = saved.age
    this.hash = [...saved.hash]
    this.states = saved.states.map((state) => [...state])
    this.tail = fromTail(saved.tail)
  }

  save(): Saved {
    return { beginning: this.beginning, age: this.age, hash: this.hash, states: this.states, tail: toTail(this.tail) }
  }

  private restart(): void {
    this.beginning = "warm-up after a gap"
    this.age = 0
    this.hash = [...InputHash.initial]
    this.states = this.indicators.map(({ initial }) => [...initial])
    this.tail = Candles.empty
  }

  /**
   * From here on prices are in other shares, `factor` of one before: what is
   * known of the past is told in them too. Rows stay in the shares of their day.
   */
  split(factor: number): void {
    for (const [i, { prices }] of this.indicators.entries()) {
      for (const at of prices) this.states[i]![at]! *= factor
    }
    const { close, high, low, open, openTime, volume } = this.tail
    const scaled = (column: Float64Array, by: number) => column.map((value) => value * by)
    this.tail = {
      openTime,
      open: scaled(open, factor),
      high: scaled(high, factor),
      low: scaled(low, factor),
      close: scaled(close, factor),
      volume: scaled(volume, 1 / factor)
    }
    InputHash.mix(factor, this.hash)
  }

  /** The features of candles that follow those before them, ascending. */
  push(candles: Candles.Candles): Batch {
    const size = Candles.length(candles)
    const batch = {
      openTime: candles.openTime,
      columns: names.map(() => new Float64Array(size).fill(Number.NaN)),
      inputHash: new Float64Array(size),
      reasons: Array.from({ length: size }, (): string | null => null)
    }
    for (let from = 0; from < size;) {
      let to = from
      while (to < size && Candles.isPriced(candles, to)) to++
      if (to > from) this.priced(only(Candles.slice(candles, from, to)), from, batch)
      // One that is no candle has no features, and nothing goes on over it.
      if (to < size) {
        this.restart()
        batch.reasons[to] = "no prices"
        InputHash.chain(candles, to, to + 1, [...InputHash.initial], batch.inputHash.subarray(to))
      }
      from = to + 1
    }
    return batch
  }

  private priced(candles: Candles.Candles, at: number, batch: { -readonly [K in keyof Batch]: Batch[K] }): void {
    const size = Candles.length(candles)
    const start = Candles.length(this.tail)
    const joined = only(Candles.concat([this.tail, candles]))
    const rows: Rows = {
      ...joined,
      logs: Logs.of(joined),
      start,
      end: start + size,
      age: this.age + 1
    }
    let column = 0
    for (const [i, indicator] of this.indicators.entries()) {
      const count = indicator.columns.length
      const out = batch.columns.slice(column, column + count).map((values) => values.subarray(at, at + size))
      indicator.run(rows, this.states[i]!, out)
      column += count
    }
    InputHash.chain(joined, start, start + size, this.hash, batch.inputHash.subarray(at, at + size))
    this.explain(at, size, batch)
    this.age += size
    // Its own memory, and not a view of all that came before.
    this.tail = Candles.pick(joined, rowNumbers(Math.max(0, start + size - reach), start + size))
  }

  /** Takes out what is not finite, and says why values are missing. */
  private explain(at: number, size: number, { columns, reasons }: Batch): void {
    const missing = new Map<number, Array<number>>()
    for (const [i, values] of columns.entries()) {
      for (let row = 0; row < size; row++) {
        if (Number.isFinite(values[at + row]!)) continue
        values[at + row] = Number.NaN
        const others = missing.get(row)
        if (others === undefined) missing.set(row, [i])
        else others.push(i)
      }
    }
    const sentencesOf = reasons as Array<string | null>
    for (const [row, of] of missing) sentencesOf[at + row] = this.sentence(of, this.age + row + 1, this.beginning)
  }
}

const rowNumbers = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from }, (_, i) => from + i)
