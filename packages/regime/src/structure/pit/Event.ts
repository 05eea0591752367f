/**
 * What became known of structure, in the order in which it did. Nothing that
 * was said is ever changed or taken back: what comes of it is an event more.
 */
import { Instant } from "@tidemark/core"
import type { Kind } from "../Pattern.ts"
import type { Direction, Sign } from "../Prices.ts"
import { price } from "../Words.ts"

interface Known {
  /** How many candles have to be there for it to be known: it is known at the close of the last of them. */
  readonly knownAfter: number
  /** The row of the candle it is about, counted from the first candle of the run. */
  readonly row: number
}

/** A high or low that no candle around it goes beyond. */
export interface Swing extends Known {
  readonly kind: "swing"
  readonly side: "high" | "low"
  readonly level: number
  /** The row of the swing that it takes the place of: of the same side, less extreme, nothing opposite between them. */
  readonly replaces: number | null
}

interface Zone extends Known {
  readonly direction: Direction
  readonly top: number
  readonly bottom: number
}

/** Three candles of which the first and the third do not meet; `row` is the one between. */
export interface FairValueGap extends Zone {
  readonly kind: "fair-value-gap"
}

/** A later candle came back to it. */
export interface FairValueGapMitigated extends Zone {
  readonly kind: "fair-value-gap-mitigated"
}

/** The candle a move through a swing began from. */
export interface OrderBlock extends Zone {
  readonly kind: "order-block"
  /** The row of the swing that was crossed. */
  readonly swing: number
  /** Of the candle that crossed it and the two before. */
  readonly volume: number
  /** The smaller in percent of the larger: volume of the last two of the three, and of the first; 100 without volume. */
  readonly percentage: number
}

/** A candle went through the far side of it. */
export interface OrderBlockMitigated extends Zone {
  readonly kind: "order-block-mitigated"
}

/** And another came back through all of it: it is one no more. */
export interface OrderBlockInvalidated extends Zone {
  readonly kind: "order-block-invalidated"
}

interface AtLevel extends Known {
  readonly pattern: Kind
  readonly direction: Direction
  readonly level: number
  /** The row of the candle that closed beyond the level. */
  readonly broken: number
}

/** A break of structure or a change of character; `row` is the swing whose level was broken. */
export interface Break extends AtLevel {
  readonly kind: "break"
}

/** A later level turned out to be broken no later than this one, which says nothing more then. */
export interface BreakSuperseded extends AtLevel {
  readonly kind: "break-superseded"
  /** The row of the later level. */
  readonly by: number
}

interface Resting extends Known {
  readonly side: "high" | "low"
  /** Mean of the swings. */
  readonly level: number
  /** The row of the last of them; `row` is the first. */
  readonly end: number
  readonly swings: number
}

/** Two or more swings at about one price; one more, or one in another's place, is an event again. */
export interface Liquidity extends Resting {
  readonly kind: "liquidity"
}

/** A candle went beyond the band around it. */
export interface LiquiditySwept extends Resting {
  readonly kind: "liquidity-swept"
}

export type Event =
  | Swing
  | FairValueGap
  | FairValueGapMitigated
  | OrderBlock
  | OrderBlockMitigated
  | OrderBlockInvalidated
  | Break
  | BreakSuperseded
  | Liquidity
  | LiquiditySwept

export const sideOf = (sign: Sign): "high" | "low" => (sign === 1 ? "high" : "low")

const patterns = { bos: "break of structure", choch: "change of character" }

/** An event in one sentence; `openTime` is of the candles that it was found in. */
export const describe = (event: Event, openTime: ArrayLike<number>): string => {
  const timeOf = (row: number) => Instant.format(openTime[row]!)
  const by = timeOf(event.knownAfter - 1)
  const zone = (of: Zone, name: string) =>
    `${of.direction} ${name} ${price(of.bottom)} to ${price(of.top)} of ${timeOf(of.row)}`
  switch (event.kind) {
    case "swing": {
      const instead = event.replaces === null ? "" : ` instead of ${timeOf(event.replaces)}`
      return `swing ${event.side} ${price(event.level)} of ${timeOf(event.row)}${instead}`
    }
    case "fair-value-gap":
      return zone(event, "fair value gap")
    case "fair-value-gap-mitigated":
      return `${zone(event, "fair value gap")} mitigated by ${by}`
    case "order-block":
      return `${zone(event, "order block")}, from which ${by} crossed the swing of ${timeOf(event.swing)}`
    case "order-block-mitigated":
      return `${zone(event, "order block")} mitigated by ${by}`
    case "order-block-invalidated":
      return `${zone(event, "order block")} invalidated by ${by}`
    case "break":
    case "break-superseded": {
      const what = `${event.direction} ${patterns[event.pattern]}: ${timeOf(event.broken)} closed beyond ${price(event.level)} of ${timeOf(event.row)}`
      return event.kind === "break" ? what : `${what}; superseded by the level of ${timeOf(event.by)}`
    }
    case "liquidity":
    case "liquidity-swept": {
      const what = `${event.swings} swing ${event.side}s at about ${price(event.level)} from ${timeOf(event.row)} to ${timeOf(event.end)}`
      return event.kind === "liquidity" ? what : `${what} swept by ${by}`
    }
  }
}
