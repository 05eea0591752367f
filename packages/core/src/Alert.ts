/**
 * What somebody should know of, from when it is seen until it is over. Pure.
 *
 * A condition is what holds at a look; an alert is one condition over time. It
 * fires once, whatever number of looks see it, and is resolved once: when it
 * has not been seen for a while, so that what comes and goes is told once.
 */
import { Schema } from "effect"
import type { EpochMillis } from "./Instant.ts"

/**
 * - `incomplete-series`: candles are missing without an explanation.
 * - `stale-series`: candles have closed long ago that the source was not asked for.
 * - `failed-job`: the last run of a job failed.
 * - `banned-source`: a provider has shut this address out.
 * - `full-disk`: the disk of the database is nearly full.
 */
export const Kind = Schema.Literals(["incomplete-series", "stale-series", "failed-job", "banned-source", "full-disk"])
export type Kind = typeof Kind.Type
export const kinds: ReadonlyArray<Kind> = Kind.literals

export const Severity = Schema.Literals(["warning", "critical"])
export type Severity = typeof Severity.Type

/** What holds now. */
export interface Condition {
  readonly kind: Kind
  /** What it is about: a series, a job, a host, a folder. */
  readonly subject: string
  readonly severity: Severity
  /** What is wrong, of what, and the way out. */
  readonly message: string
}

export interface Alert extends Condition {
  readonly firstAt: EpochMillis
  /** When it was last seen. */
  readonly lastAt: EpochMillis
  readonly resolvedAt: EpochMillis | undefined
}

/** Identity: one alert for each, whoever looks. */
export const key = ({ kind, subject }: Pick<Condition, "kind" | "subject">): string => `${kind} ${subject}`

export const isOpen = ({ resolvedAt }: Alert): boolean => resolvedAt === undefined

/** What was seen at one time. */
export interface Looked {
  readonly at: EpochMillis
  readonly conditions: ReadonlyArray<Condition>
  /** What was looked for; alerts of other kinds stay as they are. */
  readonly kinds: ReadonlyArray<Kind>
  /** Keys of what could not be told this time: their alerts stay as they are too. */
  readonly untold?: ReadonlyArray<string> | undefined
  /** Milliseconds for which a condition must not have been seen until its alert is resolved. */
  readonly lingerMillis: number
}

/** What is to be told of an alert. */
export interface Notice {
  readonly what: "fired" | "resolved"
  readonly alert: Alert
}

export interface Step {
  /** Alerts that are not as they were, fired and resolved ones among them. */
  readonly changed: ReadonlyArray<Alert>
  readonly notices: ReadonlyArray<Notice>
}

/** What a look makes of the alerts that there are. */
export const step = (alerts: Iterable<Alert>, { at, conditions, kinds, lingerMillis, untold = [] }: Looked): Step => {
  const unknown = new Set(untold)
  const known = new Map([...alerts].map((alert) => [key(alert), alert]))
  const seen = new Set<string>()
  const changed: Array<Alert> = []
  const notices: Array<Notice> = []
  for (const condition of conditions) {
    const name = key(condition)
    if (seen.has(name)) continue
    seen.add(name)
    const before = known.get(name)
    const isNew = before === undefined || !isOpen(before)
    const alert = { ...condition, firstAt: isNew ? at : before.firstAt, lastAt: at, resolvedAt: undefined }
    changed.push(alert)
    if (isNew) notices.push({ what: "fired", alert })
  }
  for (const [name, before] of known) {
    if (!isOpen(before) || seen.has(name) || unknown.has(name) || !kinds.includes(before.kind)) continue
    if (at - before.lastAt < lingerMillis) continue
    const alert = { ...before, resolvedAt: at }
    changed.push(alert)
    notices.push({ what: "resolved", alert })
  }
  return { changed, notices }
}
