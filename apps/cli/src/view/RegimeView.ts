/** What `regime market` and `regime jump` found, for people and for machines. Pure. */
import { type DerivedStore, Instant, type Provenance, Series, Wording } from "@tidemark/core"
import type { Regimes } from "@tidemark/api"
import type * as Derivation from "@tidemark/features/Derivation"
import type * as History from "@tidemark/regime/History"
import type { JumpModel } from "@tidemark/regime/jump"
import type * as Performance from "@tidemark/regime/Performance"
import type * as Transitions from "@tidemark/regime/Transitions"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

export interface Reported<Label extends string> {
  readonly series: Series.Series
  readonly provenance: Provenance.Provenance
  readonly method: DerivedStore.Method
  readonly labels: ReadonlyArray<Label>
  readonly outcome: Derivation.Outcome & { readonly model?: JumpModel.Model | string }
  readonly history: History.History
  /** What a picture shows, one a row of the history. */
  readonly shown: ReadonlyArray<Label | null>
  readonly skipped: ReadonlyArray<History.Skipped>
  /** Days whose label could only be told later: their returns belong to none. */
  readonly late: number
  readonly transitions: Transitions.Transitions<Label>
  readonly performance: Readonly<Record<Label, Performance.Performance>>
}

/** Reasons that are listed one by one. */
const shownReasons = 5

export const progress = ({ processed, series }: Derivation.Outcome): string =>
  `${Series.key(series)}: ${plural(processed, "day")}`

const percent = (share: number | null, digits = 1): string =>
  share === null ? "–" : `${(100 * share).toFixed(digits)} %`
const figure = (value: number | null): string => (value === null ? "–" : value.toFixed(2))

type Figures = Pick<Performance.Performance, "count" | "mean" | "volatility" | "sharpe" | "maxDrawdown">

const figuresTable = <Label extends string>(
  labels: ReadonlyArray<Label>,
  share: Readonly<Record<Label, number | null>>,
  performance: Readonly<Record<Label, Figures>>
): string =>
  render(
    ["regime", "days", "returns", "mean a day", "volatility a year", "Sharpe", "max drawdown"],
    labels.map((label) => {
      const { count: returns, maxDrawdown, mean, sharpe, volatility } = performance[label]
      return [
        label,
        percent(share[label]),
        count(returns),
        percent(mean, 3),
        percent(volatility),
        figure(sharpe),
        percent(maxDrawdown)
      ]
    }),
    { right: [1, 2, 3, 4, 5, 6] }
  )

const performanceTable = <Label extends string>({ labels, performance, transitions }: Reported<Label>): string =>
  figuresTable(labels, transitions.share, performance)

const skippedLines = (skipped: ReadonlyArray<History.Skipped>): ReadonlyArray<string> => {
  const rest = skipped.slice(shownReasons)
  const lines = skipped.slice(0, shownReasons).map(({ from, last, reason, rows }) => {
    const when =
      from === last
        ? Instant.formatDate(from)
        : `${Instant.formatDate(from)} to ${Instant.formatDate(last)}, ${plural(rows, "day")}, the last`
    return `Skipped ${when}: ${reason}`
  })
  const more = rest.reduce((sum, { rows }) => sum + rows, 0)
  return more === 0 ? lines : [...lines, `and ${plural(more, "day")} more`]
}

const modelLine = (model: JumpModel.Model | string | undefined): ReadonlyArray<string> => {
  if (model === undefined) return []
  if (typeof model === "string") return [`No model: ${model}`]
  const { days, from, switches, to } = model.training
  return [
    `Model: ${plural(days, "day")} from ${Instant.formatDate(from)} to ${Instant.formatDate(to)}, ` +
      `λ ${model.lambda}, ${plural(switches, "change")} in training; labels of those days could be known after the last of them`
  ]
}

const latest = <Label extends string>({ history }: Reported<Label>): ReadonlyArray<string> => {
  const regimes = history.words["regime"]!
  const row = regimes.findLastIndex((regime) => regime !== null)
  if (row < 0) return []
  const words = history.words["description"]?.[row] ?? `${regimes[row]!}`
  return [`${Instant.formatDate(history.openTime[row]!)}: ${words}`]
}

