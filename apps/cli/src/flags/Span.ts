/** Flags for a span of time whose ends may be left open. */
import type { Option } from "effect"
import { Flag } from "effect/cli"

/** `what` the flags bound, in the plural. */
export const flags = (what: string) => ({
  start: Flag.String("start").pipe(
    Flag.withDescription(`First instant of ${what}, ISO date or date-time, UTC unless it has an offset`),
    Flag.optional
  ),
  end: Flag.String("end").pipe(Flag.withDescription("First instant after the end"), Flag.optional)
})

export interface SpanFlags {
  readonly start: Option.Option<string>
  readonly end: Option.Option<string>
}
