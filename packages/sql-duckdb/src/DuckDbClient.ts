/**
 * An Effect `SqlClient` for DuckDB, over `@duckdb/node-api`.
 *
 * **Connections.** Transactions and writes share one connection, one at a time;
 * reads outside a transaction, and transactions that begin as `READ ONLY`, get
 * connections of their own and see the last committed state, so they never wait
 * for a long write.
 *
 * **Broken databases.** After a failure that leaves DuckDB's memory in disorder
 * every statement is refused, until nobody has a connection any more; then the
 * file is opened again. What is in memory alone stays refused.
 *
 * **Dialect.** Placeholders are `$1`, but the client calls itself `"sqlite"`
 * in `onDialect`. What Effect's own modules do in their `pg` branches
 * (`to_regclass` and `LOCK TABLE` in the Migrator, `= ANY('{}')` for an empty
 * `IN`) fails in DuckDB, and what they do for SQLite works. It also leaves a way
 * to write SQL for one of two databases: `onDialectOrElse({ pg, orElse })`.
 *
 * **Gotchas**
 *
 * - DuckDB has no savepoints: a nested `withTransaction` joins the outer one,
 *   and if it fails the outer one cannot commit.
 * - A statement that fails while it runs aborts its transaction: recovering from
 *   it inside the transaction doesn't help, the commit fails.
 * - In a transaction a stream reads from a complete result, held by DuckDB;
 *   outside one it reads as the query runs.
 * - The time zone of the database is set to UTC, so that a Date means the same
 *   moment in TIMESTAMP and TIMESTAMPTZ columns on every machine.
 * - One process at a time may have a file open: see `lockHolder`. Clients of one
 *   process share the file, given the same settings.
 */
import { Config, Context, Effect, Layer, Option, type Scope, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient, Statement } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch, Column } from "./Columns.ts"
import * as Appender from "./internal/Appender.ts"
import * as Failure from "./internal/Failure.ts"
import * as Instance from "./internal/Instance.ts"
import * as Native from "./internal/Native.ts"
import * as Router from "./internal/Router.ts"
import type { Session } from "./internal/Session.ts"
import * as Transaction from "./internal/Transaction.ts"

export const TypeId: TypeId = "~@tidemark/sql-duckdb/DuckDbClient"

export type TypeId = "~@tidemark/sql-duckdb/DuckDbClient"

export interface DuckDbConfig {
  /** A file, which is created if its directory exists, or `:memory:`. */
  readonly path: string
  readonly readOnly?: boolean | undefined
  /** Threads that DuckDB runs queries on; all cores by default. */
  readonly threads?: number | undefined
  /** As DuckDB writes it, `"2GB"`; 80% of the machine's memory by default. */
  readonly memoryLimit?: string | undefined
  /** Where DuckDB puts what doesn't fit in memory; beside the file by default. */
  readonly tempDirectory?: string | undefined
  readonly spanAttributes?: Record<string, unknown> | undefined
  readonly transformQueryNames?: ((name: string) => string) | undefined
  readonly transformResultNames?: ((name: string) => string) | undefined
}

export interface DuckDbClient extends SqlClient.SqlClient {
  readonly [TypeId]: TypeId
  readonly config: DuckDbConfig
  /**
   * Another number whenever something may have been written by this client, also if nothing was in the end. A read that
   * was begun at a number and ended at the same saw what is there now. With topics: whenever something of these may
   * have been; see `Topics`.
   */
  readonly writes: (topics?: ReadonlyArray<string>) => number
  /**
   * Appends a batch to a table (`name`, `schema.name` or `catalog.schema.name`):
   * a column for each of the table's, in their order, all of one length. All of
   * the batch is stored or nothing, in the current transaction if there is one.
   */
  readonly append: (table: string, columns: ReadonlyArray<Column>) => Effect.Effect<void, SqlError>
  /**
   * Reads columns instead of rows: a batch for each of DuckDB's chunks of 2,048
   * rows, or for every `batchRows` rows (`Infinity` for one batch). A result without
   * rows gives no batch. Names are as DuckDB gives them, untransformed.
   */
  readonly columns: (
    statement: Statement.Fragment,
    options?: { readonly batchRows?: number | undefined }
  ) => Stream.Stream<Batch, SqlError>
}

/**
 * What the statements of a fiber can change, in words of its own, for `writes` to tell them apart; anything where
 * nothing is said. Of a transaction it counts what is said where it begins.
 */
export const Topics: Context.Reference<ReadonlyArray<string> | undefined> = Router.Topics

export const DuckDbClient = Context.Service<DuckDbClient>("@tidemark/sql-duckdb/DuckDbClient")

/**
 * The process that keeps a file from being opened, if that is why `error`
 * happened. Program and PID are as DuckDB reports them, if it does.
 */
export const lockHolder: (
  error: SqlError
) => { readonly pid: number | undefined; readonly process: string | undefined } | undefined = Failure.lockHolder

