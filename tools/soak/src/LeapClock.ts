/**
 * A clock that runs as the machine's does and can be put forward: whoever
 * sleeps past the leap wakes. Never back.
 */
import { type Clock, Duration, Effect } from "effect"

/** The longest that a timer of the machine waits. */
const longest = 2_147_483_647

export interface LeapClock extends Clock.Clock {
  /** Milliseconds ahead of the machine's clock. */
  readonly offset: () => number
  /** Puts it forward; an offset that is not ahead of the last changes nothing. */
  readonly leapTo: (offset: number) => void
}

export const make = (initial: number): LeapClock => {
  let offset = initial
  const waiting = new Set<() => void>()
  const now = () => Date.now() + offset
  const nanos = () => BigInt(now()) * 1_000_000n
  const origin = process.hrtime.bigint()
  return {
    offset: () => offset,
    leapTo: (to) => {
      if (to <= offset) return
      offset = to
      for (const wake of waiting) wake()
    },
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () =>
      process.hrtime.bigint() - origin + BigInt(Math.round(offset - initial)) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(
      () => process.hrtime.bigint() - origin + BigInt(Math.round(offset - initial)) * 1_000_000n
    ),
    sleep: (duration) => {
      const millis = Duration.toMillis(duration)
      if (millis <= 0) return Effect.yieldNow
      const until = now() + millis
      return Effect.callback<void>((resume) => {
        let timer: NodeJS.Timeout
        const end = () => {
          clearTimeout(timer)
          waiting.delete(look)
        }
        const look = () => {
          clearTimeout(timer)
          if (now() >= until) {
            end()
            resume(Effect.void)
          } else {
            timer = setTimeout(look, Math.min(until - now(), longest))
          }
        }
        timer = setTimeout(look, Math.min(millis, longest))
        waiting.add(look)
        return Effect.sync(end)
      })
    }
  }
}
