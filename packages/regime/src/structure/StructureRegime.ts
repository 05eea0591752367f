/**
 * The structure regime: whether the market leaves order blocks and gaps behind
 * (`tight_smc`), breaks out of its last candles or trends (`wide_structure`),
 * or does nothing of the kind (`consolidation`).
 *
 * It is decided by 4h candles, the ADX of 1h candles and, for the bias that
 * goes with it, daily candles: those that had closed at the time it is for,
 * and no others. Where they don't suffice for a decision it is `no_data`.
 */
import { type Calendar, Candles, Instant } from "@tidemark/core"
import * as InputHash from "@tidemark/features/InputHash"
import * as Wilder from "@tidemark/features/Wilder"
import * as Bias from "./Bias.ts"
import { type BreakOfStructure, Detector, type FairValueGap, lookback, type OrderBlock } from "./Detections.ts"
import { runWhole } from "@tidemark/features/Whole"
import { percent, price } from "./Words.ts"

export type { Bias } from "./Bias.ts"
export type { BreakOfStructure, FairValueGap, OrderBlock } from "./Detections.ts"

/** What made a decision, for everyone who reads it: another version decides otherwise. */
export const method = { id: "structure", version: 1 } as const

/** It decides by 4h candles; 1h is for ADX, 1d for the bias. */
export const timeframes = ["4h", "1h", "1d"] as const
export type Timeframe = (typeof timeframes)[number]

export const labels = ["tight_smc", "wide_structure", "consolidation", "no_data"] as const
export type Label = (typeof labels)[number]

const adxCandles = 14
/** From here on a trend is one. */
const trendAdx = 25
const adxIndicator = Wilder.adx(adxCandles)
const adxWarmUp = adxIndicator.columns[2]!.warmUp

export interface Input {
  readonly calendar: Calendar.Calendar
  /** Of one series each, ascending; what had not closed yet changes nothing. */
  readonly candles: Readonly<Record<Timeframe, Candles.Candles>>
}

/** What a decision would need and does not have. */
export interface Missing {
  readonly timeframe: Timeframe
  /** In words, with figures. */
  readonly text: string
  /** Whether candles that can be fetched would help. */
  readonly isFetchable: boolean
}

export interface StructureRegime {
  /** The time it is for. */
  readonly at: number
  /** Of the last 4h candle that has closed by then. */
  readonly openTime: number
  /** When that candle closed. */
  readonly knownAt: number
  readonly label: Label
  /** Close of that candle; `null` if it is not there. */
  readonly close: number | null
  readonly orderBlock: OrderBlock | null
  readonly fairValueGap: FairValueGap | null
  readonly breakOfStructure: BreakOfStructure | null
  readonly adx: number | null
  readonly plusDi: number | null
  readonly minusDi: number | null
  readonly bias: Bias.Bias | null
  /** All that is: without a bias alone there is a label all the same. */
  readonly missing: ReadonlyArray<Missing>
  /** Stands for all candles it follows from. */
  readonly inputHash: number
}

/** The last candle of a timeframe that has closed at an instant. */
const lastClosed = (calendar: Calendar.Calendar, timeframe: Timeframe, at: number): number => {
  const open = calendar.openAtOrBefore(timeframe, at)
  return calendar.closeOf(timeframe, open) <= at ? open : calendar.openAtOrBefore(timeframe, open - 1)
}

/** Candles of a timeframe, as far as they are known. */
class Known {
  readonly timeframe: Timeframe
  readonly candles: Candles.Candles
  private readonly calendar: Calendar.Calendar
  private readonly hashes: Float64Array
  count = 0
  /** The open of the last there should be, and until when it is that. */
  private expected = { open: 0, until: -Infinity }

  constructor({ calendar, candles }: Input, timeframe: Timeframe) {
    this.calendar = calendar
    this.timeframe = timeframe
    this.candles = priced(candles[timeframe])
    this.hashes = new Float64Array(Candles.length(this.candles))
    InputHash.chain(this.candles, 0, this.hashes.length, [...InputHash.initial], this.hashes)
  }

