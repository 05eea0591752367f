/**
 * DuckDB's failures as `SqlError`s.
 *
 * The Node bindings throw a plain `Error` whose message starts with DuckDB's
 * error class (`Constraint Error: …`) and carries no code, so the message is all
 * there is to classify by. A failure to open a file is told in words of our own,
 * with DuckDB's after them; any other message stays as DuckDB says it.
 */
import {
  AuthorizationError,
  ConnectionError,
  ConstraintError,
  SerializationError,
  SqlError,
  type SqlErrorReason,
  SqlSyntaxError,
  UniqueViolation,
  UnknownError
} from "effect/sql/SqlError"

interface Details {
  readonly cause: unknown
  readonly message: string
  readonly operation: string
}

/** DuckDB's message, without the name of the binding that passed it on. */
const messageOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/^Failed to (?:extract statements|append): /, "")

/** The first rule whose pattern matches says what kind of failure it is. */
const rules: ReadonlyArray<readonly [pattern: RegExp, reason: (details: Details) => SqlErrorReason]> = [
  [/being used by another process|Could not set lock on file/, (_) => new ConnectionError(_)],
  [
    /duplicate key|violates (primary key|unique) constraint/i,
    (_) => new UniqueViolation({ ..._, constraint: violatedColumns(_.message) })
  ],
  [/^Constraint Error|constraint failed/, (_) => new ConstraintError(_)],
  [/^TransactionContext Error.*conflict/is, (_) => new SerializationError(_)],
  [/attached in read-only mode|Permission denied|^Permission Error/, (_) => new AuthorizationError(_)],
  [/^(Parser|Binder|Catalog|Syntax) Error|^Table ".*" could not be found/, (_) => new SqlSyntaxError(_)],
  [/^Connection Error|database has been invalidated/, (_) => new ConnectionError(_)]
]

/** The columns in `Duplicate key "symbol: AAPL, day: 3" violates primary key constraint`. */
const violatedColumns = (message: string): string => {
  const key = /duplicate key "(.*?)" violates/is.exec(message)?.[1]
  const columns = Array.from(key?.matchAll(/(?:^|, )(\w+): /g) ?? [], (match) => match[1])
  return columns.length === 0 ? "unknown" : columns.join(",")
}

/** What a native call threw, classified. */
export const fromNative = (cause: unknown, operation: string): SqlError => {
  const details = { cause, message: messageOf(cause), operation }
  const rule = rules.find(([pattern]) => pattern.test(details.message))
  return new SqlError({ reason: rule === undefined ? new UnknownError(details) : rule[1](details) })
}

/** A failure that this package found by itself. */
export const of = (message: string, operation: string, cause?: unknown): SqlError =>
  new SqlError({ reason: new UnknownError({ message, operation, cause: cause ?? message }) })

/** Refuses a statement because of a failure after which the file is opened again. */
export const toBeReopened = (failure: SqlError): SqlError =>
  new SqlError({
    reason: new ConnectionError({
      message: `${reopening} ${failure.message}`,
      operation: "execute",
      cause: failure
    })
  })

const reopening = "The database has to be opened again, because of a failure:"

export const isToBeReopened = (error: SqlError): boolean =>
  error.reason._tag === "ConnectionError" && error.message.startsWith(reopening)

/** Refuses a statement because of a failure after which a database in memory cannot be trusted. */
export const lost = (failure: SqlError): SqlError =>
  of(`The database in memory is lost, because of a failure: ${failure.message}`, "execute", failure)

/** How each refusal to open a file reads to the person who asked for it. */
const openings: ReadonlyArray<readonly [pattern: RegExp, sentence: (path: string) => string]> = [
  [/not a valid DuckDB database file/, (path) => `${path} is not a DuckDB database file.`],
  [
    /newer version of DuckDB|version number \d+, but we can only read/,
    (path) => `${path} was written by a newer version of DuckDB than this one can read.`
  ],
  [/Corrupt database file/, (path) => `${path} is damaged.`],
  [/Is a directory/, (path) => `${path} is a directory, not a database file.`],
  [
    /in read-only mode: database does not exist/,
    (path) => `${path} does not exist, and read-only mode does not create it.`
  ],
  [/No such file or directory/, (path) => `The directory of ${path} does not exist.`],
  [/Permission denied/, (path) => `No permission to open ${path}.`],
  [/different configuration/, (path) => `${path} is already open in this process with other settings.`],
  [/^Failed to set config/, (path) => `DuckDB refused a setting (threads, memoryLimit or tempDirectory) for ${path}.`]
]

/** A failure to open the database at `path`. */
export const fromOpen = (cause: unknown, path: string): SqlError => {
  const native = messageOf(cause)
  const holder = parseHolder(native)
  const sentence =
    holder === undefined
      ? (openings.find(([pattern]) => pattern.test(native))?.[1](path) ?? `Could not open ${path}.`)
      : `${path} is in use by ${describeHolder(holder)}. DuckDB lets one process at a time open a file.`
  const details = { cause, message: `${sentence}\n${native}`, operation: "open" }
  return new SqlError({
    reason: /Permission denied/.test(native) ? new AuthorizationError(details) : new ConnectionError(details)
  })
}

export interface Holder {
  readonly pid: number | undefined
  readonly process: string | undefined
}

const describeHolder = ({ pid, process }: Holder): string =>
  pid === undefined ? "another process" : `${process ?? "another process"} (PID ${pid})`

/** Linux and macOS name program and PID in brackets, an older form has the PID alone, Windows says "already open in". */
const parseHolder = (message: string): Holder | undefined => {
  if (!/Conflicting lock is held|being used by another process|Could not set lock on file/.test(message)) {
    return undefined
  }
  const named = /(?:held in|already open in)\s+(\S.*?)\s+\(PID (\d+)\)/.exec(message)
  const pid = named?.[2] ?? /PID (\d+)/.exec(message)?.[1]
  return { pid: pid === undefined ? undefined : Number(pid), process: named?.[1] }
}

export const lockHolder = (error: SqlError): Holder | undefined =>
  error.reason._tag === "ConnectionError" ? parseHolder(error.message) : undefined
