/** Work that does not end: what closes now is stored as its source tells it. */
import { Events, Tail } from "@tidemark/backfill"
import { JobStore, Series, SourceError } from "@tidemark/core"
import type { Scheduler } from "@tidemark/jobs"
import { Effect, PubSub } from "effect"
import * as Settings from "./Settings.ts"

/** How long a change of the job may stay unseen. */
const lookEvery = "10 seconds"

const seconds = (millis: number): string => `${Math.max(1, Math.round(millis / 1_000))} s`

/** What people should know, in a line; `undefined` for what goes on as it should. */
const lineOf = (event: Events.Event): string | undefined => {
  switch (event._tag) {
    case "Listening":
      return `listening to ${event.source}: ${event.series} series`
    case "ListeningLost":
      return `${SourceError.describe(event.error.reason)}; ${event.series} series of ${event.source} are listened to again in ${seconds(event.delayMillis)}, and asked for meanwhile`
    case "TailFailed":
      return `${Series.key(event.series)}: ${SourceError.describe(event.error.reason)}; it is asked for again`
    default:
      return undefined
  }
}

/** Completes when somebody has changed the job, paused it, or taken it away. */
const changed = Effect.fnUntraced(function* ({ name, settings, work }: JobStore.Job) {
  const store = yield* JobStore.JobStore
  const begun = JSON.stringify(settings)
  for (;;) {
    yield* Effect.sleep(lookEvery)
    const now = (yield* store.list).find((one) => one.name === name)
    if (now === undefined || now.isPaused || now.work !== work || JSON.stringify(now.settings) !== begun) return
  }
})

/**
 * Listens to every stored series that is up to date and whose source can tell.
 * One process at a time does so, as with every job: whoever has claimed it says
 * that it is alive, and another takes over from one that is not.
 */
export const tail = Effect.fnUntraced(function* ({ job, log }: Scheduler.Told) {
  const includes = Settings.includes(yield* Settings.of(job.settings))
  const { pubsub } = yield* Events.Events
  const subscription = yield* PubSub.subscribe(pubsub)
  const tell = Effect.gen(function* () {
    for (;;) {
      const event = yield* PubSub.take(subscription)
      const line = lineOf(event)
      if (line === undefined) continue
      yield* log(line)
      yield* event._tag === "Listening" ? Effect.logInfo(line) : Effect.logWarning(line)
    }
  })
  let series = 0
  const onSurvey: Tail.Options["onSurvey"] = (listened) =>
    Effect.gen(function* () {
      if (listened.length === series) return
      series = listened.length
      yield* log(`up to date and listened to: ${series} series`)
    })
  yield* Effect.raceFirst(Tail.run({ includes, onSurvey }), Effect.raceFirst(changed(job), tell))
  const ended: Scheduler.Ended = { status: "succeeded", result: { series } }
  return ended
}, Effect.scoped)