/** Whether a statement was refused because the file has to be opened again: later it will be. */
export const isToBeReopened: (error: SqlError) => boolean = Failure.isToBeReopened

export const make = Effect.fnUntraced(function* (
  config: DuckDbConfig
): Effect.fn.Return<DuckDbClient, SqlError, Scope.Scope | Reactivity.Reactivity> {
  const native = yield* Native.load
  const router = yield* Router.make(native, {
    open: Instance.open(native, config),
    isKept: !Instance.isInMemory(config.path),
    isAlone: () => Instance.isAlone(config.path)
  })
  const compiler = makeCompiler(config.transformQueryNames)
  const spanAttributes: ReadonlyArray<readonly [string, unknown]> = [
    ...Object.entries(config.spanAttributes ?? {}),
    ["db.system.name", "duckdb"],
    ["db.namespace", config.path]
  ]

  const client = yield* SqlClient.make({
    acquirer: Effect.succeed(router),
    transactionAcquirer: router.reserve,
    compiler,
    driver: "duckdb",
    spanAttributes,
    transformRows:
      config.transformResultNames === undefined
        ? undefined
        : Statement.defaultTransforms(config.transformResultNames).array
  })

  const explainNesting = yield* Effect.cached(
    Effect.logDebug("DuckDB has no savepoints: a nested transaction joins the outer one.")
  )
  const withTransaction = SqlClient.makeWithTransaction({
    transactionService: client.transactionService,
    spanAttributes,
    acquireConnection: (restore) =>
      Effect.flatMap(SqlClient.BeginTransaction, (statement = "") =>
        restore(onlyReads.test(statement) ? router.leaseReader : router.lease)
      ),
    begin: (connection, statement) => Transaction.begin(connection as Session, statement),
    commit: (connection) => Transaction.commit(connection as Session),
    rollback: (connection) => Transaction.rollback(connection as Session),
    savepoint: () => explainNesting,
    rollbackSavepoint: (connection) => Transaction.nestedFailed(connection as Session)
  })

  /** The session of the transaction that the fiber is in; only sessions are ever put under this client's key. */
  const joined = Effect.map(
    Effect.serviceOption(client.transactionService),
    Option.map(([connection]) => connection as Session)
  )
  const appendRows = (table: string, columns: ReadonlyArray<Column>, rows: number): Effect.Effect<void, SqlError> =>
    Effect.flatMap(
      joined,
      Option.match({
        onNone: () => withTransaction(appendRows(table, columns, rows)),
        onSome: (session) => session.append(table, columns, rows)
      })
    )

  const append = Effect.fn("DuckDbClient.append")(function* (table: string, columns: ReadonlyArray<Column>) {
    const rows = yield* Effect.fromResult(Appender.rowCount(columns))
    yield* Effect.annotateCurrentSpan({ "db.collection.name": table, "db.operation.batch.size": rows })
    if (rows > 0) yield* appendRows(table, columns, rows)
  })

  return Object.assign(client, {
    [TypeId]: TypeId,
    config,
    withTransaction,
    writes: router.writes,
    append,
    columns: (statement, options) =>
      Stream.unwrap(
        Effect.map(joined, (session) => {
          const [sql, params] = compiler.compile(statement, false)
          return Option.getOrElse(session, () => router).columns(sql, params, options?.batchRows)
        })
      )
  } satisfies Partial<DuckDbClient>)
})

/** A transaction that begins so needs no writer. */
const onlyReads = /\bread\s+only\b/i

const services = (client: DuckDbClient) =>
  Context.make(DuckDbClient, client).pipe(Context.add(SqlClient.SqlClient, client))

export const layer = (config: DuckDbConfig): Layer.Layer<DuckDbClient | SqlClient.SqlClient, SqlError> =>
  Layer.effectContext(Effect.map(make(config), services)).pipe(Layer.provide(Reactivity.layer))

export const layerConfig = (
  config: Config.Wrap<DuckDbConfig>
): Layer.Layer<DuckDbClient | SqlClient.SqlClient, SqlError | Config.ConfigError> =>
  Layer.effectContext(Config.unwrap(config).pipe(Effect.flatMap(make), Effect.map(services))).pipe(
    Layer.provide(Reactivity.layer)
  )

const makeCompiler = (transform: ((name: string) => string) | undefined): Statement.Compiler => {
  const escape = Statement.defaultEscape('"')
  return Statement.makeCompiler({
    dialect: "sqlite",
    placeholder: (index) => `$${index}`,
    onIdentifier: (name, withoutTransform) =>
      escape(transform === undefined || withoutTransform ? name : transform(name)),
    onRecordUpdate: (placeholders, alias, columns, values, returning) => [
      `(VALUES ${placeholders}) AS ${alias}${columns}${returning === undefined ? "" : ` RETURNING ${returning[0]}`}`,
      returning === undefined ? values.flat() : [...values.flat(), ...returning[1]]
    ],
    onCustom: () => ["", []]
  })
}
