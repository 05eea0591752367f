/** The work of `tidemark alerts list` and `tidemark alerts test`. */
import { Notify, Settings } from "@tidemark/alerts"
import type { Alerts } from "@tidemark/api"
import { UsageError } from "@tidemark/backfill"
import { type Alert, AlertStore } from "@tidemark/core"
import { Runtime } from "@tidemark/runtime"
import { Effect } from "effect"
import { exitWith } from "../Failure.ts"
import * as AlertsView from "../view/AlertsView.ts"
import * as Remote from "./Remote.ts"
import { configuration, print, withStores } from "./Session.ts"

/** Alerts that are read at most, the newest. */
const most = 10_000

const toAlert = ({ first_at, last_at, resolved_at, ...rest }: Alerts.AlertRow): Alert.Alert => ({
  ...rest,
  firstAt: first_at,
  lastAt: last_at,
  resolvedAt: resolved_at ?? undefined
})

export const list = Effect.fnUntraced(function* ({ all }: { readonly all: boolean }) {
  const alerts = yield* Remote.either({
    local: Effect.flatMap(AlertStore.AlertStore, (store) => store.list({ open: !all, limit: most })).pipe(
      withStores("read")
    ),
    remote: (client) => Effect.map(client.alerts.list({ query: { all } }), (rows) => rows.map(toAlert))
  })
  yield* print({ json: () => AlertsView.toJson(alerts), text: () => AlertsView.toText(alerts, all) })
})

export const test = Effect.fnUntraced(function* () {
  const settings = (yield* configuration).alerts
  if (settings.webhooks.length === 0) {
    return yield* new UsageError.UsageError({
      message:
        "No webhook is configured. Set TIDEMARK_ALERT_WEBHOOK to its URL, or alerts.webhooks in tidemark.json; " +
        "see docs/alerts.md"
    })
  }
  const answers = yield* Notify.test.pipe(
    Effect.provideService(Settings.Alerting, settings),
    Effect.provide(Runtime.httpClient)
  )
  yield* print({ json: () => AlertsView.answersJson(answers), text: () => AlertsView.answersText(answers) })
  yield* exitWith(answers.every(({ error }) => error === undefined) ? 0 : 1)
})
