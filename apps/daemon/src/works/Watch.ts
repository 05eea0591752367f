/** Work on what people should know of: looks at everything, and tells webhooks what is new and what is over. */
import { Watch } from "@tidemark/alerts"
import type { Scheduler } from "@tidemark/jobs"
import { Runtime } from "@tidemark/runtime"
import { Effect } from "effect"

/** The work that asks sources for candles: what it has not asked for yet is on its way. */
const fetching = ["backfill", "gaps"]

export const watch = Effect.fnUntraced(function* ({ log }: Pick<Scheduler.Told, "log">) {
  const { notices, open, seen, told } = yield* Effect.provide(Watch.run({ fetching }), Runtime.httpClient)
  for (const { alert, what } of notices) yield* log(what === "fired" ? alert.message : `resolved: ${alert.message}`)
  for (const { error, notices, webhook } of told) {
    yield* log(`${webhook.host}: ${error === undefined ? `${notices} told` : `${notices} not told, ${error}`}`)
  }
  if (seen.disk === undefined) yield* log("the disk of the database cannot be seen from here, and is not watched")
  yield* log(`${seen.series.length} series, ${open.length} alerts open`)
  const untold = told.filter(({ error }) => error !== undefined).length
  const ended: Scheduler.Ended = {
    status: untold === 0 ? "succeeded" : "incomplete",
    result: {
      series: seen.series.length,
      open: open.length,
      fired: notices.filter(({ what }) => what === "fired").length,
      resolved: notices.filter(({ what }) => what === "resolved").length,
      webhooks_told: told.length - untold,
      webhooks_failed: untold
    }
  }
  return ended
})
