/** What a database holds besides series: the symbols, and what runs did. */
import type { StoreError } from "@tidemark/core"
import { SymbolStore } from "@tidemark/core"
import { type Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "../Operation.ts"
import { insertRows } from "../Rows.ts"
import type { Connection } from "../Storage.ts"
import * as SymbolRepository from "../SymbolRepository.ts"
import { epochMillis, timestampText } from "../Timestamp.ts"

const symbolsOf = (context: Context.Context<Connection>) =>
  Effect.provide(
    SymbolStore.SymbolStore,
    Layer.fresh(SymbolRepository.layer).pipe(Layer.provide(Layer.succeedContext(context)))
  )

export const countSymbols = (context: Context.Context<Connection>): Effect.Effect<number, StoreError.StoreError> =>
  Effect.flatMap(symbolsOf(context), (store) => Effect.map(store.list, (symbols) => symbols.length))

/** Puts every symbol of `from` into `to`; says how many. */
export const copySymbols = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<number, StoreError.StoreError> {
  const symbols = yield* (yield* symbolsOf(from)).list
  if (symbols.length > 0) yield* (yield* symbolsOf(to)).put(symbols)
  return symbols.length
})

const instants = ["requested_from", "requested_to", "started_at", "finished_at"]
const columns =
  "run_id, symbol, timeframe, source, status, requests, retries, inserted, changed, removed, missing, error"

type Row = Readonly<Record<string, unknown>>

const runsPerStatement = 200

/** What runs are logged in a database, and their entries. */
const logOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  return {
    runs: Effect.map(
      operation("read the sync log")(
        sql<{ run_id: string }>`SELECT DISTINCT run_id FROM data_sync_log ORDER BY run_id`
      ),
      (rows) => rows.map((row) => row.run_id)
    ),
    entries: (runs: ReadonlyArray<string>) =>
      Effect.map(
        operation("read the sync log")(
          sql<Row>`SELECT ${sql.literal(columns)}, ${sql.csv(instants.map((name) => sql`${epochMillis(sql, name)} AS ${sql(name)}`))}
            FROM data_sync_log WHERE run_id IN ${sql.in(runs)}`
        ),
        (rows) =>
          rows.map((row) => ({
            ...row,
            ...Object.fromEntries(
              instants.map((name) => [name, row[name] === null ? null : timestampText(Number(row[name]))])
            )
          }))
      ),
    /** All entries of these runs, or none of them. */
    append: (runs: ReadonlyArray<string>, rows: ReadonlyArray<object>) =>
      Effect.andThen(
        sql`DELETE FROM data_sync_log WHERE run_id IN ${sql.in(runs)}`,
        insertRows(sql, "data_sync_log", rows)
      ).pipe(sql.withTransaction, operation("write the sync log"))
  }
})

/** Copies the entries of all runs that `to` does not know; says how many. */
export const copySyncLog = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<number, StoreError.StoreError> {
  const source = yield* Effect.provideContext(logOf, from)
  const target = yield* Effect.provideContext(logOf, to)
  const known = new Set(yield* target.runs)
  const missing = (yield* source.runs).filter((run) => !known.has(run))
  let entries = 0
  for (let at = 0; at < missing.length; at += runsPerStatement) {
    const runs = missing.slice(at, at + runsPerStatement)
    const rows = yield* source.entries(runs)
    yield* target.append(runs, rows)
    entries += rows.length
  }
  return entries
})
