/** What the range flags mean. */
import { type Plan, UsageError } from "@tidemark/backfill"
import { Instant } from "@tidemark/core"
import { Clock, Effect, Option } from "effect"
import { defaultDays, type RangeFlags } from "../flags/Range.ts"
import type { SpanFlags } from "../flags/Span.ts"

const dayMillis = 86_400_000

const usage = (message: string) => new UsageError.UsageError({ message })

/** The instant that a flag names. */
export const instant = Effect.fnUntraced(function* (name: string, text: Option.Option<string>) {
  if (Option.isNone(text)) return undefined
  const parsed = Instant.parse(text.value)
  if (Option.isSome(parsed)) return parsed.value
  return yield* usage(`--${name} ${text.value} is no date. Write 2024-01-31 or 2024-01-31T12:00Z`)
})

const positive = Effect.fnUntraced(function* (name: string, value: Option.Option<number>) {
  if (Option.isNone(value)) return undefined
  if (value.value > 0) return value.value
  return yield* usage(`--${name} must be at least 1, got ${value.value}`)
})

/** The span that two flags mean; an end that is not given is open. */
export const toSpan = Effect.fnUntraced(function* (span: SpanFlags) {
  const from = yield* instant("start", span.start)
  const to = yield* instant("end", span.end)
  if (from !== undefined && to !== undefined && from >= to) {
    return yield* usage(
      `--start ${Instant.format(from)} is not before --end ${Instant.format(to)}. Swap them; the end is not included`
    )
  }
  return { from, to }
})

/** The window that the flags mean. */
export const toWindow = Effect.fnUntraced(function* (range: RangeFlags) {
  const now = yield* Clock.currentTimeMillis
  const starts = (["days", "years", "start", "limit"] as const).filter((name) => range[name]._tag === "Some")
  if (starts.length > 1) {
    return yield* usage(`--${starts.join(" and --")} say different things; give one of them`)
  }
  const start = yield* instant("start", range.start)
  const end = yield* instant("end", range.end)
  const days = yield* positive("days", range.days)
  const years = yield* positive("years", range.years)
  const count = yield* positive("limit", range.limit)
  if (start !== undefined && start >= now) {
    return yield* usage(`--start ${Instant.format(start)} lies in the future; there is no history of it yet`)
  }
  if (start !== undefined && end !== undefined && start >= end) {
    return yield* usage(
      `--start ${Instant.format(start)} is not before --end ${Instant.format(end)}. Swap them; the end is not included`
    )
  }
  const to = end === undefined ? {} : { to: end }
  if (count !== undefined) return { count, ...to } satisfies Plan.Window
  if (start !== undefined) return { from: start, ...to } satisfies Plan.Window
  const span = (days ?? (years === undefined ? defaultDays : years * 365)) * dayMillis
  const byDefault = starts.length === 0 && end === undefined
  return { from: Math.min(end ?? now, now) - span, ...to, byDefault } satisfies Plan.Window
})
