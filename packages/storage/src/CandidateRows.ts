/** The rows of `gap_candidates`. */
import type { Candidate } from "@tidemark/core"
import type { SqlClient } from "effect/sql"
import { epochMillis, timestampText } from "./Timestamp.ts"

export interface CandidateRow {
  readonly symbol: string
  readonly timeframe: Candidate.Candidate["series"]["timeframe"]
  readonly source: string
  readonly candidate: string
  readonly missing: number
  readonly has: number
  readonly compared: number
  readonly lacking: number
  readonly differing: number
  readonly median_off: number
  readonly tolerance: number
  readonly basis: string
  readonly verdict: Candidate.Verdict
  readonly detail: string | null
  readonly from_ms: number
  readonly to_ms: number
  readonly asked_from_ms: number
  readonly asked_to_ms: number
  readonly asked_ms: number
}

export const select = (sql: SqlClient.SqlClient) =>
  sql`SELECT symbol, timeframe, source, candidate, missing, has, compared, lacking, differing, median_off, tolerance,
    basis, verdict, detail, ${epochMillis(sql, "gap_from")} AS from_ms, ${epochMillis(sql, "gap_to")} AS to_ms,
    ${epochMillis(sql, "asked_from")} AS asked_from_ms, ${epochMillis(sql, "asked_to")} AS asked_to_ms,
    ${epochMillis(sql, "asked_at")} AS asked_ms FROM gap_candidates`

export const fromRow = (row: CandidateRow): Candidate.Candidate => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  source: row.candidate,
  interval: { from: Number(row.from_ms), to: Number(row.to_ms) },
  missing: Number(row.missing),
  has: Number(row.has),
  asked: { from: Number(row.asked_from_ms), to: Number(row.asked_to_ms) },
  compared: Number(row.compared),
  lacking: Number(row.lacking),
  differing: Number(row.differing),
  medianOff: row.median_off,
  tolerance: row.tolerance,
  basis: row.basis,
  verdict: row.verdict,
  ...(row.detail === null ? {} : { detail: row.detail }),
  askedAt: Number(row.asked_ms)
})

export const toRow = (one: Candidate.Candidate) => ({
  symbol: one.series.symbol,
  timeframe: one.series.timeframe,
  source: one.series.source,
  candidate: one.source,
  gap_from: timestampText(one.interval.from),
  gap_to: timestampText(one.interval.to),
  missing: one.missing,
  has: one.has,
  asked_from: timestampText(one.asked.from),
  asked_to: timestampText(one.asked.to),
  compared: one.compared,
  lacking: one.lacking,
  differing: one.differing,
  median_off: one.medianOff,
  tolerance: one.tolerance,
  basis: one.basis,
  verdict: one.verdict,
  detail: one.detail ?? null,
  asked_at: timestampText(one.askedAt)
})