  /** Those that had closed at `at`, which does not go back; the open of the last there should be. */
  until(at: number): number {
    if (at >= this.expected.until) {
      const open = lastClosed(this.calendar, this.timeframe, at)
      const next = this.calendar.openAtOrAfter(this.timeframe, open + 1)
      this.expected = { open, until: this.calendar.closeOf(this.timeframe, next) }
    }
    const { openTime } = this.candles
    while (this.count < openTime.length && openTime[this.count]! <= this.expected.open) this.count++
    return this.expected.open
  }

  /** Open of the last one known. */
  get last(): number | undefined {
    return this.candles.openTime[this.count - 1]
  }

  get hash(): number {
    return this.hashes[this.count - 1] ?? 0
  }
}

/** Without candles that have a price that is no finite number. */
const priced = (candles: Candles.Candles): Candles.Candles => {
  const rows: Array<number> = []
  const size = Candles.length(candles)
  for (let row = 0; row < size; row++) if (Candles.isPriced(candles, row)) rows.push(row)
  return rows.length === size ? candles : Candles.pick(candles, rows)
}

/** Decisions one after the other, at times that ascend. */
class Timeline {
  private readonly decision: Known
  private readonly hourly: Known
  private readonly daily: Known
  private readonly calendar: Calendar.Calendar
  private readonly detector: Detector
  private readonly adx: ReadonlyArray<Float64Array>
  private readonly averages: Float64Array

  constructor(input: Input) {
    this.calendar = input.calendar
    this.decision = new Known(input, "4h")
    this.hourly = new Known(input, "1h")
    this.daily = new Known(input, "1d")
    this.detector = new Detector(this.decision.candles)
    // Neither looks at a candle after its own, so that both can be worked out at once.
    this.adx = runWhole(adxIndicator, this.hourly.candles)
    this.averages = Bias.averages(this.daily.candles)
  }

  at(time: number): StructureRegime {
    const { decision, detector } = this
    const openTime = decision.until(time)
    while (detector.seen < decision.count) detector.next()
    const lacking: Array<Missing> = []
    const isThere = this.isThere(openTime, lacking)
    const hasStructure = isThere && decision.count >= lookback
    const orderBlock = hasStructure ? detector.orderBlock() : null
    const fairValueGap = hasStructure ? detector.fairValueGap() : null
    const breakOfStructure = hasStructure ? detector.breakOfStructure() : null
    const [plusDi, minusDi, adx] = this.strength(time, openTime, lacking)
    const isDecided = lacking.length === 0
    const bias = this.bias(time, lacking)
    const isTight = orderBlock !== null || fairValueGap !== null
    const isWide = breakOfStructure !== null || (adx !== null && adx >= trendAdx)
    return {
      at: time,
      openTime,
      knownAt: this.calendar.closeOf("4h", openTime),
      label: !isDecided ? "no_data" : isTight ? "tight_smc" : isWide ? "wide_structure" : "consolidation",
      close: isThere ? decision.candles.close[decision.count - 1]! : null,
      orderBlock,
      fairValueGap,
      breakOfStructure,
      adx,
      plusDi,
      minusDi,
      bias,
      missing: lacking,
      inputHash: hashOf([decision.hash, this.hourly.hash, this.daily.hash])
    }
  }

  private isThere(openTime: number, lacking: Array<Missing>): boolean {
    const { count, last } = this.decision
    if (count < lookback) {
      lacking.push({ timeframe: "4h", text: `structure needs ${lookback} 4h candles, has ${count}`, isFetchable: true })
    }
    if (last === openTime) return true
    lacking.push({ timeframe: "4h", text: missingCandle("4h", openTime, last), isFetchable: true })
    return false
  }

  /** +DI, −DI and ADX. */
  private strength(
    time: number,
    openTime: number,
    lacking: Array<Missing>
  ): readonly [number | null, number | null, number | null] {
    const expected = this.hourly.until(time)
    const { count, last } = this.hourly
    if (count < adxWarmUp) {
      lacking.push({
        timeframe: "1h",
        text: `ADX ${adxCandles} needs ${adxWarmUp} 1h candles, has ${count}`,
        isFetchable: true
      })
      return [null, null, null]
    }
    // An hour without a trade is one thing, a series that has ended another.
    if (last! < openTime) {
      lacking.push({ timeframe: "1h", text: missingCandle("1h", expected, last), isFetchable: true })
      return [null, null, null]
    }
    const [plus, minus, adx] = this.adx.map((column) => finite(column[count - 1]!))
    if (adx === null)
      lacking.push({ timeframe: "1h", text: `ADX ${adxCandles} of 1h candles is no finite number`, isFetchable: false })
    return [plus!, minus!, adx!]
  }

