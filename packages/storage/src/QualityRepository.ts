/** `QualityStore` over the tables `data_quality` and `data_anomalies`, which users read as they are. */
import { Instant, QualityStore, type Series } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

interface FindingRow {
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly source: string
  readonly kind: string
  readonly severity: QualityStore.Finding["severity"]
  readonly from_ms: number
  readonly to_ms: number
  readonly evidence: string
  readonly figures: string
  readonly found_ms: number
  readonly acknowledged_ms: number | null
  readonly note: string | null
}

const Figures = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Number))
const decodeFigures = Schema.decodeSync(Figures)

/** What JSON has no word for is left out: the sentence has it. */
const encodeFigures = (figures: QualityStore.Finding["figures"]): string =>
  JSON.stringify(Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value))))

const fromRow = (row: FindingRow): QualityStore.StoredFinding => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  kind: row.kind,
  severity: row.severity,
  interval: { from: Number(row.from_ms), to: Number(row.to_ms) },
  evidence: row.evidence,
  figures: decodeFigures(row.figures),
  foundAt: Number(row.found_ms),
  ...(row.acknowledged_ms === null ? {} : { acknowledged: { at: Number(row.acknowledged_ms), note: row.note ?? "" } })
})

const seriesColumns = ({ source, symbol, timeframe }: Series.Series) => ({ symbol, timeframe, source })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make("findings")

  const ofSeries = ({ source, symbol, timeframe }: Series.Series) =>
    sql`symbol = ${symbol} AND timeframe = ${timeframe} AND source = ${source}`
  const select = sql`SELECT symbol, timeframe, source, kind, severity, evidence, figures, note,
    ${epochMillis(sql, "anomaly_from")} AS from_ms, ${epochMillis(sql, "anomaly_to")} AS to_ms,
    ${epochMillis(sql, "found_at")} AS found_ms, ${epochMillis(sql, "acknowledged_at")} AS acknowledged_ms
    FROM data_anomalies`

  const record: QualityStore.QualityStore["Service"]["record"] = Effect.fn("QualityStore.record")(
    ({ findings, months, series }, at) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const keyOf = ({ interval, kind }: QualityStore.Finding) => `${kind} ${interval.from}`
          const before = new Map(
            (yield* sql<FindingRow>`${select} WHERE ${ofSeries(series)}`)
              .map(fromRow)
              .map((known) => [keyOf(known), known])
          )
          yield* sql`DELETE FROM data_anomalies WHERE ${ofSeries(series)}`
          yield* sql`DELETE FROM data_quality WHERE ${ofSeries(series)}`
          yield* insertRows(
            sql,
            "data_anomalies",
            findings.map((finding) => {
              const known = before.get(keyOf(finding))
              return {
                ...seriesColumns(series),
                kind: finding.kind,
                severity: finding.severity,
                anomaly_from: timestampText(finding.interval.from),
                anomaly_to: timestampText(finding.interval.to),
                evidence: finding.evidence,
                figures: encodeFigures(finding.figures),
                found_at: timestampText(known?.foundAt ?? at),
                acknowledged_at: known?.acknowledged === undefined ? null : timestampText(known.acknowledged.at),
                note: known?.acknowledged?.note ?? null
              }
            })
          )
          yield* insertRows(
            sql,
            "data_quality",
            months.map(({ actual, expected, hasAnomalies, month, open }) => ({
              ...seriesColumns(series),
              month: Instant.formatDate(month),
              expected,
              actual,
              missing: expected - actual,
              unexplained: open.unexplained,
              completeness: actual / expected,
              has_gaps: actual < expected,
              has_anomalies: hasAnomalies,
              checked_at: timestampText(at)
            }))
          )
        })
      ),
    operation("write what a check found")
  )

  const findings = Effect.map(
    operation("list anomalies")(
      sql<FindingRow>`${select} ORDER BY symbol, source, timeframe, data_anomalies.anomaly_from, kind`
    ),
    (rows) => rows.map(fromRow)
  ).pipe(Effect.withSpan("QualityStore.findings"))

  const acknowledge: QualityStore.QualityStore["Service"]["acknowledge"] = Effect.fn("QualityStore.acknowledge")(
    (series, interval, note, at) =>
      Effect.map(
        sql`UPDATE data_anomalies SET acknowledged_at = ${timestamp(sql, at)}, note = ${note}
          WHERE ${ofSeries(series)} AND anomaly_from < ${timestamp(sql, interval.to)}
            AND anomaly_to > ${timestamp(sql, interval.from)} RETURNING kind`,
        (rows) => rows.length
      ),
    operation("acknowledge anomalies")
  )

  return QualityStore.QualityStore.of({ record, findings, acknowledge })
})

export const layer = Layer.effect(QualityStore.QualityStore, make)
