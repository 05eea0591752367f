/**
 * How far a provider's clock is from ours, from the `Date` of its answers.
 *
 * A date has whole seconds and was written somewhere between asking and
 * hearing, so each answer gives a range; together they close in. Nothing is
 * assumed that they do not force: a clock that may be ours is taken for ours.
 */
import type { Instant } from "@tidemark/core"
import { DateTime, Option } from "effect"

export interface ServerClock {
  /** Milliseconds to add to our clock, at the least and at the most. */
  readonly low: number
  readonly high: number
}

export const unknown: ServerClock = { low: -Infinity, high: Infinity }

export const observe = (
  clock: ServerClock,
  date: string | undefined,
  asked: Instant.EpochMillis,
  heard: Instant.EpochMillis
): ServerClock => {
  const parsed = date === undefined ? Option.none() : DateTime.make(date)
  if (Option.isNone(parsed)) return clock
  const second = DateTime.toEpochMillis(parsed.value)
  const seen = { low: second - heard, high: second + 1_000 - asked }
  const both = { low: Math.max(clock.low, seen.low), high: Math.min(clock.high, seen.high) }
  // One of the clocks was set: what was known before says nothing.
  return both.low > both.high ? seen : both
}

/** The least shift that the answers force. */
export const offsetMillis = ({ high, low }: ServerClock): number => (low > 0 ? low : high < 0 ? high : 0)
