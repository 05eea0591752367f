/** `GapLedger` over the tables `data_gaps`, `venue_outages` and `gap_candidates`, which users read as they are. */
import {
  Candidate,
  type CandleStore,
  Changes,
  type Gap,
  GapLedger,
  Interval,
  type Outage,
  Series
} from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as CandidateRows from "./CandidateRows.ts"
import { chosen } from "./Chosen.ts"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"
import { byText, insertRows } from "./Rows.ts"
import { epochMillis, timestampText } from "./Timestamp.ts"

interface GapRow {
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly source: string
  readonly from_ms: number
  readonly to_ms: number
  readonly missing: number
  readonly cause: Gap.GapCause
  readonly evidence: string
  readonly attempts: number
  readonly next_action: string
  readonly detected_ms: number
  readonly checked_ms: number
}

interface OutageRow {
  readonly venue: string
  readonly from_ms: number
  readonly to_ms: number
  readonly origin: Outage.Outage["origin"]
  readonly evidence: string
}

const Sentences = Schema.fromJsonString(Schema.Array(Schema.String))
const decodeSentences = Schema.decodeSync(Sentences)
const encodeSentences = Schema.encodeSync(Sentences)

const fromRow = (row: GapRow): GapLedger.RecordedGap => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  interval: { from: Number(row.from_ms), to: Number(row.to_ms) },
  missing: Number(row.missing),
  cause: row.cause,
  evidence: decodeSentences(row.evidence),
  attempts: row.attempts,
  nextAction: row.next_action,
  detectedAt: Number(row.detected_ms),
  checkedAt: Number(row.checked_ms)
})

const inOrder = (a: Gap.Gap, b: Gap.Gap): number =>
  byText(a.series.symbol, b.series.symbol) ||
  byText(a.series.source, b.series.source) ||
  byText(a.series.timeframe, b.series.timeframe) ||
  a.interval.from - b.interval.from

