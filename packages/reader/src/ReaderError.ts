/**
 * Why candles cannot be read as asked. The message says what is missing and
 * which command fetches it.
 */
import { Damage, Instant, Interval, Series, Wording } from "@tidemark/core"
import { Schema } from "effect"

const Range = Schema.Struct({ from: Schema.Int, to: Schema.Int })

/** Corporate actions were never asked for, or not for all of the range. */
export class ActionsUnknown extends Schema.TaggedError<ActionsUnknown>()("ActionsUnknown", {
  /** The source that was, or is to be, asked. */
  source: Schema.String,
  needed: Range,
  /** What it has been asked for, as was known at the time that is read. */
  asked: Schema.optionalKey(Range)
}) {}

/** Closes of the last sessions before dividends are not stored. */
export class CloseMissing extends Schema.TaggedError<CloseMissing>()("CloseMissing", {
  /** Ascending; never none. */
  dividends: Schema.Array(
    Schema.Struct({
      exDate: Schema.String,
      amount: Schema.Finite,
      session: Schema.Struct({ date: Schema.String, open: Schema.Int, close: Schema.Int })
    })
  )
}) {}

/** Rows are in the scale of before a split, while the source has left it. */
export class Stale extends Schema.TaggedError<Stale>()("Stale", { range: Range, since: Schema.Int }) {}

/** Rows of before a split may be in either scale: nobody has seen the source leave the old one. */
export class Unsettled extends Schema.TaggedError<Unsettled>()("Unsettled", {
  exDate: Schema.String,
  range: Range,
  /** From then on the source is taken to have done so. */
  doneBy: Schema.Int
}) {}

/** A split falls into a candle of a week or a month. */
export class SplitInside extends Schema.TaggedError<SplitInside>()("SplitInside", {
  exDate: Schema.String,
  open: Schema.Int
}) {}

/** Candles that there should be are not stored. */
export class Missing extends Schema.TaggedError<Missing>()("Missing", {
  /** Ascending, with how many are missing in each; never none. */
  ranges: Schema.Array(Schema.Struct({ ...Range.fields, missing: Schema.Int })),
  hull: Range,
  /** How many there should be in all that is wanted. */
  expected: Schema.Int,
  /** Whether all of them were asked for, or pruned: another backfill does not bring them. */
  wasAsked: Schema.Boolean
}) {}

/** Candles were taken away here because they are not kept that long. */
export class Pruned extends Schema.TaggedError<Pruned>()("Pruned", {
  range: Range,
  pruned: Schema.Int,
  /** How many there should be in all that is wanted. */
  expected: Schema.Int
}) {}

/** Something else has changed rows that are wanted. */
export class Damaged extends Schema.TaggedError<Damaged>()("Damaged", {
  /** Candles that were stored and are gone, or stand there twice. */
  lost: Schema.Array(Range),
  /** Where rows are that no answer of the source put there. */
  stray: Schema.Array(Range),
  /** The command that puts it right. */
  mend: Schema.String
}) {}

/** An action that cannot be what happened. */
export class Implausible extends Schema.TaggedError<Implausible>()("Implausible", {
  exDate: Schema.String,
  detail: Schema.String
}) {}

/** A split became known, or candles were fetched again, while the series was read. */
export class Changed extends Schema.TaggedError<Changed>()("Changed", {}) {}

export const Reason = Schema.Union([
  Missing,
  Pruned,
  Damaged,
  ActionsUnknown,
  CloseMissing,
  Stale,
  Unsettled,
  SplitInside,
  Implausible,
  Changed
])
export type Reason = typeof Reason.Type

const backfill = (
  series: Series.Series,
  timeframe: string,
  range: { readonly from: number; readonly to: number }
): string =>
  `tidemark backfill --symbols ${series.symbol} --timeframes ${timeframe} --source ${series.source} ` +
  `--start ${Instant.format(range.from)} --end ${Instant.format(range.to)}`

const number = (value: number): string => value.toLocaleString("en-US")

/** Ranges that a message names, at most. */
const mostRanges = 3

const allTheSame = (say: Wording.Wording): string => `read what is stored all the same with ${say("allowGaps", true)}`