  private bias(time: number, lacking: Array<Missing>): Bias.Bias | null {
    const expected = this.daily.until(time)
    const { candles, count, last } = this.daily
    const needs = (what: string, size: number) =>
      lacking.push({ timeframe: "1d", text: `${what} needs ${size} daily candles, has ${count}`, isFetchable: true })
    if (count < Bias.candles) needs(`EMA ${Bias.candles}`, Bias.candles)
    else if (last !== expected)
      lacking.push({ timeframe: "1d", text: missingCandle("1d", expected, last), isFetchable: true })
    else {
      const bias = Bias.at(candles, this.averages, count - 1)
      if (bias === null)
        lacking.push({ timeframe: "1d", text: `EMA ${Bias.candles} is not above zero`, isFetchable: false })
      else if (bias.slope === null) needs(`the slope of EMA ${Bias.candles}`, Bias.candles + Bias.slopeCandles)
      return bias
    }
    return null
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

const missingCandle = (timeframe: Timeframe, open: number, last: number | undefined): string =>
  `the ${timeframe} candle of ${Instant.format(open)} is missing${last === undefined ? "" : `, the last is of ${Instant.format(last)}`}`

/** One number of 53 bits for several. */
const hashOf = (hashes: ReadonlyArray<number>): number => {
  let [low, high] = InputHash.initial
  for (const hash of hashes) {
    low = Math.imul(low ^ (hash >>> 0), 0x85ebca6b)
    low ^= low >>> 15
    high = Math.imul(high ^ Math.floor(hash / 0x1_0000_0000) ^ low, 0xc2b2ae35)
    high ^= high >>> 13
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}

/** The regime as it was known at an instant. */
export const decide = (input: Input, at: number): StructureRegime => new Timeline(input).at(at)

/** At every close of a 4h candle in `[from, to]`, the regime as it was known then. */
export const history = (
  input: Input,
  { from, to }: { readonly from: number; readonly to: number }
): ReadonlyArray<StructureRegime> => {
  const { calendar } = input
  const timeline = new Timeline(input)
  const regimes: Array<StructureRegime> = []
  for (const open of calendar.openTimes("4h", { from: calendar.openAtOrBefore("4h", from - 1), to })) {
    const close = calendar.closeOf("4h", open)
    if (close >= from && close <= to) regimes.push(timeline.at(close))
  }
  return regimes
}

const words = { up: "rising", down: "falling", flat: "flat" }

/** A regime in one sentence. */
export const describe = (regime: StructureRegime): string => {
  const { adx, bias, breakOfStructure, fairValueGap, label, missing, orderBlock } = regime
  const zone = (name: string, { bottom, direction, openTime, top }: OrderBlock | FairValueGap) =>
    `${direction} ${name} ${price(bottom)} to ${price(top)} of ${Instant.format(openTime)}`
  const parts: Array<string> = []
  if (orderBlock !== null) parts.push(zone("order block", orderBlock))
  if (fairValueGap !== null) parts.push(zone("fair value gap", fairValueGap))
  if (breakOfStructure !== null) {
    const { direction, level, openTime } = breakOfStructure
    parts.push(`${direction} break of structure: ${Instant.format(openTime)} went beyond ${price(level)}`)
  }
  if (parts.length === 0 && label !== "no_data") parts.push("no order block, fair value gap or break of structure")
  if (adx !== null) parts.push(`ADX ${adx.toFixed(1)}`)
  if (bias !== null) {
    const { direction, distance, slope } = bias
    const side = distance < 0 ? "below" : "above"
    const average = slope === null ? "EMA 200" : `a ${words[slope]} EMA 200`
    parts.push(`${direction} bias, ${percent(Math.abs(distance))} ${side} ${average}`)
  }
  return `${label}: ${[...missing.map(({ text }) => text), ...parts].join("; ")}`
}
