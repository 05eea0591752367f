/** What a run says while it is at work: kept for the end, and told to whoever listens. */
import { Effect, Stream, SubscriptionRef } from "effect"

/** Lines that are kept of a run, of the first and of the last: what people look for. */
const mostLines = 500

export interface Feed {
  readonly log: (line: string) => Effect.Effect<void>
  /** From the first line on, as it is kept; ends with the run. */
  readonly lines: Stream.Stream<string>
  readonly end: Effect.Effect<void>
  /** Says that it ends because somebody does not want it any more. */
  readonly cancel: () => void
  readonly isCancelled: () => boolean
  /** As it is kept with the run. */
  readonly kept: () => string
}

export const make: Effect.Effect<Feed> = Effect.gen(function* () {
  const first: Array<string> = []
  const last: Array<string> = []
  let [count, isCancelled] = [0, false]
  const state = yield* SubscriptionRef.make({ count: 0, isOver: false })
  const between = () => count - first.length - last.length
  const leftOut = (lines: number) => `… ${lines} lines …`
  /** Those from a number on, but for what is not kept. */
  const since = (told: number): ReadonlyArray<string> => {
    const from = Math.max(first.length, told)
    const gone = count - last.length - from
    return [...first.slice(told), ...(gone > 0 ? [leftOut(gone)] : []), ...last.slice(Math.max(0, -gone))]
  }
  return {
    log: (line) => {
      count++
      if (first.length < mostLines) first.push(line)
      else last.push(line)
      // In one go, now and then: a shift for each would move them all each time.
      if (last.length >= 2 * mostLines) last.splice(0, mostLines)
      return SubscriptionRef.update(state, (before) => ({ ...before, count }))
    },
    lines: SubscriptionRef.changes(state).pipe(
      Stream.takeUntil(({ isOver }) => isOver),
      Stream.mapAccum(
        () => 0,
        (told: number) => [count, since(told)] as const
      )
    ),
    end: SubscriptionRef.update(state, (before) => ({ ...before, isOver: true })),
    cancel: () => void (isCancelled = true),
    isCancelled: () => isCancelled,
    kept: () => [...first, ...(between() > 0 ? [leftOut(between())] : []), ...last].join("\n")
  }
})
