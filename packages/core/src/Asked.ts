/**
 * What was ever asked for of a series, whether a source has answered or not.
 *
 * Coverage knows what was answered. A run that failed, was stopped or killed
 * has left what it asked for among the recorded gaps, so that nobody takes
 * what there is for all that was wanted. Pure.
 */
import { type Coverage, extent } from "./Coverage.ts"
import type { Gap } from "./Gap.ts"
import * as Interval from "./Interval.ts"
import { equals, key, type Series } from "./Series.ts"

const isUnanswered = ({ cause }: Gap): boolean => cause === "unfetched" || cause === "source-failure"

/** Of recorded gaps, those of a series that nobody has answered for. */
export const unanswered = (series: Series, gaps: ReadonlyArray<Gap>): ReadonlyArray<Gap> =>
  gaps.filter((gap) => equals(gap.series, series) && isUnanswered(gap))

/** From the first instant that was ever asked for to the last; `gaps` are recorded ones, of this series and others. */
export const span = (series: Series, coverage: Coverage, gaps: ReadonlyArray<Gap>): Interval.Interval | undefined => {
  const answered = extent(coverage)
  const all = [
    ...(answered === undefined ? [] : [answered]),
    ...unanswered(series, gaps).map(({ interval }) => interval)
  ]
  return all.length === 0 ? undefined : all.reduce(Interval.hull)
}

/** Series of which something was asked for that is not among `known`: nothing of them was ever stored. */
export const unstored = (known: ReadonlyArray<Series>, gaps: ReadonlyArray<Gap>): ReadonlyArray<Series> => {
  const keys = new Set(known.map(key))
  const found = new Map(gaps.filter(isUnanswered).map(({ series }) => [key(series), series]))
  return [...found].flatMap(([name, series]) => (keys.has(name) ? [] : [series]))
}
