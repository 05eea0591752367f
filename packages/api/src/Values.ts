/** How single values are written in requests and answers. */
import { Instant, Timeframe, Word } from "@tidemark/core"
import { Effect, Option, Schema, SchemaIssue, SchemaTransformation } from "effect"

/** 1800 to 2199: what databases can compare with, and more than markets have. */
const earliest = -5_364_662_400_000
const latest = 7_258_118_400_000

const instantOf = (text: string): Option.Option<Instant.EpochMillis> =>
  Option.filter(Instant.parse(text), (at) => at >= earliest && at < latest)
const instantWords = "a date or an instant from 1800 to 2199: 2024-01-31 or 2024-01-31T12:00Z"

/** An instant: ISO 8601 in UTC outside, epoch milliseconds inside. A date is its first instant. */
export const At = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transformEffect({
      decode: (text) =>
        Option.match(instantOf(text), {
          onNone: () => Effect.fail(new SchemaIssue.InvalidValue({ message: instantWords })),
          onSome: Effect.succeed
        }),
      encode: (instant) => Effect.succeed(Instant.format(instant))
    })
  )
).annotate({ description: "ISO 8601 in UTC; a date is its first instant" })

/** An instant that stays text. */
export const AtText = Schema.String.check(Schema.makeFilter((text) => Option.isSome(instantOf(text)) || instantWords))

/** A list with commas between its items, each once. */
export const listOf = <Item extends Schema.Codec<string, string>>(item: Item) =>
  Schema.String.pipe(
    Schema.decodeTo(
      Schema.Array(item),
      SchemaTransformation.transform({
        decode: (text): ReadonlyArray<string> => [
          ...new Set(
            text
              .split(",")
              .map((one) => one.trim())
              .filter((one) => one !== "")
          )
        ],
        encode: (items: ReadonlyArray<string>) => items.join(",")
      })
    )
  )

/** As people write it; there is only upper case. */
export const AnySymbol = Schema.String.pipe(
  Schema.decodeTo(
    Word.Word.check(Schema.isMaxLength(64)),
    SchemaTransformation.transform({ decode: (text) => text.toUpperCase(), encode: (text) => text })
  )
)

/** Which series an answer is about; everything that is stored where nothing is named. */
export const selection = {
  symbols: Schema.optionalKey(listOf(AnySymbol)),
  timeframes: Schema.optionalKey(listOf(Timeframe.Timeframe)),
  source: Schema.optionalKey(Word.Word)
} as const

/** Which part of its history. */
export const range = { start: Schema.optionalKey(At), end: Schema.optionalKey(At) } as const

export const series = { source: Schema.String, symbol: Schema.String, timeframe: Timeframe.Timeframe } as const
