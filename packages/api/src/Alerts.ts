/** What somebody should know of, from when it is seen until it is over. */
import { Alert } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Problems from "./Problems.ts"
import { At } from "./Values.ts"

/** Alerts that are told at most, the newest. */
export const most = 1_000

export const AlertRow = Schema.Struct({
  kind: Alert.Kind,
  /** What it is about: a series, a job, a host, a folder. */
  subject: Schema.String,
  severity: Alert.Severity,
  /** What is wrong, of what, and the way out. */
  message: Schema.String,
  first_at: At,
  last_at: At,
  resolved_at: Schema.NullOr(At)
})
export type AlertRow = typeof AlertRow.Type

export class Alerts extends HttpApiGroup.make("alerts").add(
  HttpApiEndpoint.get("list", "/alerts", {
    query: {
      /** `true`: also those that are over. */
      all: Schema.optionalKey(Schema.Boolean)
    },
    success: Schema.Array(AlertRow),
    error: Problems.ofStores
  })
) {}
