/**
 * What happens, on stderr, while it happens: bars on a terminal, one line
 * every few seconds elsewhere. A listener: the engine does not know it.
 */
import { Events, type Plan } from "@tidemark/backfill"
import { Series, SourceError } from "@tidemark/core"
import { Clock, Console, Effect, PubSub, Ref, Stream } from "effect"
import { count, duration, plural } from "./Format.ts"

/** Time between two lines where there is no terminal. */
const lineMillis = 5_000
/** Waits that are worth a word. */
const longWaitMillis = 5_000

const reasons: Readonly<Record<Events.Wait["why"], string>> = {
  budget: "what it allows is used up",
  asked: "it asks to be left alone",
  failing: "it fails again and again"
}

interface Lane {
  readonly source: string
  readonly planned: number
  done: number
}

const lanesOf = (plans: ReadonlyArray<Plan.SeriesPlan>): Map<string, Lane> => {
  const lanes = new Map<string, Lane>()
  for (const plan of plans) {
    const { source } = plan.request.series
    const lane = lanes.get(source) ?? { source, planned: 0, done: 0 }
    lanes.set(source, { ...lane, planned: lane.planned + plan.cost.candles })
  }
  return lanes
}

export interface Bars {
  readonly start: (lanes: ReadonlyArray<{ readonly source: string; readonly planned: number }>) => void
  readonly update: (source: string, done: number, note: string) => void
  /** A line above the bars; `false` where there are none. */
  readonly log: (line: string) => boolean
  readonly stop: () => void
}

/** Bars by cli-progress, one a source. */
const terminalBars = Effect.map(
  Effect.promise(() => import("cli-progress")),
  ({ default: { MultiBar, Presets } }): Bars => {
    const bars = new MultiBar(
      {
        format: "{source} {bar} {percentage}%  {value}/{total} candles  {note}",
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
        gracefulExit: false
      },
      Presets.shades_grey
    )
    const bySource = new Map<string, ReturnType<typeof bars.create>>()
    return {
      start: (lanes) => {
        for (const { planned, source } of lanes) {
          if (planned > 0) bySource.set(source, bars.create(planned, 0, { source: source.padEnd(10), note: "" }))
        }
      },
      update: (source, done, note) => bySource.get(source)?.update(done, { note }),
      log: (line) => {
        if (bySource.size === 0 || !bars.isActive) return false
        bars.log(`${line}\n`)
        return true
      },
      stop: () => bars.stop()
    }
  }
)

const noBars: Bars = { start: () => {}, update: () => {}, log: () => false, stop: () => {} }

/** Prints until the scope closes. */
export const show = Effect.gen(function* () {
  const { pubsub } = yield* Events.Events
  const isTerminal = process.stderr.isTTY === true
  const bars = isTerminal ? yield* terminalBars : noBars
  const subscription = yield* PubSub.subscribe(pubsub)
  const startedAt = yield* Clock.currentTimeMillis
  const lastLine = yield* Ref.make(startedAt)
  let lanes = new Map<string, Lane>()

  const say = (line: string) => Effect.suspend(() => (bars.log(line) ? Effect.void : Console.error(line)))

  /** Source and reason of the waits that were told, with when they end: lanes that wait together are one line. */
  const waits = new Map<string, number>()
  const tellWait = Effect.fnUntraced(function* ({ host, millis, source, why }: Events.Wait) {
    const now = yield* Clock.currentTimeMillis
    const key = `${source} ${why}`
    if (millis < longWaitMillis || now + longWaitMillis < (waits.get(key) ?? 0)) return
    waits.set(key, now + millis)
    yield* say(`${source}: ${reasons[why]}, next request to ${host} in ${duration(millis)}`)
  })

  const advance = Effect.fnUntraced(function* (source: string, candles: number) {
    const lane = lanes.get(source)
    if (lane === undefined) return
    lane.done += candles
    const now = yield* Clock.currentTimeMillis
    const rate = (lane.done * 1000) / Math.max(1, now - startedAt)
    const left = Math.max(0, lane.planned - lane.done)
    const note = `${count(rate)}/s, ${left === 0 ? "done" : `${duration((left * 1000) / Math.max(1, rate))} left`}`
    bars.update(source, Math.min(lane.done, lane.planned), note)
    if (isTerminal || now - (yield* Ref.get(lastLine)) < lineMillis) return
    yield* Ref.set(lastLine, now)
    yield* say(`${source}: ${count(lane.done)} of ${plural(lane.planned, "candle")}, ${note}`)
  })

  const handle = Effect.fnUntraced(function* (event: Events.Event) {
    switch (event._tag) {
      case "SourcePassedOver":
        return yield* say(`! ${event.source} cannot be used now: ${SourceError.describe(event.error.reason)}`)
      case "Planned": {
        lanes = lanesOf(event.plans)
        const work = event.plans.filter((plan) => plan.chunks.length > 0).length
        yield* say(`plan: ${count(event.plans.length)} series, ${work} to fetch`)
        return bars.start([...lanes.values()])
      }
      case "PageStored":
        return yield* advance(event.series.source, event.candles)
      case "Retrying":
        return yield* say(
          `${Series.key(event.series)}: ${SourceError.describe(event.error.reason)}; attempt ${event.attempt + 1} in ${duration(event.delayMillis)}`
        )
      case "BudgetWait":
        return yield* tellWait(event)
      case "StageStarted":
        return event.stage === "repair" ? yield* say("repair: asking again for candles that answers lacked") : undefined
      default:
        return
    }
  })

  yield* Effect.addFinalizer(() => Effect.sync(() => bars.stop()))
  yield* Stream.fromSubscription(subscription).pipe(Stream.runForEach(handle), Effect.forkScoped)
})
