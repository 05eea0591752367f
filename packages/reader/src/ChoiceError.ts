/** Why a request does not name what can be read. The message says what would. */
import { Instant, Interval, Provenance, Timeframe, Wording } from "@tidemark/core"
import { Schema } from "effect"

const Range = Schema.Struct({ from: Schema.Int, to: Schema.Int })

/** Nothing of the name is stored, or not of the kind that is wanted. */
export class NotStored extends Schema.TaggedError<NotStored>()("NotStored", {
  /** Nothing: of all that the request could mean. */
  symbol: Schema.optionalKey(Schema.String),
  timeframe: Schema.optionalKey(Timeframe.Timeframe),
  /** Where one was named. */
  source: Schema.optionalKey(Schema.String),
  range: Schema.optionalKey(Range),
  /** Whether the symbol is on the list, with its sources. */
  isListed: Schema.Boolean,
  /** What is stored of the name instead. */
  kinds: Schema.Array(Provenance.Provenance),
  /** Whether it was stored, and has gone because it is not kept that long. */
  isPruned: Schema.optionalKey(Schema.Boolean),
  /** Whether there are rows of it that no record of an answer vouches for. */
  isUnrecorded: Schema.optionalKey(Schema.Boolean)
}) {
  override get message(): string {
    return this.messageIn(Wording.program)
  }
  messageIn(say: Wording.Wording): string {
    const { isListed, kinds, range, source, symbol, timeframe } = this
    const [kind] = kinds
    if (symbol === undefined) {
      return kind === undefined
        ? "nothing of these is stored"
        : `what is stored of these is ${kind} data; ask for that by name: ${say("include", [kind])}`
    }
    const name = timeframe === undefined ? symbol : `${symbol} ${timeframe}`
    if (kind !== undefined) {
      const where = source === undefined ? "" : ` from ${source}`
      return `${name} is stored${where} only as ${kinds.join(" and ")} data; ask for that by name: ${say("include", [kind])}`
    }
    const from = source === undefined ? "" : ` from ${source}`
    const flags = [
      `--symbols ${symbol}`,
      ...(timeframe === undefined ? [] : [`--timeframes ${timeframe}`]),
      ...(isListed ? [] : [`--source ${source ?? "SOURCE"}`]),
      ...(range === undefined ? [] : [`--start ${Instant.format(range.from)} --end ${Instant.format(range.to)}`])
    ]
    if (this.isUnrecorded === true) {
      return `${name} has rows${from} that no record of an answer vouches for; ask for it again: tidemark backfill ${flags.join(" ")}`
    }
    if (this.isPruned === true) {
      return `all of ${name} was pruned${from}; to have it again, raise "retention" in tidemark.json, then: tidemark backfill ${flags.join(" ")}`
    }
    return `${name} is not stored${from}; fetch it: tidemark backfill ${flags.join(" ")}`
  }
}

/** What is stored lies elsewhere in time. */
export class Outside extends Schema.TaggedError<Outside>()("Outside", {
  symbol: Schema.String,
  timeframe: Timeframe.Timeframe,
  stored: Range
}) {
  override get message(): string {
    const { stored, symbol, timeframe } = this
    return `${symbol} ${timeframe} is stored for ${Interval.format(stored)}, not for the range that is asked for`
  }
}

/** Several sources have it, and none is the symbol's own. */
export class Ambiguous extends Schema.TaggedError<Ambiguous>()("Ambiguous", {
  symbol: Schema.String,
  timeframe: Timeframe.Timeframe,
  sources: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.messageIn(Wording.program)
  }
  messageIn(say: Wording.Wording): string {
    const { sources, symbol, timeframe } = this
    return `${symbol} ${timeframe} is stored from ${sources.join(", ")}; name one with ${say("source")}`
  }
}

/** What is asked for makes no sense together. */
export class Unfit extends Schema.TaggedError<Unfit>()("Unfit", { detail: Schema.String }) {
  override get message(): string {
    return this.detail
  }
}
