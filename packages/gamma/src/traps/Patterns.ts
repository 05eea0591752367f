/**
 * The traps that an exposure and prices set, in the order in which they are
 * looked for: the first whose conditions all hold is the pattern.
 *
 * One whose conditions cannot all be known, and none of which is known not to
 * hold, is passed over, and said to be.
 */
import type { Gamma } from "@tidemark/core"
import * as When from "./Condition.ts"
import * as Figure from "./Figure.ts"
import type { ChainFigures, Situation } from "./Situation.ts"

interface Row {
  readonly pattern: Gamma.Pattern
  readonly direction: Gamma.Direction | ((situation: Situation) => Gamma.Direction)
  readonly when: ReadonlyArray<When.Condition>
  /** In percent, before it is clamped; asked only where all conditions hold. */
  readonly confidence: (situation: Situation) => number
  /** What else is worth saying; it decides nothing. */
  readonly also?: ReadonlyArray<When.Condition>
}

/** Only where a condition has seen it. */
const known = (figure: Figure.Figure): number => (Figure.isKnown(figure) ? figure : 0)
const nearOf = ({ chain }: Situation, wallOf: (chain: ChainFigures) => { readonly near: number } | null): number =>
  "why" in chain ? 0 : (wallOf(chain)?.near ?? 0)

const rows: ReadonlyArray<Row> = [
  {
    pattern: "GAMMA_SQUEEZE_CASCADE",
    direction: "volatile",
    when: [When.netBelow(0), When.vixUpBy(0.2), When.volumeAbove(2), When.scoreWithin(50)],
    confidence: () => 95
  },
  {
    pattern: "FLIP_POINT_CRITICAL",
    direction: "volatile",
    when: [When.flipWithin(0.005)],
    confidence: () => 90
  },
  {
    pattern: "POST_OPEX_REGIME_FLIP",
    direction: "volatile",
    when: [When.thisWeekAbove(0.5), When.netBeyond(1e9)],
    confidence: () => 75
  },
  {
    pattern: "LIBERATION",
    direction: "bullish",
    when: [When.wallUpTo("call", 0.03), When.nearAbove("call", 0.7), When.overbought(3), When.coiling],
    confidence: (situation) => 100 * nearOf(situation, ({ callWall }) => callWall) + 20
  },
  {
    pattern: "FALSE_FLOOR",
    direction: "bearish",
    when: [When.wallUpTo("put", 0.05), When.nearAbove("put", 0.6), When.laterBelow("put", 0.3), When.oversoldBelow(2)],
    confidence: (situation) => 80 * nearOf(situation, ({ putWall }) => putWall) + 20
  },
  {
    pattern: "ZERO_DTE_PIN",
    direction: "neutral",
    when: [When.todayAbove(0.5), When.coiling],
    confidence: () => 75
  },
  {
    pattern: "DESTINATION",
    direction: "bullish",
    when: [When.overbought(3), When.magnetAbove(50), When.wallWithin("call", 0.03)],
    confidence: ({ chain }) => ("why" in chain ? 0 : (chain.magnet?.strength ?? 0))
  },
  {
    pattern: "PIN_AT_CALL_WALL",
    direction: "neutral",
    when: [When.scoreBeyond(50), When.aligned(3), When.wallWithin("call", 0.02), When.netBelow(0)],
    confidence: ({ rsi }) => 20 * rsi.aligned
  },
  {
    pattern: "PIN_AT_PUT_WALL",
    direction: "neutral",
    when: [When.scoreBeyond(50), When.aligned(3), When.wallWithin("put", 0.02), When.netBelow(0)],
    confidence: ({ rsi }) => 20 * rsi.aligned
  },
  {
    pattern: "EXPLOSIVE_CONTINUATION",
    direction: "bullish",
    when: [When.beyondPrevious("call", 0.005), When.volumeAbove(1.2), When.netBelow(0)],
    // Without a score no timeframe is on its side.
    confidence: ({ rsi }) => 15 * rsi.aligned + 30,
    also: [When.aligned(0)]
  },
  {
    pattern: "CAPITULATION_CASCADE",
    direction: "bearish",
    when: [When.beyondPrevious("put", 0.005), When.volumeAbove(2)],
    confidence: ({ volumeRatio }) => 35 * known(volumeRatio)
  },
  {
    pattern: "MEAN_REVERSION",
    direction: ({ score }) => (known(score) > 0 ? "bearish" : "bullish"),
    when: [When.scoreBeyond(60), When.netAbove(0)],
    confidence: ({ score }) => Math.abs(known(score)) + 20
  },
  {
    pattern: "SHORT_GAMMA_MOMENTUM",
    direction: "volatile",
    when: [When.netBelow(-0.5e9), When.scoreWithin(50)],
    confidence: ({ net }) => 65 + 5 * Math.abs(known(net) / 1e9)
  },
  {
    pattern: "NEUTRAL",
    direction: "neutral",
    when: [],
    confidence: () => 50,
    also: [When.netAbove(0), When.scoreBeyond(0)]
  }
]

export interface Match extends Pick<Gamma.Signal, "pattern" | "direction" | "confidence" | "reasons"> {}

interface Passed {
  readonly pattern: Gamma.Pattern
  readonly why: string
}

/** A sentence for each reason, whatever the number of patterns that it kept from being decided. */
const told = (passed: ReadonlyArray<Passed>): ReadonlyArray<string> =>
  [...Map.groupBy(passed, ({ why }) => why)].map(
    ([why, all]) => `${Figure.list(all.map(({ pattern }) => pattern))} could not be decided: ${why}.`
  )

/** What `NEUTRAL` says of the patterns before it: nothing, where none of them could be decided. */
const ofNeutral = (passed: ReadonlyArray<Passed>): { readonly says: string; readonly isEmpty: boolean } =>
  passed.length === rows.length - 1
    ? { says: "Nothing could be decided.", isEmpty: true }
    : { says: "No other pattern holds.", isEmpty: false }

/** The first pattern that matches: `NEUTRAL` if no other does, of confidence 0 where none could be decided. */
export const match = (situation: Situation): Match => {
  const passed: Array<Passed> = []
  for (const { also = [], confidence, direction, pattern, when } of rows) {
    const found = When.all(when.map((condition) => condition(situation)))
    if (found.holds === undefined) passed.push({ pattern, why: [...new Set(found.unknown)].join("; ") })
    if (found.holds !== true) continue
    const besides = also.flatMap((condition) => {
      const { says, unknown } = condition(situation)
      return [...says, ...unknown.map((why) => `Not known: ${why}.`)]
    })
    const neutral = pattern === "NEUTRAL" ? ofNeutral(passed) : undefined
    return {
      pattern,
      direction: typeof direction === "string" ? direction : direction(situation),
      confidence: neutral?.isEmpty === true ? 0 : Math.min(1, Math.max(0, confidence(situation) / 100)),
      reasons: [
        ...new Set([...(neutral === undefined ? [] : [neutral.says]), ...found.says, ...besides, ...told(passed)])
      ]
    }
  }
  throw new Error("NEUTRAL has no conditions")
}
