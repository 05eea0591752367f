/** `AlertStore` over the tables `alerts`, `alert_notices`, `alert_webhooks` and `alert_watch`. */
import { Alert, AlertStore } from "@tidemark/core"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

interface AlertRow {
  readonly kind: Alert.Kind
  readonly severity: Alert.Severity
  readonly subject: string
  readonly message: string
  readonly first_ms: number
  readonly last_ms: number
  readonly resolved_ms: number | null
}

interface NoticeRow extends AlertRow {
  readonly what: Alert.Notice["what"]
}

interface WebhookRow {
  readonly webhook: string
  readonly seen_ms: number
  readonly batch: string | null
  readonly claimed_ms: number | null
  readonly retry_ms: number | null
  readonly delivered_ms: number | null
  readonly failures: number
  readonly error: string | null
  readonly pending: number
}

const toAlert = (row: AlertRow): Alert.Alert => ({
  kind: row.kind,
  subject: row.subject,
  severity: row.severity,
  message: row.message,
  firstAt: Number(row.first_ms),
  lastAt: Number(row.last_ms),
  resolvedAt: row.resolved_ms === null ? undefined : Number(row.resolved_ms)
})

const fromAlert = (alert: Alert.Alert) => ({
  kind: alert.kind,
  severity: alert.severity,
  subject: alert.subject,
  message: alert.message,
  first_at: timestampText(alert.firstAt),
  last_at: timestampText(alert.lastAt),
  resolved_at: alert.resolvedAt === undefined ? null : timestampText(alert.resolvedAt)
})

