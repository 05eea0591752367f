/**
 * Everything that happens in a run, on one PubSub. Progress bars, logs,
 * metrics and the dashboard are listeners; the engine knows none of them.
 */
import type { Gap, Interval, Series, SourceError } from "@tidemark/core"
import { Context, Effect, Layer, PubSub } from "effect"
import type { SeriesPlan } from "./Plan.ts"
import type { SeriesOutcome } from "./Report.ts"

/** A request waits before it is sent. */
export interface Wait {
  readonly _tag: "BudgetWait"
  readonly source: string
  readonly host: string
  readonly millis: number
  /** The budget is spent; the provider asked to be left alone; or the host failed again and again. */
  readonly why: "budget" | "asked" | "failing"
}

export type Event =
  | { readonly _tag: "StageStarted"; readonly stage: "plan" | "fetch" | "verify" | "repair" }
  | {
      readonly _tag: "SourcePassedOver"
      readonly source: string
      readonly symbols: ReadonlyArray<string>
      readonly error: SourceError.SourceError
    }
  | { readonly _tag: "Planned"; readonly plans: ReadonlyArray<SeriesPlan> }
  | {
      readonly _tag: "RequestDone"
      readonly source: string
      readonly host: string
      readonly status: number | undefined
      readonly bytes: number
      readonly millis: number
    }
  | Wait
  | {
      readonly _tag: "Retrying"
      readonly series: Series.Series
      readonly attempt: number
      readonly delayMillis: number
      readonly error: SourceError.SourceError
    }
  | {
      readonly _tag: "PageStored"
      readonly series: Series.Series
      /** Candles in the answer, new or not. */
      readonly candles: number
      readonly inserted: number
      readonly changed: number
      readonly removed: number
    }
  /** A connection tells what closes from here on. */
  | { readonly _tag: "Listening"; readonly source: string; readonly series: number }
  /** It does not any more; it is tried again after a while. */
  | {
      readonly _tag: "ListeningLost"
      readonly source: string
      readonly series: number
      readonly delayMillis: number
      readonly error: SourceError.SourceError
    }
  /** A series has what closed before it was listened to; what closes now is told. */
  | { readonly _tag: "InStep"; readonly series: Series.Series }
  /** What a stream told of one series is of no use, or could not be completed by asking; it is asked for later. */
  | { readonly _tag: "TailFailed"; readonly series: Series.Series; readonly error: SourceError.SourceError }
  /** Candles that a stream left out were asked for. */
  | {
      readonly _tag: "CaughtUp"
      readonly series: Series.Series
      readonly interval: Interval.Interval
      readonly why: "listening" | "jump" | "overdue"
    }
  | { readonly _tag: "GapFound"; readonly gap: Gap.Gap }
  | { readonly _tag: "GapFilled"; readonly gap: Gap.Gap }
  | { readonly _tag: "SeriesFinished"; readonly outcome: SeriesOutcome }

export class Events extends Context.Service<
  Events,
  {
    readonly publish: (event: Event) => Effect.Effect<void>
    readonly pubsub: PubSub.PubSub<Event>
  }
>()("@tidemark/backfill/Events") {
  static readonly layer = Layer.effect(
    Events,
    Effect.gen(function* () {
      // A listener that lags must neither stop the engine nor lose what happened.
      const pubsub = yield* PubSub.unbounded<Event>()
      return Events.of({ pubsub, publish: (event) => Effect.asVoid(PubSub.publish(pubsub, event)) })
    })
  )
}
