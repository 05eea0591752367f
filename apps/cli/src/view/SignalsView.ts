/** Signals and how often they came true, for people and for machines. Pure. */
import { type Gamma, Instant } from "@tidemark/core"
import * as GammaView from "./GammaView.ts"
import { render } from "./Table.ts"

const outcome = ({ dueAt, move, outcome }: Gamma.Signal): string =>
  outcome === "pending" ? `pending, due ${Instant.formatDate(dueAt)}` : `${outcome} (${GammaView.percent(move, 2)})`

/** `NEUTRAL, neutral, confidence 0.50, within 5 sessions` */
export const sentence = ({ confidence, direction, horizon, pattern }: Gamma.Signal): string =>
  `${pattern}, ${direction}, confidence ${confidence.toFixed(2)}, within ${horizon === 1 ? "a session" : `${horizon} sessions`}`

const reasonsOf = (signal: Gamma.Signal): ReadonlyArray<string> => [
  "",
  `${signal.symbol} at ${Instant.format(signal.at)}: ${sentence(signal)}`,
  ...signal.reasons.map((reason) => `  ${reason}`)
]

/** `isWhole`: with the reasons of each, else with those of the last. */
export const toText = (signals: ReadonlyArray<Gamma.Signal>, isWhole: boolean): string => {
  const last = signals.at(-1)
  if (last === undefined) return "No such signals are stored."
  return [
    render(
      [
        "time (UTC)",
        "symbol",
        "pattern",
        "direction",
        "confidence",
        "price",
        "RSI score",
        "outcome",
        "how known",
        "method",
        "source"
      ],
      signals.map((one) => [
        Instant.format(one.at),
        one.symbol,
        one.pattern,
        one.direction,
        one.confidence.toFixed(2),
        GammaView.price(one.price),
        one.rsiScore === null ? "–" : one.rsiScore.toFixed(1),
        outcome(one),
        one.origin,
        one.method,
        one.source
      ]),
      { right: [4, 5, 6] }
    ),
    ...(isWhole ? signals : [last]).flatMap(reasonsOf)
  ].join("\n")
}

export const performanceText = (rows: ReadonlyArray<Gamma.Performance>): string =>
  rows.length === 0
    ? "No such signals are stored."
    : [
        render(
          ["pattern", "how known", "method", "N", "won", "win rate", "95 % interval", "pending"],
          rows.map((one) => [
            one.pattern,
            one.origin,
            one.method,
            String(one.resolved),
            String(one.wins),
            GammaView.percent(one.winRate),
            one.interval === null
              ? "–"
              : `${GammaView.percent(one.interval.low)} to ${GammaView.percent(one.interval.high)}`,
            String(one.pending)
          ]),
          { right: [3, 4, 5, 6, 7] }
        ),
        "Signals of one session tell much the same story: the interval takes them as independent, and is too narrow."
      ].join("\n")