const missing = (
  series: Series.Series,
  { expected, hull, ranges, wasAsked }: Missing,
  say: Wording.Wording
): string => {
  const count = ranges.reduce((sum, range) => sum + range.missing, 0)
  const named = ranges.slice(0, mostRanges).map((range) => Interval.format(range))
  const more = ranges.length > mostRanges ? [`${number(ranges.length - mostRanges)} more`] : []
  const where = [...named, ...more].join(", ")
  const way = wasAsked
    ? `see why: tidemark gaps list --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source}`
    : `fetch what there is: ${backfill(series, series.timeframe, hull)}`
  return (
    `${number(count)} of ${number(expected)} candle${expected === 1 ? "" : "s"} ${count === 1 ? "is" : "are"} missing ` +
    `(${where}); ${allTheSame(say)}, or ${way}`
  )
}

const describe = (series: Series.Series, reason: Reason, say: Wording.Wording): string => {
  switch (reason._tag) {
    case "Missing":
      return missing(series, reason, say)
    case "Pruned": {
      const { expected, pruned, range } = reason
      return (
        `${number(pruned)} of ${number(expected)} candle${expected === 1 ? "" : "s"} ${pruned === 1 ? "was" : "were"} ` +
        `pruned (${Interval.format(range)}); ${allTheSame(say)}, or, to have them again, ` +
        `raise "retention" of ${series.timeframe} in tidemark.json, then: ${backfill(series, series.timeframe, range)}`
      )
    }
    case "Damaged":
      return (
        `${Damage.describe(series, reason)}: something else has changed the table, and none of the range is given ` +
        `out; put it right: ${reason.mend}`
      )
    case "ActionsUnknown": {
      const { asked, needed, source } = reason
      const told =
        asked === undefined
          ? `the corporate actions of ${series.symbol} were never asked for`
          : `${source} was asked for the corporate actions of ${series.symbol} only from ` +
            `${Instant.formatDate(asked.from)} to ${Instant.formatDate(asked.to)}`
      const command = `tidemark actions fetch --symbols ${series.symbol} --source ${source}`
      return `${told}, so its prices cannot be adjusted; ask: ${command} --start ${Instant.formatDate(needed.from)}`
    }
    case "CloseMissing": {
      const { dividends } = reason
      const { amount, exDate, session } = dividends[0]!
      const others = dividends.length === 1 ? "" : `, and ${dividends.length - 1} more dividends need theirs`
      return (
        `the dividend of ${amount} on ${exDate} needs the close of ${session.date}, which is not stored${others}; ` +
        `fetch: ${backfill(series, "1d", { from: session.open, to: dividends.at(-1)!.session.close })}`
      )
    }
    case "Stale": {
      const { range, since } = reason
      return (
        `what is stored from ${Instant.format(range.from)} to ${Instant.format(range.to)} is in the scale of before ` +
        `the split of ${Instant.formatDate(since)}; fetch it again: ${backfill(series, series.timeframe, range)}`
      )
    }
    case "Unsettled": {
      const { doneBy, exDate, range } = reason
      return (
        `what is stored from ${Instant.format(range.from)} to ${Instant.format(range.to)} may be in the scale of before ` +
        `the split of ${exDate}: ${series.source} has not been seen to tell the new one, and is taken to from ` +
        `${Instant.format(doneBy)} on; look again: tidemark actions fetch --symbols ${series.symbol} ` +
        `--source ${series.source}, or read it as it is: ${say("adjust", "none")}`
      )
    }
    case "SplitInside":
      return (
        `the split of ${reason.exDate} falls into the ${series.timeframe} candle of ${Instant.format(reason.open)}, ` +
        "which is half in old and half in new shares; read the daily candles instead"
      )
    case "Changed":
      return "a split became known while it was read, or its candles were fetched again; read it again then"
    case "Implausible":
      return (
        `what is known of ${reason.exDate} cannot be: ${reason.detail}; ` +
        `ask another source: tidemark actions fetch --symbols ${series.symbol} --source NAME`
      )
  }
}

export class ReaderError extends Schema.TaggedError<ReaderError>()("ReaderError", {
  series: Series.Series,
  reason: Reason
}) {
  override get message(): string {
    return this.messageIn(Wording.program)
  }
  messageIn(wording: Wording.Wording): string {
    return `${Series.key(this.series)}: ${describe(this.series, this.reason, wording)}`
  }
}
