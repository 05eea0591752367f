/** What `gamma snapshot`, `gamma import` and `gamma backfill` did, for people and for machines. Pure. */
import * as GammaRows from "@tidemark/api/GammaRows"
import { Gamma, Instant, type OptionChain } from "@tidemark/core"
import type { GammaBackfill, Record, Resolve } from "@tidemark/gamma/history"
import { count, plural } from "./Format.ts"
import * as GammaView from "./GammaView.ts"
import * as SignalsView from "./SignalsView.ts"
import { render } from "./Table.ts"

export interface Recorded {
  readonly chain: OptionChain.OptionChain
  readonly recorded: Record.Recorded
}

/** Moments and reasons that are listed one by one. */
export const shown = 5

const unreadableLines = ({ unreadable }: OptionChain.OptionChain): ReadonlyArray<string> =>
  unreadable.length === 0
    ? []
    : [
        `${plural(unreadable.length, "row")} of the chain ${unreadable.length === 1 ? "is" : "are"} no contract:`,
        ...unreadable.slice(0, shown).map((line) => `  ${line}`),
        ...(unreadable.length > shown ? [`  and ${count(unreadable.length - shown)} more`] : [])
      ]

/** What became of signals whose time has come. */
export const resolvedLines = ({ missing, never, told }: Resolve.Resolved): ReadonlyArray<string> => [
  ...(told === 0 ? [] : [`${plural(told, "outcome")} of signals told`]),
  ...(missing.length === 0
    ? []
    : [
        `Signals stay pending for want of the candle that closes at ` +
          `${missing.slice(0, shown).map(Instant.format).join(", ")}` +
          (missing.length > shown ? ` and at ${count(missing.length - shown)} more` : "")
      ]),
  ...(never === 0
    ? []
    : [
        `${plural(never, "signal")} cannot be judged; each says why (tidemark signals list --outcomes pending --reasons). ` +
          "Older candles may mend it: fetch them, and make the rows again with --force"
      ])
]

export const recordedText = ({ chain, recorded }: Recorded): string => {
  const { analysis, remade, resolved, signal, wasThere } = recorded
  const { hours, session } = analysis.snapshot
  return [
    GammaView.toText([analysis.snapshot], []),
    "",
    ...(signal === undefined
      ? [
          hours === "session"
            ? "No signal: there is no exposure to tell it by"
            : `Outside of the hours of a session: it shows what was left of that of ${session}, and tells no signal`
        ]
      : [`Signal: ${SignalsView.sentence(signal)}`, ...signal.reasons.map((reason) => `  ${reason}`)]),
    ...unreadableLines(chain),
    ...resolvedLines(resolved),
    ...(remade.length === 0 ? [] : [`Made anew of this chain too: the rows by ${remade.join(" and ")}.`]),
    ...(wasThere ? ["This chain was kept before, and its row stays as it was."] : [])
  ].join("\n")
}

export const resolvedJson = ({ missing, never, pending, told }: Resolve.Resolved) => ({
  told,
  pending,
  missing: missing.map(Instant.format),
  never
})

export const recordedJson = ({ chain, recorded }: Recorded) => ({
  snapshot: GammaRows.snapshot(recorded.analysis.snapshot),
  signal: recorded.signal === undefined ? null : GammaRows.signal(recorded.signal),
  was_there: recorded.wasThere,
  remade: recorded.remade,
  unreadable: chain.unreadable,
  outcomes: resolvedJson(recorded.resolved)
})

const plannedLine = ({ chain, kept, model, simulate, without }: GammaBackfill.Planned): string => {
  const parts = [
    [chain, "of kept chains"],
    [model, "by a model on real prices"],
    [simulate, "of simulated chains on simulated prices"],
    [kept, "are there and stay"],
    [without, "without chain or price"]
  ] as const
  return parts.flatMap(([value, what]) => (value === 0 ? [] : [`${count(value)} ${what}`])).join(", ")
}

export interface Backfilled {
  readonly symbol: string
  readonly outcome: GammaBackfill.Outcome
}

export const planText = (symbol: string, slots: number, sessions: number, planned: GammaBackfill.Planned): string =>
  `${symbol}: ${plural(slots, "snapshot")} of ${plural(sessions, "session")}: ${plannedLine(planned)}. Nothing was made.`

export const backfillText = ({ outcome, symbol }: Backfilled): string => {
  const { models, origins, planned, resolved, sessions, signals, slots, source, unknown, without, written } = outcome
  const made = Gamma.Origin.literals.flatMap((origin) => {
    const rows = origins[origin] ?? 0
    return rows === 0 ? [] : [[origin, count(rows)]]
  })
  const patterns = Gamma.Pattern.literals.flatMap((pattern) => {
    const rows = signals[pattern] ?? 0
    return rows === 0 ? [] : [`${pattern} ${count(rows)}`]
  })
  return [
    `${symbol}: ${plural(slots, "snapshot")} of ${plural(sessions, "session")}` +
      (source === undefined ? "" : `, prices of ${source}`) +
      `: ${plannedLine(planned)}`,
    `${plural(written.inserted, "row")} new, ${count(written.replaced)} made anew, ` +
      `${count(written.kept + planned.kept)} were there`,
    ...(made.length === 0 ? [] : ["", render(["how known", "rows"], made, { right: [1] })]),
    ...((origins.synthetic ?? 0) > 0 ? ["Simulated rows are not what any market was; statistics leave them out"] : []),
    ...models.map(GammaView.modelLine),
    ...unknown
      .slice(0, shown)
      .map(
        ({ first, reason, rows }) =>
          `${plural(rows, "row")} without an exposure, from ${Instant.format(first)}: ${reason}`
      ),
    ...(unknown.length > shown
      ? [`and ${count(unknown.slice(shown).reduce((sum, { rows }) => sum + rows, 0))} rows more`]
      : []),
    ...(without.first === undefined
      ? []
      : [
          `${plural(without.slots, "slot")} without a chain or a price, the first at ${Instant.format(without.first)}` +
            (without.why === undefined ? "" : `: ${without.why}`)
        ]),
    ...(patterns.length === 0 ? [] : ["", `Signals: ${patterns.join(", ")}`]),
    ...resolvedLines(resolved)
  ].join("\n")
}

export const plannedJson = (planned: GammaBackfill.Planned) => ({
  of_chains: planned.chain,
  by_model: planned.model,
  simulated: planned.simulate,
  kept: planned.kept,
  without_price: planned.without
})

export const backfillJson = ({ outcome, symbol }: Backfilled) => ({
  symbol,
  source: outcome.source ?? null,
  without: outcome.without.slots,
  slots: outcome.slots,
  sessions: outcome.sessions,
  planned: plannedJson(outcome.planned),
  ...outcome.written,
  provenance: outcome.origins,
  unknown: outcome.unknown.map(({ first, ...rest }) => ({ ...rest, first: Instant.format(first) })),
  models: outcome.models.map(({ coefficients, fittedOn, from, id, rSquared, rows, to }) => ({
    id,
    fitted_on: fittedOn,
    rows,
    coefficients,
    from: Instant.format(from),
    to: Instant.format(to),
    r_squared: rSquared
  })),
  signals: outcome.signals,
  outcomes: resolvedJson(outcome.resolved)
})
