/** What Postgres' errors mean, by their SQLSTATE (PostgreSQL manual, appendix A). */
import { StoreError } from "@tidemark/core"
import type { SqlError } from "effect/sql"

interface ServerError {
  readonly code?: string
  readonly message: string
  readonly hint?: string
}

/** What lies at the bottom: the server's own error, or the socket's. */
const causeOf = (error: SqlError.SqlError): ServerError => {
  const { cause } = error.reason
  return cause instanceof Error ? cause : { message: error.message }
}

const sentence = (text: string): string => text.split("\n", 1)[0]!.replace(/\.$/, "")

const waiting = new Set(["53300", "57P03", "40001", "40P01", "55P03"])
// The session's end is named in several classes.
const ended = new Set(["57P01", "57P02", "57P05", "25P03", "25P04"])

/** Why a statement failed. */
export const classify = (error: SqlError.SqlError): StoreError.Reason => {
  const { code = "", hint, message } = causeOf(error)
  const detail = sentence(message)
  if (waiting.has(code)) return new StoreError.Busy({ detail })
  if (code === "25006") return new StoreError.Denied({ detail, readOnly: true })
  if (code === "42501") return new StoreError.Denied({ detail })
  if (ended.has(code) || error.reason._tag === "ConnectionError") return new StoreError.Disconnected({ detail })
  if (code.startsWith("53") || code === "58030") {
    return new StoreError.Exhausted({ detail: hint === undefined ? detail : `${detail} (${sentence(hint)})` })
  }
  if (code === "57014" && /timeout/.test(detail)) {
    return new StoreError.StatementFailed({
      detail: `${detail}. Give the role more time, for example ALTER ROLE … SET statement_timeout = '5min', and run the same command again; it continues where it stopped`
    })
  }
  if (detail.startsWith("cannot insert multiple commands")) {
    return new StoreError.StatementFailed({ detail: "one statement at a time" })
  }
  return new StoreError.StatementFailed({ detail })
}

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (is the server running, and are host and port right?)",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name of the host cannot be looked up now",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the host cannot be reached"
}

/** Why the database could not be opened. */
export const classifyOpening = (error: SqlError.SqlError): StoreError.Reason => {
  const reason = classify(error)
  const { code = "", message } = causeOf(error)
  const cannotOpen = (detail: string) => new StoreError.CannotOpen({ detail })
  if (code in unreachable) return cannotOpen(unreachable[code]!)
  if (/maxMessageSize|protocol/i.test(message))
    return cannotOpen("what answers there does not speak Postgres' language")
  if (code === "3D000") return cannotOpen(`${sentence(message)}; a superuser makes it with CREATE DATABASE`)
  if (code.startsWith("28")) return cannotOpen(`${sentence(message)}; check the user and the password in the URL`)
  return reason._tag === "StatementFailed" || reason._tag === "Disconnected" ? cannotOpen(reason.detail) : reason
}
