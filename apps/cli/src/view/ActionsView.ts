/** Corporate actions, for people and for machines. Pure. */
import { ActionsRun, Rescale } from "@tidemark/backfill"
import { ActionStore, type CorporateAction, Instant, Interval, Series } from "@tidemark/core"
import { count } from "./Format.ts"
import { render } from "./Table.ts"

type Action = CorporateAction.CorporateAction

/** `4 for 1`, `0.205 USD`, `estimate 0.7, reported 0.73`. */
export const what = (action: Action): string => {
  switch (action._tag) {
    case "Split":
      return `${action.to} for ${action.from}`
    case "Dividend":
      return action.currency === undefined ? `${action.amount}` : `${action.amount} ${action.currency}`
    case "Earnings":
      return [
        ...(action.estimate === undefined ? [] : [`estimate ${action.estimate}`]),
        ...(action.reported === undefined ? [] : [`reported ${action.reported}`])
      ].join(", ")
  }
}

/** The columns of `corporate_actions`. */
export const toJson = (action: Action) => ({
  kind: ActionStore.kindOf(action),
  ex_date: action.exDate,
  ratio_from: action._tag === "Split" ? action.from : null,
  ratio_to: action._tag === "Split" ? action.to : null,
  amount: action._tag === "Dividend" ? action.amount : null,
  currency: action._tag === "Dividend" ? (action.currency ?? null) : null,
  declared_date: action._tag === "Dividend" ? (action.declared ?? null) : null,
  record_date: action._tag === "Dividend" ? (action.recorded ?? null) : null,
  pay_date: action._tag === "Dividend" ? (action.paid ?? null) : null,
  eps_estimate: action._tag === "Earnings" ? (action.estimate ?? null) : null,
  eps_reported: action._tag === "Earnings" ? (action.reported ?? null) : null
})

const line = (action: Action) => `${action.exDate} ${ActionStore.kindOf(action)} ${what(action)}`.trimEnd()

export const outcomeJson = (outcome: ActionsRun.Outcome) =>
  ActionsRun.isFailed(outcome)
    ? { symbol: outcome.symbol, source: outcome.source ?? null, error: outcome.error }
    : {
        symbol: outcome.symbol,
        source: outcome.source,
        from: Instant.format(outcome.refreshed.interval.from),
        to: Instant.format(outcome.refreshed.interval.to),
        told: outcome.refreshed.told,
        added: outcome.refreshed.result.added.map(toJson),
        changed: outcome.refreshed.result.changed.map(({ after, before }) => ({
          before: toJson(before),
          after: toJson(after)
        })),
        removed: outcome.refreshed.result.removed.map(toJson),
        outdated: outcome.refreshed.outdated.map(({ exDate, intervals, series }) => ({
          ...series,
          split: exDate,
          intervals: intervals.map(({ from, to }) => ({ from: Instant.format(from), to: Instant.format(to) }))
        })),
        waiting: outcome.refreshed.waiting.map(({ doneBy, exDate }) => ({
          split: exDate,
          until: Instant.format(doneBy)
        })),
        error: outcome.reportsError ?? null
      }

/** New actions that are listed one by one. */
const shown = 12

const newLines = (symbol: string, { changed, added, removed }: ActionStore.ActionsResult): ReadonlyArray<string> => {
  const lines = [
    ...changed.map(({ after, before }) => `  ${symbol} changed: ${line(before)} is now ${line(after)}`),
    ...removed.map((action) => `  ${symbol} no longer told: ${line(action)}`),
    ...added.toReversed().map((action) => `  ${symbol} new: ${line(action)}`)
  ]
  return lines.length <= shown
    ? lines
    : [...lines.slice(0, shown), `  ${symbol}: … and ${count(lines.length - shown)} more: tidemark actions list`]
}

const outdatedLines = (outdated: ReadonlyArray<Rescale.Outdated>): ReadonlyArray<string> =>
  outdated.map(
    ({ exDate, intervals, series }) =>
      `  ${Series.key(series)}: in the scale of before the split of ${exDate}: ` +
      `${intervals.map(Interval.format).join(", ")}; fetch it again: tidemark backfill --symbols ${series.symbol} ` +
      `--timeframes ${series.timeframe} --source ${series.source} --start ${Instant.format(intervals[0]!.from)}`
  )

export const toText = (outcomes: ReadonlyArray<ActionsRun.Outcome>): string => {
  const told = outcomes.filter((outcome): outcome is ActionsRun.Told => !ActionsRun.isFailed(outcome))
  const failed = outcomes.filter(ActionsRun.isFailed)
  const rows = told.map(({ refreshed: { interval, result, told }, source, symbol }) => [
    symbol,
    source,
    Instant.formatDate(interval.from),
    Instant.formatDate(interval.to),
    count(told),
    count(result.added.length),
    count(result.changed.length),
    count(result.removed.length)
  ])
  return [
    ...(rows.length === 0
      ? []
      : [
          render(["symbol", "source", "from", "to", "actions", "new", "changed", "no longer told"], rows, {
            right: [4, 5, 6, 7]
          })
        ]),
    ...told.flatMap(({ refreshed, symbol }) => newLines(symbol, refreshed.result)),
    ...told.flatMap(({ refreshed }) => outdatedLines(refreshed.outdated)),
    ...told.flatMap(({ refreshed, source, symbol }) =>
      refreshed.waiting.map((rescaling) => `  ${source} ${symbol}: ${Rescale.waitingNote(rescaling)}`)
    ),
    ...told.flatMap(({ reportsError, symbol }) =>
      reportsError === undefined ? [] : [`  ${symbol}: its reports could not be had: ${reportsError}`]
    ),
    ...(failed.length === 0
      ? []
      : ["ActionsRun.Failed:", ...failed.map(({ error, symbol }) => `  ${symbol}: ${error}`)])
  ].join("\n")
}

export const listJson = ({ action, knownAt, source, symbol }: ActionStore.StoredAction) => ({
  symbol,
  source,
  ...toJson(action),
  known_at: Instant.format(knownAt)
})

export const listText = (stored: ReadonlyArray<ActionStore.StoredAction>): string =>
  stored.length === 0
    ? "No corporate actions of these are stored. Ask for them: tidemark actions fetch"
    : render(
        ["symbol", "ex date", "kind", "", "source", "known since"],
        stored.map(({ action, knownAt, source, symbol }) => [
          symbol,
          action.exDate,
          ActionStore.kindOf(action),
          what(action),
          source,
          Instant.formatDate(knownAt)
        ])
      )