const toRow = (gap: Gap.Gap, detectedAt: number, at: number) => ({
  symbol: gap.series.symbol,
  timeframe: gap.series.timeframe,
  source: gap.series.source,
  gap_from: timestampText(gap.interval.from),
  gap_to: timestampText(gap.interval.to),
  missing: gap.missing,
  cause: gap.cause,
  evidence: encodeSentences(gap.evidence),
  attempts: gap.attempts,
  next_action: gap.nextAction,
  detected_at: timestampText(detectedAt),
  checked_at: timestampText(at)
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const operation = yield* Operation.make()

  const select = sql`SELECT symbol, timeframe, source, missing, cause, evidence, attempts, next_action,
    ${epochMillis(sql, "gap_from")} AS from_ms, ${epochMillis(sql, "gap_to")} AS to_ms,
    ${epochMillis(sql, "detected_at")} AS detected_ms, ${epochMillis(sql, "checked_at")} AS checked_ms FROM data_gaps`

  const recordOne = Effect.fnUntraced(function* ({ gaps, series }: GapLedger.Looked, at: number) {
    const ofSeries = sql`symbol = ${series.symbol} AND timeframe = ${series.timeframe} AND source = ${series.source}`
    const before = (yield* sql<GapRow>`${select} WHERE ${ofSeries}`).map(fromRow)
    if (before.length > 0) yield* sql`DELETE FROM data_gaps WHERE ${ofSeries}`
    const detectedAt = (gap: Gap.Gap) =>
      Math.min(
        at,
        ...before
          .filter(({ cause, interval }) => cause === gap.cause && Interval.overlaps(interval, gap.interval))
          .map((known) => known.detectedAt)
      )
    yield* insertRows(
      sql,
      "data_gaps",
      gaps.map((gap) => toRow(gap, detectedAt(gap), at))
    )
  })

  const recordAll = Effect.fn("GapLedger.record")(
    (looked: ReadonlyArray<GapLedger.Looked>, at: number) =>
      looked.length === 0
        ? Effect.void
        : sql.withTransaction(
            // In one order, so that no process waits for one that waits for it.
            Effect.forEach(
              looked.toSorted((a, b) => Series.order(a.series, b.series)),
              (one) => recordOne(one, at),
              { discard: true }
            )
          ),
    operation("write gaps")
  )

  const record: GapLedger.GapLedger["Service"]["record"] = (looked, at) =>
    driver.about(
      Changes.written(
        "gaps",
        looked.map(({ series }) => series.symbol)
      )
    )(recordAll(looked, at))

  const of = Effect.fn("GapLedger.of")(
    (selection: CandleStore.Selection) =>
      Effect.map(
        sql<GapRow>`${select} WHERE ${chosen(sql, selection)}`,
        // Sorted here: to sort a few rows takes DuckDB longer than to find them.
        (rows) => rows.map(fromRow).sort(inOrder)
      ),
    operation("list gaps")
  )

  const list = of({})

  const recordOutages: GapLedger.GapLedger["Service"]["recordOutages"] = Effect.fn("GapLedger.recordOutages")(
    (venue, outages, at) =>
      sql.withTransaction(
        Effect.andThen(
          sql`DELETE FROM venue_outages WHERE venue = ${venue}`,
          insertRows(
            sql,
            "venue_outages",
            outages.map((outage) => ({
              venue,
              outage_from: timestampText(outage.from),
              outage_to: timestampText(outage.to),
              origin: outage.origin,
              evidence: outage.evidence,
              found_at: timestampText(at)
            }))
          )
        )
      ),
    operation("write outages")
  )

  const outages = Effect.map(
    operation("list outages")(sql<OutageRow>`SELECT venue, origin, evidence,
        ${epochMillis(sql, "outage_from")} AS from_ms, ${epochMillis(sql, "outage_to")} AS to_ms
      FROM venue_outages ORDER BY venue, venue_outages.outage_from`),
    (rows) =>
      rows.map((row): Outage.Outage => ({
        venue: row.venue,
        origin: row.origin,
        evidence: row.evidence,
        from: Number(row.from_ms),
        to: Number(row.to_ms)
      }))
  ).pipe(Effect.withSpan("GapLedger.outages"))

  const candidateRows = CandidateRows.select(sql)

  /** Verdicts of one source on one series. */
  const recordOf = Effect.fnUntraced(function* (found: ReadonlyArray<Candidate.Candidate>) {
    const { series, source } = found[0]!
    const which = sql`symbol = ${series.symbol} AND timeframe = ${series.timeframe} AND source = ${series.source}
      AND candidate = ${source}`
    const known = (yield* sql<CandidateRows.CandidateRow>`${candidateRows} WHERE ${which}`).map(CandidateRows.fromRow)
    if (known.length > 0) yield* sql`DELETE FROM gap_candidates WHERE ${which}`
    yield* insertRows(sql, "gap_candidates", Candidate.replacing(known, found).map(CandidateRows.toRow))
  })

  const recordCandidates: GapLedger.GapLedger["Service"]["recordCandidates"] = Effect.fn("GapLedger.recordCandidates")(
    (found) =>
      found.length === 0
        ? Effect.void
        : sql.withTransaction(
            Effect.forEach(
              [...Map.groupBy(found, ({ series, source }) => `${Series.key(series)} ${source}`)]
                .toSorted(([a], [b]) => (a < b ? -1 : 1))
                .map(([, some]) => some),
              recordOf,
              { discard: true }
            )
          ),
    operation("write what other sources have")
  )

  const candidates = Effect.map(
    operation("list what other sources have")(
      sql<CandidateRows.CandidateRow>`${candidateRows}
        ORDER BY symbol, source, timeframe, candidate, gap_candidates.gap_from`
    ),
    (rows) => rows.map(CandidateRows.fromRow)
  ).pipe(Effect.withSpan("GapLedger.candidates"))

  return GapLedger.GapLedger.of({ record, list, of, recordOutages, outages, recordCandidates, candidates })
})

export const layer = Layer.effect(GapLedger.GapLedger, make)
