/** Work on corporate actions: asks for splits, dividends and reports of shares, and keeps what is told. */
import { ActionsRun } from "@tidemark/backfill"
import { SymbolStore } from "@tidemark/core"
import type { Scheduler } from "@tidemark/jobs"
import { Universe } from "@tidemark/runtime"
import { Effect } from "effect"
import * as Settings from "./Settings.ts"

const line = (outcome: ActionsRun.Outcome): string => {
  const what = `${outcome.symbol}${outcome.source === undefined ? "" : ` of ${outcome.source}`}`
  if (ActionsRun.isFailed(outcome)) return `${what}: ${outcome.error}`
  const { added, changed, removed } = outcome.refreshed.result
  const kept = `${added.length} new, ${changed.length} changed, ${removed.length} taken back`
  return `${what}: ${kept}${outcome.reportsError === undefined ? "" : `; its reports: ${outcome.reportsError}`}`
}

const total = (
  told: ReadonlyArray<ActionsRun.Told>,
  of: (result: ActionsRun.Told["refreshed"]["result"]) => ReadonlyArray<unknown>
): number => told.reduce((sum, { refreshed }) => sum + of(refreshed.result).length, 0)

/** Of every active share of the list, or of those that are named. */
export const actions = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const { source = "auto", symbols = [] } = settings
  const list = yield* (yield* SymbolStore.SymbolStore).list
  const chosen = yield* Universe.resolve({ symbols, source }, list)
  // Of a whole list, what cannot have any is not worth a word.
  const shares = symbols.length > 0 ? chosen : chosen.filter(({ assetClass }) => assetClass === "equity")
  const { choices, failed } = yield* ActionsRun.choose(shares)
  yield* Effect.forEach(failed, (one) => log(line(one)), { discard: true })
  const asked = yield* ActionsRun.run(choices, Settings.spanOf(settings), (outcome) => log(line(outcome)))
  const outcomes = [...asked, ...failed]
  const told = outcomes.filter((one): one is ActionsRun.Told => !ActionsRun.isFailed(one))
  const result = {
    symbols: outcomes.length,
    failed: outcomes.length - told.length,
    added: total(told, ({ added }) => added),
    changed: total(told, ({ changed }) => changed),
    removed: total(told, ({ removed }) => removed)
  }
  yield* log(
    `${result.symbols} symbols, ${result.failed} failed, ${result.added} new, ${result.changed} changed, ${result.removed} taken back`
  )
  const ended: Scheduler.Ended = {
    status: outcomes.every(ActionsRun.isWhole) ? "succeeded" : told.length > 0 ? "incomplete" : "failed",
    result
  }
  return ended
})
