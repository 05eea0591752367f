/** What is worth an alert, and who is told: `alerts` of the configuration. */
import { Context, Duration, Option, Redacted, Schema } from "effect"
import { createHash } from "node:crypto"

export const Shape = Schema.Literals(["slack", "plain"])
export type Shape = typeof Shape.Type

const span = /^\d{1,6} (second|minute|hour|day|week)s?$/u
const message = 'write a time as "10 minutes", "48 hours" or "3 days"'
const Span = Schema.String.annotate({ message })
  .check(Schema.isPattern(span, { message }))
  .annotate({ identifier: "Span", description: '"10 minutes", "48 hours" or "3 days"' })

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** As it is written in `tidemark.json`. */
export const File = Schema.Struct({
  /** Alert below this share of the expected candles, explained gaps not counted. Default: 0.99. */
  completeness: Schema.optionalKey(Share),
  /** Alert when a candle that closed so long ago was not asked for. Default: 48 hours. */
  sync: Schema.optionalKey(Span),
  /** Alert above this share of the disk. Default: 0.9. */
  disk: Schema.optionalKey(Share),
  /** An alert is resolved when it has not been seen for so long. Default: 10 minutes. */
  resolve_after: Schema.optionalKey(Span),
  webhooks: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        url: Schema.String,
        /** Default: `slack` for `hooks.slack.com`, else `plain`. */
        shape: Schema.optionalKey(Shape)
      })
    )
  )
})
export type File = typeof File.Type

export interface Webhook {
  /** What it is known by where its URL must not be: a digest. */
  readonly id: string
  /** Its host, for people. */
  readonly host: string
  readonly url: Redacted.Redacted
  readonly shape: Shape
}

export interface Settings {
  readonly completeness: number
  readonly syncMillis: number
  readonly disk: number
  readonly lingerMillis: number
  readonly webhooks: ReadonlyArray<Webhook>
  /** The database, without credentials, for people. */
  readonly database: string
  /** Its file, where it is one. */
  readonly file: string | undefined
}

const millis = (span: string): number =>
  Option.match(Duration.fromInput(span as Duration.Input), { onNone: () => 0, onSome: Duration.toMillis })

/** `undefined` for what is no URL of the web. */
export const webhook = (url: string, shape?: Shape): Webhook | undefined => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^https?:$/u.test(parsed.protocol)) return undefined
  return {
    id: createHash("sha256").update(parsed.href).digest("hex").slice(0, 16),
    host: parsed.host,
    url: Redacted.make(parsed.href),
    shape: shape ?? (parsed.host === "hooks.slack.com" ? "slack" : "plain")
  }
}

/** What is configured, with the defaults in the place of what is not. */
export const make = (file: File, rest: Pick<Settings, "database" | "file" | "webhooks">): Settings => ({
  completeness: file.completeness ?? 0.99,
  syncMillis: millis(file.sync ?? "48 hours"),
  disk: file.disk ?? 0.9,
  lingerMillis: millis(file.resolve_after ?? "10 minutes"),
  ...rest
})

/** What is configured; the defaults alone where nothing is. */
export const Alerting = Context.Reference<Settings>("@tidemark/alerts/Alerting", {
  defaultValue: () => make({}, { database: "tidemark", file: undefined, webhooks: [] })
})
