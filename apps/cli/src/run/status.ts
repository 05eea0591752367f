/** The work of `tidemark status`. */
import { Survey } from "@tidemark/backfill"
import { Coverage, Series, SyncLog } from "@tidemark/core"
import { Clock, Effect } from "effect"
import * as StatusView from "../view/StatusView.ts"
import * as Chosen from "./Chosen.ts"
import { print, withRuntime } from "./Session.ts"

/** Entries of the log that are looked at. */
const entries = 20_000

export const run = Effect.fnUntraced(function* () {
  const { status, stored } = yield* Effect.gen(function* () {
    const surveyed = yield* Survey.run({ choose: () => true })
    const log = yield* (yield* SyncLog.SyncLog).recent(entries)
    const latest = new Map<string, SyncLog.SyncEntry>()
    for (const entry of log) {
      const key = Series.key(entry.series)
      if (!latest.has(key)) latest.set(key, entry)
    }
    const result: StatusView.Status = {
      now: yield* Clock.currentTimeMillis,
      log,
      series: surveyed.map(({ gaps, plan, stored }) => ({
        series: stored.series,
        provenance: stored.provenance,
        rows: stored.rows,
        recorded: Coverage.rows(stored.coverage),
        askedTo: Survey.extentOf(stored)?.to,
        expected: plan.expected,
        gaps,
        last: latest.get(Series.key(stored.series))
      }))
    }
    return { status: result, stored: surveyed.map(({ stored }) => stored) }
  }).pipe(withRuntime("read"))
  yield* print({ json: () => StatusView.toJson(status), text: () => StatusView.toText(status) })
  yield* Chosen.sayChanged(stored)
})
