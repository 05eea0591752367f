/** How the HTTP API is served: the section `api` of `tidemark.json`, and variables. */
import * as UsageError from "@tidemark/backfill/UsageError"
import { Effect, Redacted, Schema } from "effect"

export const Section = Schema.Struct({
  /** Default: 127.0.0.1, this machine alone. */
  host: Schema.optionalKey(Schema.NonEmptyString),
  /** Default: 8430; 0 takes one that is free. */
  port: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))),
  /** Of one key, or of all without a key. Default: 500. */
  requests_per_second: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Of the body of a request. Default: 1 MiB. */
  body_bytes: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** A request that is not answered by then gets a 503. Default: 60. */
  timeout_seconds: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Origins whose pages may ask. Default: none. */
  cors: Schema.optionalKey(Schema.Array(Schema.NonEmptyString))
})
export type Section = typeof Section.Type

/** What to hold in each regime of a market: shares of what one has. */
export const Policy = Schema.Struct({
  kind: Schema.Literals(["market", "jump", "structure"]),
  /** Whose regime decides. */
  symbol: Schema.NonEmptyString,
  source: Schema.optionalKey(Schema.NonEmptyString),
  profile: Schema.optionalKey(Schema.Literals(["classic", "causal"])),
  /** By regime; one that is not named has no allocation. */
  weights: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Finite))
})
export type Policy = typeof Policy.Type

/** By name. */
export const Policies = Schema.Record(Schema.String, Policy)

export interface Settings {
  readonly host: string
  readonly port: number
  readonly requestsPerSecond: number
  readonly bodyBytes: number
  readonly timeoutSeconds: number
  readonly cors: ReadonlyArray<string>
  /** A key that is not kept in the database: of the daemon it opens everything, of the command line it is its own. */
  readonly key: Redacted.Redacted | undefined
}

/** `TIDEMARK_HOST`, `TIDEMARK_PORT` and `TIDEMARK_API_KEY` count before the section. */
export const resolve = Effect.fnUntraced(function* (
  section: Section,
  variables: Readonly<Record<string, string | undefined>>
) {
  const port = variables["TIDEMARK_PORT"] || undefined
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    return yield* new UsageError.UsageError({
      message: `TIDEMARK_PORT is ${JSON.stringify(port)}, which is no port; write a number from 0 to 65535`
    })
  }
  const key = variables["TIDEMARK_API_KEY"] || undefined
  const settings: Settings = {
    host: variables["TIDEMARK_HOST"] || (section.host ?? "127.0.0.1"),
    port: port === undefined ? (section.port ?? 8_430) : Number(port),
    requestsPerSecond: section.requests_per_second ?? 500,
    bodyBytes: section.body_bytes ?? 1_048_576,
    timeoutSeconds: section.timeout_seconds ?? 60,
    cors: section.cors ?? [],
    key: key === undefined ? undefined : Redacted.make(key)
  }
  return settings
})
