/**
 * What a program that runs for long says of itself: lines for people, or an
 * object a line for programs. Secrets are `Redacted` and stay so.
 */
import { Cause, Formatter, Layer, Logger, type LogLevel, References } from "effect"
import type { Configuration } from "./Configuration.ts"

const levels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const satisfies Record<
  Configuration["log"]["level"],
  LogLevel.LogLevel
>

const textOf = (part: unknown): string => (typeof part === "string" ? part : Formatter.formatJson(part))

/** One line: `time`, `level`, `message`, what it is annotated with (`job`, `run`), the trace and span that it is of. */
const json = Logger.make(({ cause, date, fiber, logLevel, message }) => {
  const { span } = fiber.cache
  const now = date.getTime()
  const parts = Array.isArray(message) ? message : [message]
  const line = {
    // What is annotated never takes the place of what every line has.
    ...fiber.getRef(References.CurrentLogAnnotations),
    time: date.toISOString(),
    level: logLevel.toLowerCase(),
    message: parts.map(textOf).join(" "),
    ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) }),
    ...(span === undefined
      ? {}
      : { span: span._tag === "Span" ? span.name : "", trace_id: span.traceId, span_id: span.spanId }),
    ...Object.fromEntries(
      fiber.getRef(References.CurrentLogSpans).map(([name, since]) => [`${name}_seconds`, (now - since) / 1_000])
    )
  }
  process.stdout.write(`${Formatter.formatJson(line)}\n`)
})

export const layer = ({ format, level }: Configuration["log"]): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([format === "json" ? json : Logger.consolePretty({ colors: "auto" })]),
    Layer.succeed(References.MinimumLogLevel, levels[level])
  )
