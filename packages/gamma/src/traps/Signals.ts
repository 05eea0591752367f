/**
 * The signal of a snapshot: the pattern that its exposure and the prices before
 * it make, and how it will be judged.
 */
import { type Calendar, Gamma, type Instant } from "@tidemark/core"
import * as DailyFigures from "./DailyFigures.ts"
import * as Figure from "./Figure.ts"
import type { Market } from "./Market.ts"
import * as Patterns from "./Patterns.ts"
import * as Situation from "./Situation.ts"

export type Input = Situation.Input

/** Sessions after its own until the outcome of a pattern is known. */
export const horizons: Record<Gamma.Pattern, number> = {
  GAMMA_SQUEEZE_CASCADE: 1,
  FLIP_POINT_CRITICAL: 1,
  POST_OPEX_REGIME_FLIP: 5,
  LIBERATION: 3,
  FALSE_FLOOR: 3,
  ZERO_DTE_PIN: 1,
  DESTINATION: 5,
  PIN_AT_CALL_WALL: 3,
  PIN_AT_PUT_WALL: 3,
  EXPLOSIVE_CONTINUATION: 5,
  CAPITULATION_CASCADE: 5,
  MEAN_REVERSION: 5,
  SHORT_GAMMA_MOMENTUM: 5,
  NEUTRAL: 5
}

const dayMillis = 86_400_000

/** Close of the session that is so many after that of a snapshot. */
const closeAfter = (
  calendar: Calendar.Calendar,
  { at, session }: Gamma.Snapshot,
  sessions: number
): Instant.EpochMillis => {
  for (let days = 14; ; days *= 2) {
    // Beyond what it knows, the calendar throws.
    const later = calendar.sessions({ from: at, to: at + days * dayMillis }).filter(({ date }) => date > session)
    if (later.length >= sessions) return later[sessions - 1]!.close
  }
}

/** Why RSIs are not known, a sentence for each reason. */
const rsiReasons = ({ rsiUnknown }: Market): ReadonlyArray<string> => {
  const lacking = rsiUnknown.flatMap((why, i) => (why === null ? [] : [{ why, timeframe: Gamma.rsiTimeframes[i]! }]))
  return [...Map.groupBy(lacking, ({ why }) => why)].map(
    ([why, all]) => `The RSI of ${Figure.list(all.map(({ timeframe }) => timeframe))} is not known: ${why}.`
  )
}

/**
 * It is pending. Its price is the spot of the snapshot, or else the last close
 * before it; a volatile one has to move by more than σ · √horizon, σ being the
 * standard deviation of the last 20 daily log returns. One without a price, or
 * a volatile one without that σ, can never be judged, and says so.
 */
export const of = (input: Input): Gamma.Signal => {
  const { calendar, market, snapshot } = input
  const situation = Situation.of(input)
  const { confidence, direction, pattern, reasons } = Patterns.match(situation)
  const horizon = horizons[pattern]
  const price = snapshot.spot ?? market.price
  const daily = DailyFigures.dailyVolatility(market)
  const isVolatile = direction === "volatile"
  const never: Array<string> = []
  if (price === null) never.push("The outcome cannot be judged: there is no price to measure it from.")
  if (isVolatile && !Figure.isKnown(daily)) never.push(`The outcome cannot be judged: ${daily.why}.`)
  return {
    symbol: snapshot.symbol,
    source: snapshot.source,
    at: snapshot.at,
    method: snapshot.method,
    origin: snapshot.origin,
    session: snapshot.session,
    pattern,
    direction,
    confidence,
    price,
    rsi: market.rsi,
    rsiScore: situation.rsi.score,
    overbought: situation.rsi.overbought,
    oversold: situation.rsi.oversold,
    reasons: [...reasons, ...rsiReasons(market), ...never],
    horizon,
    dueAt: closeAfter(calendar, snapshot, horizon),
    threshold: isVolatile && Figure.isKnown(daily) ? daily * Math.sqrt(horizon) : null,
    outcome: "pending",
    outcomePrice: null,
    move: null,
    resolvedAt: null
  }
}
