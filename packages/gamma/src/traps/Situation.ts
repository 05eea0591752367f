/** All that patterns are decided on: figures, each known or with the reason why it is not. */
import { type Calendar, type Gamma, Instant } from "@tidemark/core"
import type { Exposure } from "../Exposure.ts"
import * as Levels from "../Levels.ts"
import * as DailyFigures from "./DailyFigures.ts"
import * as Expiries from "./Expiries.ts"
import type { Figure, Unknown } from "./Figure.ts"
import type { Market } from "./Market.ts"
import * as RsiScore from "./RsiScore.ts"
import * as Walls from "./Walls.ts"

export interface Input {
  readonly snapshot: Gamma.Snapshot
  /** Of the chain that the snapshot is of; `undefined` where there is none, or none at hand. */
  readonly exposure: Exposure | undefined
  /** The snapshot before it, of the same symbol, source and method. */
  readonly previous: Gamma.Snapshot | undefined
  /** Whether shares were split between both: a strike of then is none of now. Default: they were not. */
  readonly isSplitBetween?: boolean | undefined
  /** At the moment of the snapshot. */
  readonly market: Market
  /** Of the underlying: what a session before is, and how far a horizon reaches. */
  readonly calendar: Calendar.Calendar
}

/** What a chain shows; `null` where the chain has no such thing. */
export interface ChainFigures {
  readonly callWall: Walls.Wall | null
  readonly putWall: Walls.Wall | null
  readonly gross: number
  readonly grossToday: number
  readonly grossThisWeek: number
  readonly grossNextWeek: number
  /** Of the strike of the call wall. */
  readonly magnet: Expiries.Magnet | null
}

/** A wall of the snapshot before; `null` where that had none. */
export interface PreviousWall {
  readonly strike: number | null
  readonly at: Instant.EpochMillis
}

export interface Situation {
  readonly spot: Figure
  readonly net: Figure
  /** `null` where the exposure does not change its sign. */
  readonly flip: number | null | Unknown
  readonly chain: ChainFigures | Unknown
  readonly previousCallWall: PreviousWall | Unknown
  readonly previousPutWall: PreviousWall | Unknown
  readonly rsi: RsiScore.RsiScore
  readonly score: Figure
  readonly volumeRatio: Figure
  readonly rangeRatio: Figure
  readonly vixChange: Figure
}

const noChain: Unknown = { why: "there is no option chain" }
const unusable: Unknown = { why: "nothing of the option chain can be used" }

const chainOf = (exposure: Exposure, calendar: Calendar.Calendar): ChainFigures => {
  const { call: callWall = null, put: putWall = null } = Walls.of(exposure)
  return {
    callWall,
    putWall,
    gross: exposure.gross,
    grossToday: Levels.grossByDays(exposure).today,
    grossThisWeek: Expiries.grossThisWeek(exposure),
    grossNextWeek: Expiries.grossNextWeek(exposure),
    magnet: callWall === null ? null : Expiries.callMagnet(calendar, exposure, callWall.strike)
  }
}

/** Longer than any market was closed. */
const closedMillis = 21 * 86_400_000

/** Whether a snapshot lies before the session that is right before another's. */
const isOld = (previous: Gamma.Snapshot, { at, session }: Gamma.Snapshot, calendar: Calendar.Calendar): boolean => {
  if (previous.session >= session) return false
  const from = Math.max(calendar.span.from, at - closedMillis)
  const before = calendar.sessions({ from, to: at + 1 }).findLast(({ date }) => date < session)
  return before === undefined || previous.session < before.date
}

const previousWall = (
  { calendar, isSplitBetween = false, previous, snapshot }: Input,
  strikeOf: (snapshot: Gamma.Snapshot) => number | null
): PreviousWall | Unknown => {
  if (snapshot.method === "model") return noChain
  if (previous === undefined) return { why: "there is no snapshot before" }
  if (previous.at >= snapshot.at) return { why: `the snapshot of ${Instant.format(previous.at)} is not one before` }
  if (isOld(previous, snapshot, calendar))
    return { why: `the last snapshot before is of ${Instant.format(previous.at)}, more than a session ago` }
  if (isSplitBetween) return { why: `shares were split since the snapshot of ${Instant.format(previous.at)}` }
  if (previous.method === "model" || previous.netGex === null) return { why: "the snapshot before has no walls" }
  return { strike: strikeOf(previous), at: previous.at }
}

export const of = (input: Input): Situation => {
  const { calendar, exposure, market, snapshot } = input
  const rsi = RsiScore.of(market.rsi)
  return {
    spot: snapshot.spot ?? { why: "the spot is not known" },
    net: snapshot.netGex ?? { why: "the net exposure is not known" },
    flip:
      snapshot.method === "model"
        ? noChain
        : snapshot.netGex === null
          ? { why: "the flip is not known" }
          : snapshot.flip,
    chain:
      snapshot.method === "model"
        ? noChain
        : snapshot.netGex === null
          ? unusable
          : exposure === undefined
            ? noChain
            : chainOf(exposure, calendar),
    previousCallWall: previousWall(input, ({ trapCallWall }) => trapCallWall),
    previousPutWall: previousWall(input, ({ trapPutWall }) => trapPutWall),
    rsi,
    score: rsi.score ?? { why: `fewer than ${RsiScore.fewest} RSIs are known` },
    volumeRatio: DailyFigures.volumeRatio(market),
    rangeRatio: DailyFigures.rangeRatio(market),
    vixChange: DailyFigures.vixChange(market)
  }
}
