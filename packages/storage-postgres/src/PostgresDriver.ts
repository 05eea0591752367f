/** What storage needs of Postgres beyond portable SQL: bulk inserts, columnar reads, locks, indexes. */
import { PgClient } from "@effect/sql-pg"
import { Driver } from "@tidemark/storage"
import { Effect, Layer, Stream } from "effect"
import type { SqlError, Statement } from "effect/sql"
import * as Arrays from "./Arrays.ts"
import { classify } from "./Failure.ts"

type Row = Readonly<Record<string, unknown>>

/** What a batch is being filled from: rows come in pieces of the client's size. */
interface Filling {
  readonly names: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Float64Array>
  readonly rows: number
}

/** Numbers, dates and bigints as numbers; null as `NaN`. */
const toNumber = (value: unknown): number => (value === null ? Number.NaN : Number(value))

/** Rows as columns of `batchRows` each, the last batch shorter. */
const toColumns =
  (batchRows: number) =>
  <E>(rows: Stream.Stream<Row, E>): Stream.Stream<ReadonlyArray<Float64Array>, E> =>
    rows.pipe(
      Stream.mapAccumArray(
        (): Filling => ({ names: [], columns: [], rows: 0 }),
        (state, piece) => {
          const names = state.rows === 0 && state.names.length === 0 ? Object.keys(piece[0]) : state.names
          const full: Array<ReadonlyArray<Float64Array>> = []
          let { columns, rows: filled } = state
          for (let at = 0; at < piece.length;) {
            if (filled === 0) columns = names.map(() => new Float64Array(batchRows))
            const take = Math.min(piece.length - at, batchRows - filled)
            for (const [i, name] of names.entries()) {
              const column = columns[i]!
              for (let row = 0; row < take; row++) column[filled + row] = toNumber(piece[at + row]![name])
            }
            at += take
            filled += take
            if (filled === batchRows) {
              full.push(columns)
              filled = 0
            }
          }
          return [{ names, columns, rows: filled }, full]
        },
        {
          onHalt: ({ columns, rows: filled }) =>
            filled === 0 ? [] : [columns.map((column) => column.subarray(0, filled))]
        }
      )
    )

/** Any number: the same for every Tidemark, so that two of them never change a schema at once. */
const migrationLock = 7_430_917_350

export const layer = (database: string) =>
  Layer.effect(
    Driver.Driver,
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient

      const valueOf = (column: Driver.Column): Statement.Fragment => {
        switch (column.kind) {
          case "double":
            return sql`unnest(${Arrays.doubles(column.values)})`
          case "bigint":
            return sql`CAST(unnest(${Arrays.doubles(column.values)}) AS BIGINT)`
          case "timestamp":
            return sql`unnest(${Arrays.timestamps(column.values)})`
          case "text":
            return sql`unnest(${Arrays.texts(column.values)})`
          case "constant":
            if (column.type === "timestamp") return sql`(${Arrays.timestamps(Float64Array.of(column.value))})[1]`
            return column.type === "double" ? sql`CAST(NULL AS FLOAT8)` : sql`CAST(${column.value} AS INTEGER)`
        }
      }

      // Measured against COPY into a staging table and INSERT from there: as fast, and in the one transaction.
      const append = (table: string, columns: ReadonlyArray<Driver.Column>) =>
        sql`INSERT INTO ${sql(table)} (${sql.csv(columns.map(({ name }) => sql`${sql(name)}`))})
          SELECT ${sql.csv(columns.map(valueOf))}`

      const tables: Effect.Effect<ReadonlyArray<string>, SqlError.SqlError> = Effect.map(
        sql<{ name: string }>`SELECT c.relname AS name FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
            AND NOT EXISTS (SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
          ORDER BY c.relname`,
        (rows) => rows.map((row) => row.name)
      )

      const engine: Effect.Effect<string, SqlError.SqlError> = Effect.map(
        sql<{ server: string; timescale: string | null }>`SELECT current_setting('server_version') AS server,
          (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale`,
        ([row]) => {
          const timescale = row!.timescale === null ? "" : ` with TimescaleDB ${row!.timescale}, see docs/postgres.md`
          return `PostgreSQL ${row!.server.split(" ", 1)[0]}${timescale}`
        }
      )

      return Driver.Driver.of({
        database,
        engine,
        append,
        columns: (statement, batchRows) => toColumns(batchRows)(sql<Row>`${statement}`.stream),
        classify,
        queries: ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"],
        tables,
        writeParquet: undefined,
        // The transaction that reads is all that a query needs.
        confine: Effect.void,
        rowLock: "FOR UPDATE",
        // Readers go on meanwhile.
        lockTable: (table) => Effect.asVoid(sql`LOCK TABLE ${sql(table)} IN SHARE ROW EXCLUSIVE MODE`),
        beginSnapshot: "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        changes: () => undefined,
        about: () => (work) => work,
        migrating: (migration) =>
          sql.withTransaction(Effect.andThen(sql`SELECT pg_advisory_xact_lock(${migrationLock})`, migration)),
        tuning: {
          8: sql`CREATE UNIQUE INDEX features_by_series ON features (series_id, open_time)`,
          10: sql`CREATE INDEX stray_candles_by_series ON stray_candles (series_id, open_time)`,
          11: Effect.forEach(
            [
              ["market_regimes", "open_time"],
              ["jump_regimes", "open_time"],
              ["structure_regimes", "open_time"],
              ["structure_event_rows", "open_time, sequence"]
            ] as const,
            ([table, order]) =>
              sql.unsafe(`CREATE UNIQUE INDEX ${table}_by_series ON ${table} (series_id, method, ${order})`),
            { discard: true }
          ),
          12: sql`CREATE INDEX job_runs_by_job ON job_runs (job, status)`,
          13: Effect.all(
            [
              sql`CREATE UNIQUE INDEX alerts_by_key ON alerts (alert_key)`,
              sql`CREATE INDEX alert_notices_by_webhook ON alert_notices (webhook, notice_id)`
            ],
            { discard: true }
          ),
          15: Effect.forEach(
            ["gamma_snapshots", "regime_signals"],
            (table) =>
              sql.unsafe(`CREATE UNIQUE INDEX ${table}_by_symbol ON ${table} (symbol, source, method, "timestamp")`),
            { discard: true }
          ),
          1: Effect.all(
            [
              sql`CREATE UNIQUE INDEX candles_by_series ON candles (series_id, open_time)`,
              sql`CREATE INDEX revisions_by_series ON revisions (series_id, open_time)`,
              sql`CREATE INDEX coverage_by_series ON coverage (series_id, from_ms)`,
              sql`CREATE INDEX data_sync_log_by_time ON data_sync_log (finished_at)`
            ],
            { discard: true }
          )
        }
      })
    })
  )
