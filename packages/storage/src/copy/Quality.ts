/**
 * What is known of quality, in a copy: gaps, what other sources have of them,
 * outages, completeness, anomalies with what was acknowledged of them. What the target has looked at itself is
 * left as it is.
 */
import { Instant, type StoreError } from "@tidemark/core"
import { type Context, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "../Operation.ts"
import { insertRows } from "../Rows.ts"
import type { Connection } from "../Storage.ts"
import { epochMillis, timestampText } from "../Timestamp.ts"

interface Table {
  readonly name: string
  /** Columns whose values name what a row is about. */
  readonly subject: ReadonlyArray<string>
  readonly values: ReadonlyArray<string>
  readonly instants: ReadonlyArray<string>
  readonly dates: ReadonlyArray<string>
}

const series = ["symbol", "timeframe", "source"]

export const tables = ["data_anomalies", "data_gaps", "data_quality", "gap_candidates", "venue_outages"] as const

const layouts: ReadonlyArray<Table & { readonly name: (typeof tables)[number] }> = [
  {
    name: "data_gaps",
    subject: series,
    values: ["missing", "cause", "evidence", "attempts", "next_action"],
    instants: ["gap_from", "gap_to", "detected_at", "checked_at"],
    dates: []
  },
  {
    name: "gap_candidates",
    subject: [...series, "candidate"],
    values: [
      "missing",
      "has",
      "compared",
      "lacking",
      "differing",
      "median_off",
      "tolerance",
      "basis",
      "verdict",
      "detail"
    ],
    instants: ["gap_from", "gap_to", "asked_from", "asked_to", "asked_at"],
    dates: []
  },
  {
    name: "venue_outages",
    subject: ["venue"],
    values: ["origin", "evidence"],
    instants: ["outage_from", "outage_to", "found_at"],
    dates: []
  },
  {
    name: "data_quality",
    subject: series,
    values: ["expected", "actual", "missing", "unexplained", "completeness", "has_gaps", "has_anomalies"],
    instants: ["checked_at"],
    dates: ["month"]
  },
  {
    name: "data_anomalies",
    subject: series,
    values: ["kind", "severity", "evidence", "figures", "note"],
    instants: ["anomaly_from", "anomaly_to", "found_at", "acknowledged_at"],
    dates: []
  }
]

type Row = Readonly<Record<string, unknown>>

const subjectOf = ({ subject }: Table, row: Row): string => JSON.stringify(subject.map((name) => row[name]))

const sideOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  const read = ({ dates, instants, name, subject, values }: Table) =>
    Effect.map(
      operation("read what is known of quality")(
        sql<Row>`SELECT ${sql.csv([
          ...[...subject, ...values].map((column) => sql`${sql(column)}`),
          ...[...instants, ...dates].map((column) => sql`${epochMillis(sql, column)} AS ${sql(column)}`)
        ])} FROM ${sql(name)}`
      ),
      (rows) =>
        rows.map((row): Row => {
          const text = (column: string, format: (instant: number) => string) => [
            column,
            row[column] === null ? null : format(Number(row[column]))
          ]
          return {
            ...row,
            ...Object.fromEntries([
              ...instants.map((column) => text(column, timestampText)),
              ...dates.map((column) => text(column, Instant.formatDate))
            ])
          }
        })
    )
  const append = ({ name }: Table, rows: ReadonlyArray<Row>) =>
    sql.withTransaction(insertRows(sql, name, rows)).pipe(operation("write what is known of quality"))
  return { read, append }
})

/** Copies what `to` knows nothing of; says how many rows that is. */
export const copy = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<number, StoreError.StoreError> {
  const source = yield* Effect.provideContext(sideOf, from)
  const target = yield* Effect.provideContext(sideOf, to)
  let copied = 0
  for (const table of layouts) {
    const known = new Set((yield* target.read(table)).map((row) => subjectOf(table, row)))
    const missing = (yield* source.read(table)).filter((row) => !known.has(subjectOf(table, row)))
    yield* target.append(table, missing)
    copied += missing.length
  }
  return copied
})
