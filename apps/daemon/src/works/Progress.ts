/**
 * How far long work is, for people: a line after half a minute, and then less
 * and less often, so that whoever looks finds a late one and nobody reads
 * thousands.
 */
import { Events } from "@tidemark/backfill"
import { type Instant, Series } from "@tidemark/core"
import type { Scheduler } from "@tidemark/jobs"
import { Clock, Effect, PubSub } from "effect"

const firstMillis = 30_000
const longestMillis = 600_000

type Log = Pick<Scheduler.Told, "log">

/** Says what there is to say, in the log of the run and of the process, until the scope closes; the last wait is ten minutes. */
export const tell = Effect.fnUntraced(function* (
  words: (now: Instant.EpochMillis) => Effect.Effect<string>,
  { log }: Log
) {
  const telling = Effect.gen(function* () {
    for (let wait = firstMillis; ; wait = Math.min(2 * wait, longestMillis)) {
      yield* Effect.sleep(wait)
      const line = yield* words(yield* Clock.currentTimeMillis)
      yield* log(line)
      yield* Effect.logInfo(line)
    }
  })
  yield* Effect.forkScoped(telling)
})

const count = (figure: number): string => figure.toLocaleString("en-US")

/** A series of whichever source. */
export const nameOf = ({ symbol, timeframe }: Pick<Series.Series, "symbol" | "timeframe">): string =>
  `${symbol} ${timeframe}`

/** Of a run of the engine over some series, by `nameOf`: candles that have come, of those that were planned. */
export const ofFetching = Effect.fnUntraced(function* (names: ReadonlySet<string>, log: Log) {
  const { pubsub } = yield* Events.Events
  const events = yield* PubSub.subscribe(pubsub)
  let [planned, fetched, last] = [0, 0, "nothing yet"]
  /** The line that had the figure first that is still the same. */
  let told = { fetched: -1, at: 0 }
  const add = (event: Events.Event) => {
    // Others may be at work beside this run.
    if (event._tag === "Planned" && event.plans.every(({ request }) => names.has(nameOf(request.series)))) {
      planned += event.plans.reduce((sum, { cost }) => sum + cost.candles, 0)
    }
    if (event._tag !== "PageStored" || !names.has(nameOf(event.series))) return
    fetched += event.candles
    last = `last ${Series.key(event.series)}`
  }
  const hear = Effect.map(PubSub.takeUpTo(events, Infinity), (heard) => heard.forEach(add))
  // Now and then, so that what has happened does not pile up until it is told.
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("1 second"), hear)))
  const words = (now: Instant.EpochMillis) => {
    // What is asked for again was not planned.
    const of = planned < fetched ? "" : ` of about ${count(planned)}`
    if (told.fetched !== fetched) told = { fetched, at: now }
    const silent = Math.floor((now - told.at) / 60_000)
    return `${count(fetched)}${of} candles fetched, ${last}${silent === 0 ? "" : `, nothing new for ${silent} min`}`
  }
  yield* tell((now) => Effect.map(hear, () => words(now)), log)
})

/** Of work on one subject after the other: gives what is told of each when rows of it are made. */
export const ofSubjects = Effect.fnUntraced(function* (name: string, total: number, log: Log) {
  const seen = new Set<string>()
  let [rows, last] = [0, "nothing yet"]
  const words = () => `${name}: ${count(seen.size)} of ${count(total)} begun, ${count(rows)} rows, ${last}`
  yield* tell(() => Effect.sync(words), log)
  return (subject: string, made: number) =>
    Effect.sync(() => {
      seen.add(subject)
      last = `last ${subject}`
      rows += made
    })
})
