/** Conditions of patterns: each holds, does not, or cannot be decided. */
import { Gamma, Instant } from "@tidemark/core"
import * as Day from "@tidemark/calendars/Day"
import * as Figure from "./Figure.ts"
import type { ChainFigures, PreviousWall, Situation } from "./Situation.ts"
import type { Wall } from "./Walls.ts"

export interface Finding {
  /** `undefined` where it cannot be decided. */
  readonly holds: boolean | undefined
  /** What it was decided on, sentences; without any where it cannot be. */
  readonly says: ReadonlyArray<string>
  /** Why it cannot be decided, clauses. */
  readonly unknown: ReadonlyArray<string>
}

export type Condition = (situation: Situation) => Finding

const decided = (holds: boolean, ...says: ReadonlyArray<string>): Finding => ({ holds, says, unknown: [] })
const undecided = ({ why }: Figure.Unknown): Finding => ({ holds: undefined, says: [], unknown: [why] })

/** All of them: one that does not hold decides, whatever the others are. */
export const all = (findings: ReadonlyArray<Finding>): Finding => {
  const holds = findings.some(({ holds }) => holds === false)
    ? false
    : findings.every(({ holds }) => holds === true)
      ? true
      : undefined
  return {
    holds,
    says: findings.flatMap(({ says }) => says),
    unknown: holds === undefined ? findings.flatMap(({ unknown }) => unknown) : []
  }
}

const whereKnown = (
  figureOf: (situation: Situation) => Figure.Figure,
  holds: (value: number) => boolean,
  say: (value: number) => string
): Condition => {
  return (situation) => {
    const figure = figureOf(situation)
    return Figure.isKnown(figure) ? decided(holds(figure), say(figure)) : undecided(figure)
  }
}

const sayNet = (net: number) => `Net exposure is ${Figure.dollars(net)} dollars for a move of 1 %.`
const netWhere = (holds: (net: number) => boolean): Condition => whereKnown(({ net }) => net, holds, sayNet)

export const netBelow = (bound: number): Condition => netWhere((net) => net < bound)
export const netAbove = (bound: number): Condition => netWhere((net) => net > bound)
export const netBeyond = (bound: number): Condition => netWhere((net) => Math.abs(net) > bound)

const sayScore = (score: number) => `The RSI score is ${score.toFixed(1)}.`
/** |score| below, and above, a bound. */
export const scoreWithin = (bound: number): Condition =>
  whereKnown(
    ({ score }) => score,
    (score) => Math.abs(score) < bound,
    sayScore
  )
export const scoreBeyond = (bound: number): Condition =>
  whereKnown(
    ({ score }) => score,
    (score) => Math.abs(score) > bound,
    sayScore
  )

const counted = (count: number) => (count === 0 ? "no timeframe" : count === 1 ? "1 timeframe" : `${count} timeframes`)

/** Of as many timeframes or more, the RSI is on the score's side of 50. */
export const aligned = (atLeast: number): Condition =>
  whereKnown(
    ({ rsi, score }) => (Figure.isKnown(score) ? rsi.aligned : score),
    (count) => count >= atLeast,
    (count) => `The RSI of ${counted(count)} lies on the side of the score.`
  )

const overboughtCount = ({ rsi, score }: Situation) => (Figure.isKnown(score) ? rsi.overbought : score)
const oversoldCount = ({ rsi, score }: Situation) => (Figure.isKnown(score) ? rsi.oversold : score)
const sayOverbought = (count: number) => `The RSI of ${counted(count)} is above 70.`
const sayOversold = (count: number) => `The RSI of ${counted(count)} is below 30.`

export const overbought = (atLeast: number): Condition =>
  whereKnown(overboughtCount, (count) => count >= atLeast, sayOverbought)
export const oversoldBelow = (bound: number): Condition =>
  whereKnown(oversoldCount, (count) => count < bound, sayOversold)

const stretched: Condition = (situation) => {
  const [high, low] = [
    overbought(3)(situation),
    whereKnown(oversoldCount, (count) => count >= 3, sayOversold)(situation)
  ]
  return high.holds === true ? high : low
}
const narrow = whereKnown(
  ({ rangeRatio }) => rangeRatio,
  (ratio) => ratio < 0.7,
  (ratio) => `The range of the last 5 days is ${ratio.toFixed(2)} times that of 20.`
)
/** Prices have run over three timeframes or more, and their daily range becomes narrower. */
export const coiling: Condition = (situation) => all([stretched(situation), narrow(situation)])

export const volumeAbove = (times: number): Condition =>
  whereKnown(
    ({ volumeRatio }) => volumeRatio,
    (ratio) => ratio > times,
    (ratio) => `The volume of the last day is ${ratio.toFixed(2)} times the mean of the 20 days before.`
  )

