/** What storage needs of DuckDB beyond SQL: typed-vector appends, columnar reads, and what its errors mean. */
import { StoreError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import * as Driver from "@tidemark/storage/Driver"
import * as DuckDbParquet from "./DuckDbParquet.ts"
import { Effect, Layer, Stream } from "effect"
import type { SqlError } from "effect/sql"

const firstLine = (error: SqlError.SqlError): string => error.message.split("\n", 1)[0]!.replace(/\.$/, "")

/** Why a statement failed. */
export const classify = (error: SqlError.SqlError): StoreError.Reason => {
  const holder = DuckDbClient.lockHolder(error)
  if (holder !== undefined) return new StoreError.Held(holder.pid === undefined ? {} : { pid: holder.pid })
  const detail = firstLine(error)
  if (DuckDbClient.isToBeReopened(error)) return new StoreError.Disconnected({ detail })
  if (
    /^Out of Memory Error|could not allocate block|no space left|^IO Error: .*(could not write|failed to write)/i.test(
      detail
    )
  ) {
    return new StoreError.Exhausted({ detail })
  }
  return new StoreError.StatementFailed({ detail })
}

/** Why the file could not be opened. */
export const classifyOpening = (error: SqlError.SqlError): StoreError.Reason => {
  const reason = classify(error)
  return reason._tag === "StatementFailed" ? new StoreError.CannotOpen({ detail: reason.detail }) : reason
}

/** `reads`: no more than that is wanted of this database. */
export const layer = (database: string, reads: boolean) =>
  Layer.effect(
    Driver.Driver,
    Effect.map(DuckDbClient.DuckDbClient, (client) =>
      Driver.Driver.of({
        database,
        engine: Effect.map(
          client<{ version: string }>`SELECT version() AS version`,
          ([row]) => `DuckDB ${row!.version}`
        ),
        append: client.append,
        columns: (statement, batchRows) =>
          Stream.map(
            client.columns(statement, { batchRows }),
            // Only numeric and timestamp columns are asked for.
            (batch) => batch.columns as ReadonlyArray<Float64Array>
          ),
        writeParquet: DuckDbParquet.fromTable(client),
        // It neither writes files nor attaches others, from then on.
        confine: reads ? client`SET enable_external_access = false` : Effect.void,
        classify,
        queries: ["SELECT", "WITH", "VALUES", "TABLE", "FROM", "SHOW", "EXPLAIN", "DESCRIBE", "SUMMARIZE", "PIVOT"],
        tables: Effect.map(
          client<{ table_name: string }>`SELECT table_name FROM information_schema.tables
            WHERE table_schema = current_schema() ORDER BY table_name`,
          (rows) => rows.map((row) => row.table_name)
        ),
        // One process has the file, and its client makes writers wait for one another.
        rowLock: "",
        lockTable: () => Effect.void,
        beginSnapshot: "BEGIN TRANSACTION READ ONLY",
        changes: client.writes,
        about: (topics) => Effect.provideService(DuckDbClient.Topics, topics),
        migrating: (migration) => migration,
        // Blocks of rows know their smallest and largest values; an index would cost more than it gives.
        tuning: {}
      })
    )
  )
