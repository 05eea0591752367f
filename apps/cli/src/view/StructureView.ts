/** What `regime structure` found, for people and for machines. Pure. */
import { Instant, Wording } from "@tidemark/core"
import { StructureRegime, StructureUpdate } from "@tidemark/regime/structure"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

type Outcome = StructureUpdate.Outcome

/** Symbols that are listed one by one. */
const shown = 40

const nameOf = ({ source, symbol }: Outcome): string => `${symbol} ${source}`

export const progress = (outcome: Outcome): string => `${nameOf(outcome)}: ${plural(outcome.processed, "decision")}`

const labelOf = ({ latest }: Outcome): StructureRegime.Label => latest?.label ?? "no_data"

/** What would have to be fetched. */
const waysOut = (outcome: Outcome): ReadonlyArray<string> =>
  StructureRegime.timeframes
    .filter((timeframe) => outcome.absent.includes(timeframe) || outcome.latest?.lacking.includes(timeframe))
    .map((timeframe) => StructureUpdate.wayOut(outcome, timeframe))

const missingOf = ({ absent, latest }: Outcome): string | undefined => {
  const parts = [
    ...absent.map((timeframe) => `no ${timeframe} candles are stored`),
    ...(latest?.missing ? [latest.missing] : [])
  ]
  return parts.length === 0 ? undefined : parts.join("; ")
}

export const distribution = (outcomes: ReadonlyArray<Outcome>): Readonly<Record<StructureRegime.Label, number>> => {
  const told = outcomes.filter(({ error }) => error === undefined).map(labelOf)
  const of = (label: StructureRegime.Label) => told.filter((one) => one === label).length
  return {
    tight_smc: of("tight_smc"),
    wide_structure: of("wide_structure"),
    consolidation: of("consolidation"),
    no_data: of("no_data")
  }
}

const total = (outcomes: ReadonlyArray<Outcome>) => {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((all, one) => all + of(one), 0)
  return {
    symbols: outcomes.length,
    processed: sum(({ processed }) => processed),
    inserted: sum(({ inserted }) => inserted),
    updated: sum(({ updated }) => updated),
    events: sum(({ events }) => events),
    failed: outcomes.filter(({ error }) => error !== undefined).length
  }
}

export const toText = (outcomes: ReadonlyArray<Outcome>, isDry: boolean): string => {
  if (outcomes.length === 0) {
    return "No 4h, 1h or 1d candles are stored: tidemark backfill --timeframes 1h,4h,1d --days 300"
  }
  const { events, failed, inserted, processed, symbols, updated } = total(outcomes)
  const shares = distribution(outcomes)
  const told = symbols - failed
  const done = isDry
    ? `${plural(processed, "decision")} and ${plural(events, "event")} would be derived anew`
    : `${plural(processed, "decision")} · ${plural(inserted, "row")} inserted · ${count(updated)} updated · ${plural(events, "event")}`
  const lines = outcomes.slice(0, shown).flatMap((outcome): ReadonlyArray<string> => {
    const name = nameOf(outcome)
    if (outcome.error !== undefined) return [`${name}: ${Wording.messageOf(outcome.error, Wording.flags)}`]
    const { latest, splitsUnknown } = outcome
    const missing = missingOf(outcome)
    return [
      latest === undefined
        ? `${name}: no_data: ${missing ?? "nothing has closed yet"}`
        : `${name}, ${Instant.format(latest.knownAt)}: ${latest.description}`,
      ...(outcome.absent.length > 0 && latest !== undefined
        ? [`  ${outcome.absent.map((of) => `no ${of} candles are stored`).join(", ")}`]
        : []),
      ...waysOut(outcome).map((command) => `  ${command}`),
      ...(splitsUnknown === true
        ? [`  nobody was asked for its splits: tidemark actions fetch --symbols ${outcome.symbol}`]
        : [])
    ]
  })
  const more = outcomes.length - shown
  return [
    render(
      ["regime", "symbols", "share"],
      StructureRegime.labels.map((label) => [
        label,
        count(shares[label]),
        told === 0 ? "–" : `${((100 * shares[label]) / told).toFixed(1)} %`
      ]),
      { right: [1, 2] }
    ),
    "",
    ...lines,
    ...(more > 0 ? [`and ${plural(more, "symbol")} more: --symbols, or --json for all`] : []),
    "",
    `${plural(symbols, "symbol")}: ${done}${failed === 0 ? "" : ` · ${count(failed)} failed`}`
  ].join("\n")
}

export const toJson = (outcomes: ReadonlyArray<Outcome>, isDry: boolean) => ({
  dry_run: isDry,
  distribution: distribution(outcomes),
  symbols: outcomes.map((outcome) => {
    const { error, events, inserted, latest, processed, source, splitsUnknown, symbol, updated } = outcome
    return {
      symbol,
      source,
      regime: error === undefined ? labelOf(outcome) : null,
      known_at: latest === undefined ? null : Instant.format(latest.knownAt),
      description: latest?.description ?? null,
      missing: missingOf(outcome) ?? null,
      next: waysOut(outcome),
      processed,
      inserted,
      updated,
      events,
      ...(splitsUnknown === true ? { splits_unknown: true } : {}),
      ...(error === undefined ? {} : { error: Wording.messageOf(error, Wording.flags) })
    }
  }),
  summary: total(outcomes)
})