export const vixUpBy = (share: number): Condition =>
  whereKnown(
    ({ vixChange }) => vixChange,
    (change) => change > share,
    (change) => `^VIX closed ${Figure.percent(Math.abs(change))} ${change < 0 ? "below" : "above"} the close before.`
  )

/** Nearer to the flip than this share of the spot. */
export const flipWithin =
  (share: number): Condition =>
  ({ flip, spot }) => {
    if (!Figure.isKnown(spot)) return undecided(spot)
    if (flip === null) return decided(false, "The exposure does not change its sign near the spot.")
    if (!Figure.isKnown(flip)) return undecided(flip)
    const distance = Gamma.distanceToFlip({ flip, spot })!
    return decided(
      Math.abs(distance) < share,
      `Spot ${Figure.price(spot)} lies ${Figure.percent(Math.abs(distance))} ${distance < 0 ? "below" : "above"} the flip at ${Figure.price(flip)}.`
    )
  }

const inChain =
  (find: (chain: ChainFigures) => Finding): Condition =>
  ({ chain }) =>
    "why" in chain ? undecided(chain) : find(chain)

export const thisWeekAbove = (share: number): Condition =>
  inChain(({ gross, grossThisWeek }) => {
    const part = gross > 0 ? grossThisWeek / gross : 0
    return decided(part > share, `${Figure.percent(part)} of the gross exposure expires this week.`)
  })

/** More expires today than this share of what does next week. */
export const todayAbove = (share: number): Condition =>
  inChain(({ grossNextWeek, grossToday }) =>
    decided(
      grossToday > share * grossNextWeek,
      `Gross exposure of ${Figure.dollars(grossToday)} expires today, of ${Figure.dollars(grossNextWeek)} next week.`
    )
  )

const wallWhere = (kind: "call" | "put", find: (wall: Wall, name: string) => Finding): Condition =>
  inChain(({ callWall, putWall }) => {
    const wall = kind === "call" ? callWall : putWall
    if (wall !== null) return find(wall, `the ${kind} wall at ${Figure.price(wall.strike)}`)
    return decided(false, `There is no ${kind} wall ${kind === "call" ? "above" : "below"} the spot.`)
  })

const wallAt = (kind: "call" | "put", holds: (distance: number) => boolean): Condition =>
  wallWhere(kind, ({ distance }, name) =>
    decided(
      holds(distance),
      `The spot lies ${Figure.percent(distance)} ${kind === "call" ? "below" : "above"} ${name}.`
    )
  )

/** No farther from the spot than this share of it. */
export const wallUpTo = (kind: "call" | "put", share: number): Condition =>
  wallAt(kind, (distance) => distance <= share)
/** Nearer to the spot than this share of it. */
export const wallWithin = (kind: "call" | "put", share: number): Condition =>
  wallAt(kind, (distance) => distance < share)

/** More of the wall's gamma expires within 5 days. */
export const nearAbove = (kind: "call" | "put", share: number): Condition =>
  wallWhere(kind, ({ near }, name) =>
    decided(near > share, `${Figure.percent(near)} of the gamma of ${name} expires within 5 days.`)
  )

/** Less of the wall's gamma expires in 6 to 14 days. */
export const laterBelow = (kind: "call" | "put", share: number): Condition =>
  wallWhere(kind, ({ later }, name) =>
    decided(later < share, `${Figure.percent(later)} of the gamma of ${name} expires in 6 to 14 days.`)
  )

export const magnetAbove = (bound: number): Condition =>
  inChain(({ callWall, magnet }) => {
    if (callWall === null || magnet === null) return decided(false, "There is no call wall above the spot.")
    return decided(
      magnet.strength > bound,
      `The magnet of ${Figure.price(callWall.strike)} at the monthly expiry of ${Day.format(magnet.expiry)} is ${magnet.strength.toFixed(1)}.`
    )
  })

/** Farther beyond the wall of the snapshot before than this share of the spot. */
export const beyondPrevious =
  (kind: "call" | "put", share: number): Condition =>
  ({ previousCallWall, previousPutWall, spot }) => {
    const wall: PreviousWall | Figure.Unknown = kind === "call" ? previousCallWall : previousPutWall
    if ("why" in wall) return undecided(wall)
    if (!Figure.isKnown(spot)) return undecided(spot)
    const when = Instant.format(wall.at)
    if (wall.strike === null) return decided(false, `The snapshot of ${when} has no ${kind} wall.`)
    const above = (spot - wall.strike) / spot
    return decided(
      (kind === "call" ? above : -above) > share,
      `Spot ${Figure.price(spot)} lies ${Figure.percent(Math.abs(above))} ${above < 0 ? "below" : "above"} the ${kind} wall of ${when} at ${Figure.price(wall.strike)}.`
    )
  }
