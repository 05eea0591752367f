/** What a run did, for people and for machines. */
import { type Gap, Instant, type Interval, type Provenance, Series, type SourceFile } from "@tidemark/core"
import type { Cost, Excluded } from "./Plan.ts"

export type Status = "complete" | "incomplete" | "failed" | "interrupted"

/** Files that a run took candles from, or refused to take. */
export interface FilesOutcome {
  verified: number
  /** Not sound: what they should have held was asked for otherwise. */
  readonly quarantined: Array<SourceFile.SourceFile>
  /** URLs of those that have other bytes than when they were last fetched; what changed left revisions. */
  readonly rewritten: Array<string>
}

export interface SeriesOutcome {
  readonly series: Series.Series
  readonly provenance: Provenance.Provenance
  readonly status: Status
  readonly requested: Interval.Interval | undefined
  readonly excluded: ReadonlyArray<Excluded>
  /** Candles that the calendar has in the requested range. */
  readonly expected: number
  /** Those that are not stored. */
  readonly missing: number
  readonly requests: number
  /** Of those, how many brought no answer, and were made again or given up. */
  readonly retries: number
  readonly inserted: number
  readonly changed: number
  readonly removed: number
  readonly gaps: ReadonlyArray<Gap.Gap>
  readonly files: FilesOutcome
  /** What else there is to know, such as that candles were fetched again because of a split. */
  readonly notes: ReadonlyArray<string>
  /** A message for each range that the source could not be asked for; never none where the series failed. */
  readonly errors: ReadonlyArray<string>
}

/** A preferred source that was not used for some symbols, and why. */
export interface PassedOver {
  readonly source: string
  readonly symbols: ReadonlyArray<string>
  readonly error: string
}

export interface Report {
  readonly runId: string
  readonly startedAt: Instant.EpochMillis
  readonly finishedAt: Instant.EpochMillis
  readonly interrupted: boolean
  readonly planned: Cost
  readonly outcomes: ReadonlyArray<SeriesOutcome>
  readonly passedOver: ReadonlyArray<PassedOver>
  readonly gapsDetected: ReadonlyArray<Gap.Gap>
  readonly gapsFilled: ReadonlyArray<Gap.Gap>
}

/** Share of the expected candles that is stored, 0 to 1. */
export const completeness = (outcome: SeriesOutcome): number =>
  outcome.expected === 0 ? 1 : (outcome.expected - outcome.missing) / outcome.expected

/** Why a series failed, in one text. */
export const errorOf = ({ errors }: Pick<SeriesOutcome, "errors">): string | undefined =>
  errors.length === 0 ? undefined : errors.join("; ")

/** Sums a figure over all series. */
export const total = (report: Report, figure: (outcome: SeriesOutcome) => number): number =>
  report.outcomes.reduce((sum, outcome) => sum + figure(outcome), 0)

export const countOf = (report: Report, status: Status): number =>
  report.outcomes.filter((outcome) => outcome.status === status).length

/** 0 done and complete, 1 a series failed, 3 done but incomplete, 130 interrupted. */
export const exitCode = (report: Report): number => {
  if (report.interrupted) return 130
  if (countOf(report, "failed") > 0) return 1
  return countOf(report, "complete") === report.outcomes.length ? 0 : 3
}

const rangeJson = (interval: Interval.Interval | undefined) =>
  interval === undefined
    ? { from: null, to: null }
    : { from: Instant.format(interval.from), to: Instant.format(interval.to) }

export const gapJson = (gap: Gap.Gap) => ({
  ...gap.series,
  ...rangeJson(gap.interval),
  missing: gap.missing,
  cause: gap.cause,
  attempts: gap.attempts,
  evidence: gap.evidence,
  next_action: gap.nextAction
})

const prunedJson = ({ prunedAt }: Excluded) =>
  prunedAt === undefined ? {} : { pruned_at: Instant.format(Math.floor(prunedAt / 1000) * 1000) }

const outcomeJson = (outcome: SeriesOutcome) => ({
  ...outcome.series,
  provenance: outcome.provenance,
  status: outcome.status,
  ...rangeJson(outcome.requested),
  expected: outcome.expected,
  missing: outcome.missing,
  completeness: completeness(outcome),
  requests: outcome.requests,
  retries: outcome.retries,
  inserted: outcome.inserted,
  changed: outcome.changed,
  removed: outcome.removed,
  files: {
    verified: outcome.files.verified,
    quarantined: outcome.files.quarantined.map(({ detail, sha256, url }) => ({ url, sha256, detail: detail ?? null })),
    rewritten: outcome.files.rewritten
  },
  notes: outcome.notes,
  excluded: outcome.excluded.map((part) => ({ ...rangeJson(part.interval), cause: part.cause, ...prunedJson(part) })),
  error: errorOf(outcome) ?? null
})

/** The report as plain JSON; instants are ISO 8601 in UTC. */
export const toJson = (report: Report) => ({
  summary: {
    run_id: report.runId,
    started_at: Instant.format(report.startedAt),
    finished_at: Instant.format(report.finishedAt),
    exit_code: exitCode(report),
    interrupted: report.interrupted,
    series: report.outcomes.length,
    complete: countOf(report, "complete"),
    incomplete: countOf(report, "incomplete"),
    failed: countOf(report, "failed"),
    expected: total(report, (outcome) => outcome.expected),
    missing: total(report, (outcome) => outcome.missing),
    requests: total(report, (outcome) => outcome.requests),
    retries: total(report, (outcome) => outcome.retries),
    inserted: total(report, (outcome) => outcome.inserted),
    changed: total(report, (outcome) => outcome.changed),
    removed: total(report, (outcome) => outcome.removed),
    gaps_detected: report.gapsDetected.length,
    gaps_filled: report.gapsFilled.length,
    passed_over: report.passedOver
  },
  series: report.outcomes.map(outcomeJson),
  gaps_detected: report.gapsDetected.map(gapJson),
  gaps_filled: report.gapsFilled.map(gapJson),
  errors: report.outcomes.flatMap((outcome) =>
    outcome.errors.map((message) => ({ series: Series.key(outcome.series), message }))
  )
})
