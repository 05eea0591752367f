/** What a run says while it is at work: kept for the end, and told to whoever listens. */
import { Effect, Stream, SubscriptionRef } from "effect"

/** Lines that are kept of a run: the first and the last are what people look for. */
const mostLines = 1_000

export interface Feed {
  readonly log: (line: string) => Effect.Effect<void>
  /** From the first line on; ends with the run. */
  readonly lines: Stream.Stream<string>
  readonly end: Effect.Effect<void>
  /** Says that it ends because somebody does not want it any more. */
  readonly cancel: () => void
  readonly isCancelled: () => boolean
  /** As it is kept with the run. */
  readonly kept: () => string
}

export const make: Effect.Effect<Feed> = Effect.gen(function* () {
  const lines: Array<string> = []
  let isCancelled = false
  const state = yield* SubscriptionRef.make({ count: 0, isOver: false })
  return {
    log: (line) => {
      lines.push(line)
      return SubscriptionRef.update(state, (before) => ({ ...before, count: lines.length }))
    },
    lines: SubscriptionRef.changes(state).pipe(
      Stream.takeUntil(({ isOver }) => isOver),
      Stream.mapAccum(
        () => 0,
        (told: number, { count }) => [count, lines.slice(told, count)] as const
      )
    ),
    end: SubscriptionRef.update(state, (before) => ({ ...before, isOver: true })),
    cancel: () => void (isCancelled = true),
    isCancelled: () => isCancelled,
    kept: () => {
      if (lines.length <= mostLines) return lines.join("\n")
      const half = mostLines / 2
      return [...lines.slice(0, half), `… ${lines.length - mostLines} lines …`, ...lines.slice(-half)].join("\n")
    }
  }
})
