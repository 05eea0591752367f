/** The events of a structure as they are kept: by time, and in the order in which they became known. */
import { Calendar, type Candles, Instant } from "@tidemark/core"
import * as InputHash from "@tidemark/features/InputHash"
import type { SplitAt } from "@tidemark/features/Inputs"
import { sharesAt } from "./Shares.ts"
import * as SmcCompat from "./SmcCompat.ts"
import * as SmcPit from "./SmcPit.ts"
import type { Happening } from "./Tables.ts"
import { price } from "./Words.ts"

export const modes = ["smc-pit", "smc-compat"] as const
export type Mode = (typeof modes)[number]

/** What made an event, by mode. */
export const methods = { "smc-pit": SmcPit.method, "smc-compat": { id: "smc-compat", version: 1 } } as const

const swingLength = SmcPit.defaults.swingLength

const sides = { high: "high", low: "low" } as const

/** The other candle of an event, by row. */
const relatedRow = (event: SmcPit.Event): number | null => {
  switch (event.kind) {
    case "swing":
      return event.replaces
    case "order-block":
      return event.swing
    case "break":
    case "break-superseded":
      return event.broken
    case "liquidity":
    case "liquidity-swept":
      return event.end
    default:
      return null
  }
}

/** An event with its prices in other shares. */
const scaled = (event: SmcPit.Event, shares: number): SmcPit.Event =>
  shares === 1
    ? event
    : "level" in event
      ? { ...event, level: event.level * shares }
      : { ...event, top: event.top * shares, bottom: event.bottom * shares }

const pointInTime = (
  calendar: Calendar.Calendar,
  candles: Candles.Candles,
  splits: ReadonlyArray<SplitAt>
): ReadonlyArray<Happening> => {
  const { openTime } = candles
  const hashes = new Float64Array(openTime.length)
  InputHash.chain(candles, 0, openTime.length, [...InputHash.initial], hashes)
  return SmcPit.events(candles).map((found): Happening => {
    const row = found.knownAfter - 1
    const event = scaled(found, sharesAt(splits, openTime[row]!))
    const related = relatedRow(event)
    return {
      openTime: openTime[row]!,
      knownAt: Calendar.endOf(calendar, "4h", openTime[row]!),
      inputHash: hashes[row]!,
      kind: event.kind,
      pattern: "pattern" in event ? event.pattern : null,
      direction: "direction" in event ? event.direction : sides[event.side],
      about: openTime[event.row]!,
      related: related === null ? null : openTime[related]!,
      level: "level" in event ? event.level : null,
      top: "top" in event ? event.top : null,
      bottom: "bottom" in event ? event.bottom : null,
      description: SmcPit.describe(event, openTime)
    }
  })
}

const patterns = { bos: "break of structure", choch: "change of character" } as const

/**
 * As the reference library marks them, by all candles there are: none could be
 * known before the last of these had closed.
 */
const reference = (calendar: Calendar.Calendar, candles: Candles.Candles): ReadonlyArray<Happening> => {
  const { openTime } = candles
  const size = openTime.length
  if (size === 0) return []
  const hashes = new Float64Array(size)
  InputHash.chain(candles, 0, size, [...InputHash.initial], hashes)
  const known = { knownAt: Calendar.endOf(calendar, "4h", openTime[size - 1]!), inputHash: hashes[size - 1]! }
  const swings = SmcCompat.Swings.of(candles, swingLength)
  const breaks = SmcCompat.Breaks.of(candles, swings)
  const gaps = SmcCompat.FairValueGaps.of(candles)
  const blocks = SmcCompat.OrderBlocks.of(candles, swings)
  const liquidity = SmcCompat.Liquidity.of(candles, swings)
  const out: Array<Happening> = []
  const timeOf = (row: number) => openTime[row]!
  const way = (sign: number) => (sign === 1 ? "bullish" : "bearish")
  const side = (sign: number) => (sign === 1 ? "high" : "low")
  const later = (row: number) => (row === 0 ? null : timeOf(row))
  const add = (row: number, kind: string, words: string, of: Partial<Happening>) =>
    out.push({
      ...known,
      openTime: timeOf(row),
      kind,
      pattern: null,
      direction: null,
      about: timeOf(row),
      related: null,
      level: null,
      top: null,
      bottom: null,
      description: `${words} of ${Instant.format(timeOf(row))}`,
      ...of
    })
  const zone = (row: number, kind: string, name: string, sign: number, top: number, bottom: number, at: number) =>
    add(row, kind, `${way(sign)} ${name} ${price(bottom)} to ${price(top)}`, {
      direction: way(sign),
      top,
      bottom,
      related: later(at)
    })
  for (let row = 0; row < size; row++) {
    const swing = swings.direction[row]!
    if (swing !== 0) {
      const level = swings.level[row]!
      add(row, "swing", `swing ${side(swing)} ${price(level)}`, { direction: side(swing), level })
    }
    for (const pattern of ["bos", "choch"] as const) {
      const sign = breaks[pattern][row]!
      if (sign === 0) continue
      const level = breaks.level[row]!
      const words = `${way(sign)} ${patterns[pattern]} beyond ${price(level)}`
      add(row, "break", words, { pattern, direction: way(sign), level, related: later(breaks.broken[row]!) })
    }
    const gap = gaps.direction[row]!
    if (gap !== 0) {
      zone(row, "fair-value-gap", "fair value gap", gap, gaps.top[row]!, gaps.bottom[row]!, gaps.mitigated[row]!)
    }
    const block = blocks.direction[row]!
    if (block !== 0) {
      zone(row, "order-block", "order block", block, blocks.top[row]!, blocks.bottom[row]!, blocks.mitigated[row]!)
    }
    const resting = liquidity.direction[row]!
    if (resting !== 0) {
      const level = liquidity.level[row]!
      add(row, "liquidity", `swing ${side(resting)}s at about ${price(level)}`, {
        direction: side(resting),
        level,
        related: timeOf(liquidity.end[row]!)
      })
    }
  }
  return out
}

/**
 * All events of 4h candles from the first on, in the shares of today. What is
 * told point in time is told in those of its day.
 */
export const of = (
  mode: Mode,
  calendar: Calendar.Calendar,
  candles: Candles.Candles,
  splits: ReadonlyArray<SplitAt> = []
): ReadonlyArray<Happening> =>
  mode === "smc-pit" ? pointInTime(calendar, candles, splits) : reference(calendar, candles)
