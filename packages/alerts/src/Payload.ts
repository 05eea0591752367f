/** What a webhook is sent. Pure, and the same for the same notices: who gets it twice gets the same. */
import { Alert, Instant } from "@tidemark/core"
import type { Shape } from "./Settings.ts"

/** Of each kind so many are told one by one; the others are counted. */
const named = 10
/** Characters of a message, at most. */
const longest = 400

/** What there is to tell of one kind, in the order in which it happened. */
interface Group {
  readonly kind: Alert.Kind
  readonly notices: ReadonlyArray<Alert.Notice>
}

const groups = (notices: ReadonlyArray<Alert.Notice>): ReadonlyArray<Group> =>
  Alert.kinds.flatMap((kind): ReadonlyArray<Group> => {
    const own = notices.filter(({ alert }) => alert.kind === kind)
    return own.length === 0 ? [] : [{ kind, notices: own }]
  })

const cut = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest - 1)}…`)

const count = (value: number): string => value.toLocaleString("en-US")

const countOf = (notices: ReadonlyArray<Alert.Notice>, what: Alert.Notice["what"]): number =>
  notices.filter((notice) => notice.what === what).length

/** `2 new, 1 resolved` */
const counts = (notices: ReadonlyArray<Alert.Notice>): string => {
  const [fired, resolved] = [countOf(notices, "fired"), countOf(notices, "resolved")]
  return [
    ...(fired === 0 ? [] : [`${count(fired)} new`]),
    ...(resolved === 0 ? [] : [`${count(resolved)} resolved`])
  ].join(", ")
}

const lineOf = ({ alert, what }: Alert.Notice): string =>
  what === "fired" ? `• ${cut(alert.message)}` : `• resolved: ${cut(alert.subject)}`

const textOf = (notices: ReadonlyArray<Alert.Notice>, database: string): string =>
  [
    `Tidemark, ${database}: ${counts(notices)}`,
    ...groups(notices).flatMap(({ kind, notices }) => [
      `${kind}: ${counts(notices)}`,
      ...notices.slice(0, named).map(lineOf),
      ...(notices.length > named ? [`… and ${count(notices.length - named)} more: tidemark alerts list`] : [])
    ])
  ].join("\n")

const time = (instant: number | undefined): string | null => (instant === undefined ? null : Instant.format(instant))

export const alertJson = (alert: Alert.Alert) => ({
  kind: alert.kind,
  subject: cut(alert.subject),
  severity: alert.severity,
  message: cut(alert.message),
  first_at: time(alert.firstAt),
  last_at: time(alert.lastAt),
  resolved_at: time(alert.resolvedAt)
})

export interface Delivery {
  /** The same each time that this is sent. */
  readonly id: string
  readonly database: string
  readonly notices: ReadonlyArray<Alert.Notice>
}

/** Slack takes these three for its own. */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const plain = ({ database, id, notices }: Delivery, text: string) => ({
  id,
  database,
  text,
  groups: groups(notices).map(({ kind, notices }) => ({
    kind,
    fired: countOf(notices, "fired"),
    resolved: countOf(notices, "resolved"),
    notices: notices.slice(0, named).map(({ alert, what }) => ({ what, ...alertJson(alert) }))
  }))
})

const body = (shape: Shape, delivery: Delivery, text: string): string =>
  JSON.stringify(
    // Where there is no field for it, the name of the delivery is its last line.
    shape === "slack" ? { text: `${slackText(text)}\n_${delivery.id}_` } : plain(delivery, text)
  )

/** The body, as JSON. */
export const of = (shape: Shape, delivery: Delivery): string =>
  body(shape, delivery, textOf(delivery.notices, delivery.database))

/** A message that says that messages arrive. */
export const test = (shape: Shape, delivery: Omit<Delivery, "notices">): string =>
  body(shape, { ...delivery, notices: [] }, `Tidemark, ${delivery.database}: a test; alerts arrive here`)
