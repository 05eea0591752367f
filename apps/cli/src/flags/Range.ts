/** The flags that say which time a command is about. */
import type { Option } from "effect"
import { Flag } from "effect/cli"

export const defaultDays = 365

export const flags = {
  days: Flag.Int("days").pipe(Flag.withDescription(`Days back from now (default ${defaultDays})`), Flag.optional),
  years: Flag.Int("years").pipe(Flag.withDescription("Years of 365 days back from now"), Flag.optional),
  start: Flag.String("start").pipe(
    Flag.withDescription("First instant, ISO date or date-time, UTC unless it has an offset"),
    Flag.optional
  ),
  end: Flag.String("end").pipe(Flag.withDescription("First instant after the end (default: now)"), Flag.optional),
  limit: Flag.Int("limit").pipe(Flag.withDescription("Only the newest so many candles"), Flag.optional)
}

export interface RangeFlags {
  readonly days: Option.Option<number>
  readonly years: Option.Option<number>
  readonly start: Option.Option<string>
  readonly end: Option.Option<string>
  readonly limit: Option.Option<number>
}