const one = <Label extends string>(reported: Reported<Label>, isDry: boolean): string => {
  const { late, method, outcome, provenance, series, skipped, transitions } = reported
  const { error, inserted, processed, splitsUnknown, updated } = outcome
  const what = `${Series.key(series)} · ${method.id} ${method.version}${provenance === "observed" ? "" : ` · ${provenance}`}`
  if (error !== undefined) return `${what}: ${Wording.messageOf(error, Wording.flags)}`
  const done = isDry
    ? `${plural(processed, "day")} would be derived anew`
    : `${plural(processed, "day")} processed · ${plural(inserted, "row")} inserted · ${count(updated)} updated`
  return [
    `${what}: ${done}`,
    ...modelLine(outcome.model),
    ...(splitsUnknown === true
      ? [`nobody was asked for its splits: tidemark actions fetch --symbols ${series.symbol}`]
      : []),
    ...skippedLines(skipped),
    ...(transitions.count === 0
      ? []
      : [
          "",
          performanceTable(reported),
          `${plural(transitions.switches, "change")} of regime`,
          ...(late === 0 ? [] : [`Returns leave out ${plural(late, "day")} whose regime could only be told later`]),
          ...latest(reported)
        ])
  ].join("\n")
}

export const toText = <Label extends string>(all: ReadonlyArray<Reported<Label>>, isDry: boolean): string =>
  all.map((reported) => one(reported, isDry)).join("\n\n")

export const toJson = <Label extends string>(all: ReadonlyArray<Reported<Label>>, isDry: boolean) => ({
  dry_run: isDry,
  series: all.map(({ history, late, method, outcome, performance, provenance, series, skipped, transitions }) => {
    const row = history.words["regime"]!.findLastIndex((regime) => regime !== null)
    return {
      ...series,
      provenance,
      method: method.id,
      method_version: method.version,
      processed: outcome.processed,
      inserted: outcome.inserted,
      updated: outcome.updated,
      ...(outcome.error === undefined ? {} : { error: Wording.messageOf(outcome.error, Wording.flags) }),
      ...(outcome.model === undefined ? {} : { model: outcome.model }),
      ...(outcome.splitsUnknown === true ? { splits_unknown: true } : {}),
      days: history.openTime.length,
      told_later: late,
      skipped: skipped.map(({ from, last, reason, rows }) => ({
        from: Instant.format(from),
        last: Instant.format(last),
        days: rows,
        reason
      })),
      latest:
        row < 0
          ? null
          : {
              date: Instant.formatDate(history.openTime[row]!),
              known_at: Instant.format(history.knownAt[row]!),
              regime: history.words["regime"]![row],
              description: history.words["description"]?.[row] ?? null
            },
      share: transitions.share,
      transitions: transitions.counts,
      switches: transitions.switches,
      performance
    }
  })
})

/** What a daemon tells of one market: its newest regime, and what returns were in each. */
export const toldText = (
  current: Regimes.Current | undefined,
  told: Regimes.Performance | undefined
): ReadonlyArray<string> => {
  if (current === undefined || told === undefined) return ["No regime of it is derived"]
  const { method, method_version, provenance, reason, regime, timestamp, values } = current
  const figures = Object.fromEntries(
    Object.entries(told.performance).map(([label, { max_drawdown, ...rest }]) => [
      label,
      { ...rest, maxDrawdown: max_drawdown }
    ])
  )
  const words = regime === null ? `no regime: ${reason ?? "no reason"}` : (values["description"] ?? regime)
  return [
    `${Series.key(current)} · ${method} ${method_version}${provenance === "observed" ? "" : ` · ${provenance}`}`,
    figuresTable(Object.keys(figures), told.share, figures),
    [`${plural(told.switches, "change")} of regime`, `${Instant.formatDate(timestamp)}: ${words}`].join("\n")
  ]
}

export const toldJson = (current: Regimes.Current | undefined, told: Regimes.Performance | undefined) => ({
  current:
    current === undefined
      ? null
      : { ...current, timestamp: Instant.format(current.timestamp), known_at: Instant.format(current.known_at) },
  performance: told ?? null
})
