/**
 * What another source has of candles that a series lacks, and whether they
 * could stand in for them.
 *
 * The other source was asked for the gap and for candles around it, into its
 * own series: what it has there is labelled with its own name, and nothing of
 * the series that lacks them changes. This is the verdict on each gap.
 */
import { Schema } from "effect"
import * as Instant from "./Instant.ts"
import * as Interval from "./Interval.ts"
import * as Series from "./Series.ts"

/**
 * - `offered`: it has candles, and those around them agree.
 * - `differs`: it has candles, and those around them tell another price.
 * - `uncompared`: it has candles, and nothing says whether they are of the same market.
 * - `empty`: it has none either, while it has those around them: nothing was traded.
 * - `unproven`: it has none either, but it lacks much of what is around them too.
 * - `unanswered`: it could not say.
 */
export const Verdict = Schema.Literals(["offered", "differs", "uncompared", "empty", "unproven", "unanswered"])
export type Verdict = typeof Verdict.Type

export interface Candidate {
  /** Whose gap it is. */
  readonly series: Series.Series
  /** Who else was asked. */
  readonly source: string
  /** The gap, as it was then. */
  readonly interval: Interval.Interval
  /** Candles that were missing in it. */
  readonly missing: number
  /** How many of them the other source has. */
  readonly has: number
  /** The gap and what is around it: all that the other source was asked for on its account. */
  readonly asked: Interval.Interval
  /** Candles around the gap that both have. */
  readonly compared: number
  /** Candles around the gap that the other source lacks. */
  readonly lacking: number
  /** Of those compared, how many have a price that is further off than `tolerance`. */
  readonly differing: number
  /** How far the prices compared are apart, as a share: the median. 0 where nothing was. */
  readonly medianOff: number
  /** How far apart two prices may be, as a share. */
  readonly tolerance: number
  /** What was compared, in words. */
  readonly basis: string
  readonly verdict: Verdict
  /** Why there was no answer, or nothing could be compared. */
  readonly detail?: string | undefined
  /** When the other source last answered, or failed to. */
  readonly askedAt: Instant.EpochMillis
}

/** What is known of a series: of its gaps, and where it was asked itself on account of another. */
export const about = (all: ReadonlyArray<Candidate>, series: Series.Series) => ({
  candidates: all.filter((one) => Series.equals(one.series, series)),
  aside: Interval.normalize(
    all.flatMap(({ asked, series: { symbol, timeframe }, source }) =>
      Series.equals({ source, symbol, timeframe }, series) ? [asked] : []
    )
  )
})

/** `known` after new verdicts, all of one series and one other source: each takes the place of those on the same gap. */
export const replacing = (
  known: ReadonlyArray<Candidate>,
  found: ReadonlyArray<Candidate>
): ReadonlyArray<Candidate> => {
  const isRenewed = (one: Candidate) => found.some(({ interval }) => Interval.overlaps(interval, one.interval))
  return [
    ...known.filter((one) => !isRenewed(one)),
    // What was asked for stays known, though the gap may have been another then.
    ...found.map((one): Candidate => ({
      ...one,
      asked: known
        .filter(({ interval }) => Interval.overlaps(interval, one.interval))
        .reduce((asked, before) => Interval.hull(asked, before.asked), one.asked)
    }))
  ].toSorted((a, b) => a.interval.from - b.interval.from)
}

/** The command that reads a series with candles of the other source in the gap. */
export const command = ({ interval, series, source }: Pick<Candidate, "interval" | "series" | "source">): string =>
  `tidemark export --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
  `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)} --fill-from ${source}`

/** `0.02 %` */
export const percent = (share: number): string => {
  const value = share * 100
  if (value === 0) return "0 %"
  return `${Math.max(0.001, Number(value.toPrecision(2)))} %`
}

const count = (value: number): string => value.toLocaleString("en-US")
const candles = (value: number): string => `${count(value)} candle${value === 1 ? "" : "s"}`

/** What it has: `3 of the 12 candles`. */
const had = ({ has, missing }: Candidate): string =>
  missing === 1 ? (has === 1 ? "the candle" : "no such candle") : `${count(has)} of the ${candles(missing)}`

const outcome = (one: Candidate): string => {
  const { compared, detail, differing, lacking, medianOff, tolerance } = one
  const around = compared + lacking
  switch (one.verdict) {
    case "offered":
      return (
        `has ${had(one)}; ${candles(compared)} in common agree within ${percent(medianOff)} (median), ` +
        `so it could stand in: ${command(one)}`
      )
    case "differs":
      return medianOff > tolerance
        ? `has ${had(one)}, but differs by ${percent(medianOff)} (median) over ${count(compared)} common candles: not offered`
        : `has ${had(one)}, but ${count(differing)} of ${count(compared)} common candles differ by more than ${percent(tolerance)}: not offered`
    case "uncompared":
      return detail === undefined
        ? `has ${had(one)}, but only ${candles(compared)} around them in common: too few to tell, not offered`
        : `has ${had(one)}, but they cannot be compared: ${detail}`
    case "empty":
      return `has ${one.missing === 1 ? "no such candle" : "none of them"} either, and ${count(compared)} of the ${candles(around)} around it: nothing was traded`
    case "unproven":
      return `has ${one.missing === 1 ? "no such candle" : "none of them"} either, but only ${count(compared)} of the ${candles(around)} around it: that proves nothing`
    case "unanswered":
      return `could not answer: ${detail ?? "no reason is known"}`
  }
}

/** What was found, in sentences. `gap` is what is missing now, where that may be another. */
export const sentences = (one: Candidate, gap: Interval.Interval = one.interval): ReadonlyArray<string> => {
  const { basis, compared, detail, differing, interval, lacking, tolerance } = one
  const where = Interval.equals(gap, interval) ? "" : ` for ${Interval.format(interval)}`
  const at = Instant.format(Math.floor(one.askedAt / 60_000) * 60_000)
  return [
    `${one.source}, asked${where} at ${at}, ${outcome(one)}`,
    ...(compared === 0 || detail !== undefined
      ? []
      : [
          `compared with ${one.source}: ${basis}; ${count(differing)} of ${count(compared)} candles further apart than ` +
            `${percent(tolerance)}${lacking === 0 ? "" : `, ${count(lacking)} it lacks`}`
        ])
  ]
}
