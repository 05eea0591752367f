/** Alerts, and what webhooks answered, for people and for machines. Pure. */
import type { Settings } from "@tidemark/alerts"
import { Alert, Instant } from "@tidemark/core"
import { plural } from "./Format.ts"
import { render } from "./Table.ts"

/** Alerts that are listed: more of them nobody reads. */
const shown = 100

export const toJson = (alerts: ReadonlyArray<Alert.Alert>) =>
  alerts.map(({ firstAt, kind, lastAt, message, resolvedAt, severity, subject }) => ({
    kind,
    subject,
    severity,
    message,
    first_at: Instant.format(firstAt),
    last_at: Instant.format(lastAt),
    resolved_at: resolvedAt === undefined ? null : Instant.format(resolvedAt)
  }))

const second = (instant: number): string => Instant.format(Math.floor(instant / 1_000) * 1_000)

/** What is open first, then the newest. */
const inOrder = (a: Alert.Alert, b: Alert.Alert): number =>
  Number(Alert.isOpen(b)) - Number(Alert.isOpen(a)) || b.firstAt - a.firstAt

export const toText = (alerts: ReadonlyArray<Alert.Alert>, all: boolean): string => {
  if (alerts.length === 0) {
    return all ? "There was no alert. The daemon's job watch looks for them" : "No alert is open"
  }
  const open = alerts.filter(Alert.isOpen).length
  return [
    `${plural(open, "alert")} open${all ? `, ${alerts.length - open} resolved` : ""}`,
    "",
    render(
      ["since", ...(all ? ["until"] : []), "kind", "severity", "what"],
      alerts
        .toSorted(inOrder)
        .slice(0, shown)
        .map(({ firstAt, kind, message, resolvedAt, severity }) => [
          second(firstAt),
          ...(all ? [resolvedAt === undefined ? "" : second(resolvedAt)] : []),
          kind,
          severity,
          message
        ])
    ),
    ...(alerts.length > shown ? [`… and ${alerts.length - shown} more: --json lists all`] : [])
  ].join("\n")
}

/** What a webhook answered to a test; never its URL. */
export interface Answered {
  readonly webhook: Settings.Webhook
  readonly status: number | undefined
  readonly error: string | undefined
}

export const answersJson = (answers: ReadonlyArray<Answered>) =>
  answers.map(({ error, status, webhook }) => ({
    webhook: webhook.id,
    host: webhook.host,
    shape: webhook.shape,
    delivered: error === undefined,
    status: status ?? null,
    error: error ?? null
  }))

export const answersText = (answers: ReadonlyArray<Answered>): string =>
  render(
    ["webhook", "shape", "answer"],
    answers.map(({ error, status, webhook }) => [
      webhook.host,
      webhook.shape,
      error === undefined ? `delivered (${status})` : `NOT delivered: ${error}`
    ])
  )