/** Keys in one statement, well below what databases allow. */
const keysPerStatement = 1_000

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { rowLock } = yield* Driver
  const operation = yield* Operation.make("alerts")

  const alertColumns = sql`kind, severity, subject, message, ${epochMillis(sql, "first_at")} AS first_ms,
    ${epochMillis(sql, "last_at")} AS last_ms, ${epochMillis(sql, "resolved_at")} AS resolved_ms`
  const webhookColumns = sql`w.webhook, ${epochMillis(sql, "w.seen_at")} AS seen_ms, w.batch,
    ${epochMillis(sql, "w.claimed_until")} AS claimed_ms, ${epochMillis(sql, "w.retry_at")} AS retry_ms,
    ${epochMillis(sql, "w.delivered_at")} AS delivered_ms, w.failures, w.error,
    (SELECT count(*) FROM alert_notices n WHERE n.webhook = w.webhook) AS pending`

  /** Puts alerts in the place of those with their keys. */
  const replace = Effect.fnUntraced(function* (alerts: ReadonlyArray<Alert.Alert>) {
    const keys = alerts.map(Alert.key)
    for (let at = 0; at < keys.length; at += keysPerStatement) {
      yield* sql`DELETE FROM alerts WHERE alert_key IN ${sql.in(keys.slice(at, at + keysPerStatement))}`
    }
    yield* insertRows(
      sql,
      "alerts",
      alerts.map((alert, i) => ({ alert_key: keys[i]!, ...fromAlert(alert) }))
    )
  })

  /** Who is to be told: those that are known still, and those that are new. Forgets the others, with what they were not told. */
  const subscribers = Effect.fnUntraced(function* ({ at, webhooks }: AlertStore.Looking) {
    const names = [...new Set(webhooks)]
    for (const webhook of names) {
      yield* sql`UPDATE alert_webhooks SET seen_at = ${timestamp(sql, at)} WHERE webhook = ${webhook}`
    }
    const horizon = timestamp(sql, at - AlertStore.forgottenAfterMillis)
    const forgotten = (yield* sql<{
      webhook: string
    }>`SELECT w.webhook FROM alert_webhooks w WHERE w.seen_at < ${horizon}
      OR EXISTS (SELECT 1 FROM alert_notices n WHERE n.webhook = w.webhook AND n.noticed_at < ${horizon})`).map(
      ({ webhook }) => webhook
    )
    if (forgotten.length > 0) {
      yield* sql`DELETE FROM alert_notices WHERE webhook IN ${sql.in(forgotten)}`
      yield* sql`DELETE FROM alert_webhooks WHERE webhook IN ${sql.in(forgotten)}`
    }
    const known = (yield* sql<{ webhook: string }>`SELECT webhook FROM alert_webhooks`).map(({ webhook }) => webhook)
    const added = names.filter((webhook) => !known.includes(webhook))
    yield* insertRows(
      sql,
      "alert_webhooks",
      added.map((webhook) => ({ webhook, seen_at: timestampText(at), failures: 0 }))
    )
    return { known, added }
  })

  const take = Effect.fnUntraced(function* (looking: AlertStore.Looking) {
    const { at } = looking
    const [watch] = yield* sql<{ looked_ms: number }>`SELECT ${epochMillis(sql, "looked_at")} AS looked_ms
      FROM alert_watch ${sql.literal(rowLock)}`
    // Whoever stood still meanwhile does not know better than those who came after.
    if (watch !== undefined && Number(watch.looked_ms) > at) return []
    yield* sql`UPDATE alert_watch SET looked_at = ${timestamp(sql, at)}`
    const before = (yield* sql<AlertRow>`SELECT ${alertColumns} FROM alerts`).map(toAlert)
    const { changed, notices } = Alert.step(before, looking)
    yield* replace(changed)
    yield* sql`DELETE FROM alerts WHERE resolved_at < ${timestamp(sql, at - AlertStore.keptMillis)}`
    const { added, known } = yield* subscribers(looking)
    const open = [...new Map([...before, ...changed].map((alert) => [Alert.key(alert), alert])).values()]
      .filter(Alert.isOpen)
      .map((alert): Alert.Notice => ({ what: "fired", alert }))
    const [last] = yield* sql<{ id: number | null }>`SELECT max(notice_id) AS id FROM alert_notices`
    let id = Number(last?.id ?? 0)
    yield* insertRows(
      sql,
      "alert_notices",
      [
        ...known.map((webhook) => ({ webhook, of: notices })),
        ...added.map((webhook) => ({ webhook, of: open }))
      ].flatMap(({ of, webhook }) =>
        of.map(({ alert, what }) => ({
          notice_id: ++id,
          webhook,
          what,
          ...fromAlert(alert),
          noticed_at: timestampText(at)
        }))
      )
    )
    return notices
  })

  const look = Effect.fn("AlertStore.look")(
    (looking: AlertStore.Looking) => sql.withTransaction(take(looking)),
    operation("keep alerts")
  )

  const list: AlertStore.AlertStore["Service"]["list"] = Effect.fn("AlertStore.list")(function* ({ limit, open }) {
    const chosen = open ? sql`FROM alerts WHERE resolved_at IS NULL` : sql`FROM alerts`
    const rows = yield* sql<AlertRow>`SELECT ${alertColumns} ${chosen} ORDER BY first_at DESC, alert_key LIMIT ${limit}`
    return rows.map(toAlert)
  }, operation("list alerts"))

  const locked = (webhook: string) =>
    Effect.map(
      sql<WebhookRow>`SELECT ${webhookColumns} FROM alert_webhooks w WHERE w.webhook = ${webhook}
        ${sql.literal(rowLock === "" ? "" : "FOR UPDATE OF w")}`,
      ([row]) => row
    )

  const begin = Effect.fnUntraced(function* ({ batch, now, silence, webhook }: AlertStore.Claiming) {
    const idle: AlertStore.Claim = { _tag: "Idle" }
    const row = yield* locked(webhook)
    if (row === undefined) return idle
    // Asked once the row is ours: what was counted before has perhaps been told while this waited.
    const [{ pending }] = (yield* sql<{ pending: number }>`SELECT count(*) AS pending FROM alert_notices
      WHERE webhook = ${webhook}`) as [{ pending: number }]
    if (Number(pending) === 0) return idle
    const until = Math.max(Number(row.claimed_ms ?? 0), Number(row.retry_ms ?? 0))
    if (until > now) return { _tag: "Waiting", until } satisfies AlertStore.Claim
    const name = row.batch ?? batch
    if (row.batch === null) yield* sql`UPDATE alert_notices SET batch = ${name} WHERE webhook = ${webhook}`
    yield* sql`UPDATE alert_webhooks SET batch = ${name}, claimed_until = ${timestamp(sql, now + silence)}
      WHERE webhook = ${webhook}`
    const rows = yield* sql<NoticeRow>`SELECT what, ${alertColumns} FROM alert_notices
      WHERE webhook = ${webhook} AND batch = ${name} ORDER BY notice_id`
    const claim: AlertStore.Claim = {
      _tag: "Claimed",
      batch: name,
      notices: rows.map(({ what, ...row }) => ({ what, alert: toAlert(row) })),
      failures: row.failures
    }
    return claim
  })

  const claim = Effect.fn("AlertStore.claim")(
    (claiming: AlertStore.Claiming) => sql.withTransaction(begin(claiming)),
    operation("claim notices")
  )

  const delivered: AlertStore.AlertStore["Service"]["delivered"] = Effect.fn("AlertStore.delivered")(
    ({ batch, now, webhook }) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const row = yield* locked(webhook)
          if (row?.batch !== batch) return false
          yield* sql`DELETE FROM alert_notices WHERE webhook = ${webhook} AND batch = ${batch}`
          yield* sql`UPDATE alert_webhooks SET batch = NULL, claimed_until = NULL, retry_at = NULL, failures = 0,
            error = NULL, delivered_at = ${timestamp(sql, now)} WHERE webhook = ${webhook}`
          return true
        })
      ),
    operation("keep what was told")
  )

  const failed: AlertStore.AlertStore["Service"]["failed"] = Effect.fn("AlertStore.failed")(
    ({ batch, error, retryAt, webhook }) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const row = yield* locked(webhook)
          if (row?.batch !== batch) return false
          yield* sql`UPDATE alert_webhooks SET claimed_until = NULL, retry_at = ${timestamp(sql, retryAt)},
            failures = ${row.failures + 1}, error = ${error} WHERE webhook = ${webhook}`
          return true
        })
      ),
    operation("keep what was told")
  )

  const webhooks = Effect.map(
    operation("list webhooks")(sql<WebhookRow>`SELECT ${webhookColumns} FROM alert_webhooks w ORDER BY w.webhook`),
    (rows) =>
      rows.map((row): AlertStore.Webhook => ({
        webhook: row.webhook,
        seenAt: Number(row.seen_ms),
        deliveredAt: row.delivered_ms === null ? undefined : Number(row.delivered_ms),
        pending: Number(row.pending),
        failures: row.failures,
        error: row.error ?? undefined
      }))
  ).pipe(Effect.withSpan("AlertStore.webhooks"))

  return AlertStore.AlertStore.of({ look, list, claim, delivered, failed, webhooks })
})

export const layer = Layer.effect(AlertStore.AlertStore, make)
