/**
 * The only error that a store fails with. `reason` says whether waiting,
 * another path or another program helps; the message says it in words.
 */
import { Schema } from "effect"
import * as Wording from "./Wording.ts"

/** Another process has the database open for writing. */
export class Held extends Schema.TaggedError<Held>()("Held", {
  pid: Schema.optionalKey(Schema.Int)
}) {}

/** Written by a newer version of this program. */
export class TooNew extends Schema.TaggedError<TooNew>()("TooNew", {
  found: Schema.Int,
  known: Schema.Int
}) {}

/** A database, but not one of ours. */
export class Foreign extends Schema.TaggedError<Foreign>()("Foreign", { detail: Schema.String }) {}

/** There is none by this name, and it is not to be made. */
export class Absent extends Schema.TaggedError<Absent>()("Absent", {}) {}

/** It cannot be opened or created: no such folder, no permission, not a database. */
export class CannotOpen extends Schema.TaggedError<CannotOpen>()("CannotOpen", { detail: Schema.String }) {}

/** The disk, or another resource of the machine, is used up. */
export class Exhausted extends Schema.TaggedError<Exhausted>()("Exhausted", { detail: Schema.String }) {}

/** The role may not do this: it reads only, or has no rights here. */
export class Denied extends Schema.TaggedError<Denied>()("Denied", {
  detail: Schema.String,
  /** Whether no role may: the database, or the transaction, only reads. */
  readOnly: Schema.optionalKey(Schema.Boolean)
}) {}

/** The server has no connection to spare, is starting, or others hold what is needed: waiting helps. */
export class Busy extends Schema.TaggedError<Busy>()("Busy", { detail: Schema.String }) {}

/** The connection to the server broke. */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", { detail: Schema.String }) {}

/** A statement failed. */
export class StatementFailed extends Schema.TaggedError<StatementFailed>()("StatementFailed", {
  detail: Schema.String
}) {}

export const Reason = Schema.Union([
  Held,
  TooNew,
  Foreign,
  Absent,
  CannotOpen,
  Exhausted,
  Denied,
  Busy,
  Disconnected,
  StatementFailed
])
export type Reason = typeof Reason.Type

const describe = (reason: Reason, say: Wording.Wording): string => {
  switch (reason._tag) {
    case "Held":
      return (
        `another process${reason.pid === undefined ? "" : ` (pid ${reason.pid})`} has the database open. ` +
        `Wait until it ends, stop it, name another database with ${say("database")}, or, if it is a daemon, ask it: tidemark --remote URL`
      )
    case "TooNew":
      return (
        `the database was written by a newer Tidemark (schema ${reason.found}; this program knows up to ${reason.known}). ` +
        `Update Tidemark, or name another database with ${say("database")}`
      )
    case "Foreign":
      return `not a Tidemark database: ${reason.detail}. Name another with ${say("database")}; this one was left as it is`
    case "Absent":
      return `there is no such database. \`tidemark backfill\` makes it, or name another with ${say("database")}`
    case "CannotOpen":
      return `cannot open the database: ${reason.detail}. Name another with ${say("database")}`
    case "Exhausted":
      if (/out of memory|could not allocate/i.test(reason.detail)) {
        return (
          `not enough memory: ${reason.detail}. Ask for less at once (fewer series, a shorter range), ` +
          "or let the process have more"
        )
      }
      return `no room: ${reason.detail}. Free some, then run the same command again; it continues where it stopped`
    case "Denied":
      return reason.readOnly === true
        ? `the database is read-only: ${reason.detail}. Name one that takes writes with ${say("database")}`
        : `not allowed: ${reason.detail}. Use a role that may, or ask the owner of the database for the right`
    case "Busy":
      return `the database is busy: ${reason.detail}. Run the same command again later; it continues where it stopped`
    case "Disconnected":
      return `lost the database: ${reason.detail}. Run the same command again; it continues where it stopped`
    case "StatementFailed":
      return reason.detail
  }
}

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  /** The database, without credentials. */
  database: Schema.String,
  /** What was being done. */
  operation: Schema.String,
  reason: Reason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  /** Whether the same may work in a moment, with nothing changed: transactions are all or nothing. */
  get isTransient(): boolean {
    return this.reason._tag === "Disconnected" || this.reason._tag === "Busy"
  }
  override get message(): string {
    return this.messageIn(Wording.program)
  }
  messageIn(wording: Wording.Wording): string {
    return `${this.database}: ${describe(this.reason, wording)}`
  }
}
