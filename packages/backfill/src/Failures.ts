/** What is said of the ranges of a series that its source did not answer for. Pure. */
import { type Gap, Interval, type Series, SourceError } from "@tidemark/core"

export interface Failure {
  /** What was asked for; `undefined` where nothing could be. */
  readonly interval: Interval.Interval | undefined
  readonly error: SourceError.SourceError
}

const inOrder = (failures: ReadonlyArray<Failure>): ReadonlyArray<Failure> =>
  failures.toSorted((a, b) => (a.interval?.from ?? 0) - (b.interval?.from ?? 0))

/**
 * A message for each range: those that failed, and those that nobody asked for
 * after that, since a series is given up with its first failure.
 */
export const messages = (
  series: Series.Series,
  failures: ReadonlyArray<Failure>,
  unanswered: Interval.IntervalSet
): ReadonlyArray<string> => {
  const failed = inOrder(failures).map(({ error }) => error.message)
  const passes = failures.some(({ error }) => SourceError.isRetryable(error.reason))
  const asked = Interval.normalize(failures.flatMap(({ interval }) => interval ?? []))
  const left = passes ? Interval.difference(unanswered, asked) : []
  return [
    ...new Set(failed),
    ...left.map(
      (interval) =>
        `${series.source} ${series.symbol} ${Interval.format(interval)}: not asked for after that; ` +
        "run the same command again later, it continues where it stopped"
    )
  ]
}

/** What happened, and where: but for what the gap says itself. */
const sentenceOf = ({ error }: Failure, { interval }: Gap.Gap): string =>
  error.from === interval.from && error.to === interval.to
    ? `${error.source}: ${SourceError.describe(error.reason)}`
    : error.message

/** A gap that failures left, with the words of those that lie in it. */
export const explain = (gap: Gap.Gap, failures: ReadonlyArray<Failure>): Gap.Gap => {
  const [first] = failures
  const own = inOrder(failures).filter(
    ({ interval }) => interval !== undefined && Interval.overlaps(interval, gap.interval)
  )
  return first === undefined || own.length === 0 || gap.cause !== "source-failure"
    ? gap
    : {
        ...gap,
        evidence: gap.evidence.flatMap((sentence) =>
          sentence === first.error.message ? own.map((failure) => sentenceOf(failure, gap)) : [sentence]
        )
      }
}
