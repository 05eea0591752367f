/**
 * A run of candles that there should be and are not, with what is known
 * about why.
 */
import { Schema } from "effect"
import { format as formatInterval, type Interval } from "./Interval.ts"
import { key, type Series } from "./Series.ts"

/**
 * - `unfetched`: the source was not asked yet.
 * - `outage`: the venue was down.
 * - `no-trades`: nothing traded and the source omits such candles.
 * - `not-listed`, `delisted`: outside the instrument's life.
 * - `retention-limit`: older than the source keeps, or pruned here.
 * - `source-failure`: asked, and the source could not answer.
 * - `unexplained`: asked repeatedly, answered without these candles, no reason known.
 * - `not-wanted`: only candles around it were asked for, to compare another source with.
 */
export const GapCause = Schema.Literals([
  "unfetched",
  "outage",
  "no-trades",
  "not-listed",
  "delisted",
  "retention-limit",
  "source-failure",
  "unexplained",
  "not-wanted"
])
export type GapCause = typeof GapCause.Type

export interface Gap {
  readonly series: Series
  /** From the first missing open to the close of the last missing candle. */
  readonly interval: Interval
  /** How many candles are missing. */
  readonly missing: number
  readonly cause: GapCause
  /** What was asked and answered, in sentences. */
  readonly evidence: ReadonlyArray<string>
  /** How often the source was asked for exactly this. */
  readonly attempts: number
  readonly nextAction: string
}

/** Causes that leave a series complete all the same: nothing can be had there. */
const explained: ReadonlySet<GapCause> = new Set([
  "outage",
  "no-trades",
  "not-listed",
  "delisted",
  "retention-limit",
  "not-wanted"
])

/** The others: what nobody asked for, what was asked for in vain, and what was answered without. */
export const openCauses = ["unfetched", "source-failure", "unexplained"] as const satisfies ReadonlyArray<GapCause>
export type OpenCause = (typeof openCauses)[number]

/** A figure for each of them. */
export const byOpenCause = (of: (cause: OpenCause) => number): Readonly<Record<OpenCause, number>> => ({
  unfetched: of("unfetched"),
  "source-failure": of("source-failure"),
  unexplained: of("unexplained")
})

/** How many candles of a cause are missing. */
export const missingBecause = (gaps: ReadonlyArray<Gap>, cause: GapCause): number =>
  gaps.reduce((sum, gap) => (gap.cause === cause ? sum + gap.missing : sum), 0)

export const isExplained = (gap: Gap): boolean => explained.has(gap.cause)

/** Whether anybody expects candles there. */
export const isWanted = (gap: Gap): boolean => gap.cause !== "not-wanted"

export const format = (gap: Gap): string =>
  `${key(gap.series)} ${formatInterval(gap.interval)}: ${gap.missing.toLocaleString("en-US")} candle${gap.missing === 1 ? "" : "s"} missing, ${gap.cause}`
