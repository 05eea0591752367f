/** What somebody should know of, over HTTP. */
import { Alerts, Api } from "@tidemark/api"
import { type Alert, AlertStore } from "@tidemark/core"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Failure from "./Failure.ts"

const rowOf = ({ firstAt, kind, lastAt, message, resolvedAt, severity, subject }: Alert.Alert): Alerts.AlertRow => ({
  kind,
  subject,
  severity,
  message,
  first_at: firstAt,
  last_at: lastAt,
  resolved_at: resolvedAt ?? null
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "alerts",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* AlertStore.AlertStore
    return handlers.handle("list", ({ query: { all = false } }) =>
      Effect.map(store.list({ open: !all, limit: Alerts.most }), (alerts) => alerts.map(rowOf)).pipe(
        Effect.catchTag("StoreError", Failure.unavailable)
      )
    )
  })
)
