/** What the list flags mean. */
import * as UsageError from "@tidemark/backfill/UsageError"
import { Timeframe } from "@tidemark/core"
import { Effect, Option } from "effect"

export const items = (text: Option.Option<string>): ReadonlyArray<string> =>
  Option.match(text, {
    onNone: () => [],
    onSome: (list) =>
      list
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "")
  })

export const timeframes = Effect.fnUntraced(function* (text: Option.Option<string>) {
  if (Option.isNone(text)) return Timeframe.standard
  const names = [...new Set(items(text))]
  const unknown = names.find((name) => !Timeframe.is(name))
  if (unknown !== undefined || names.length === 0) {
    return yield* new UsageError.UsageError({
      message: `There is no timeframe "${unknown ?? text.value}". Timeframes: ${Timeframe.all.join(", ")}`
    })
  }
  return names.filter(Timeframe.is)
})

/** Values of a list, each one of those that there are. */
export const named = Effect.fnUntraced(function* <A extends string>(
  flag: string,
  text: Option.Option<string>,
  all: ReadonlyArray<A>,
  form: (text: string) => string
) {
  const names = items(text).map(form)
  const unknown = names.find((name) => !all.some((one) => one === name))
  if (unknown !== undefined || (Option.isSome(text) && names.length === 0)) {
    return yield* new UsageError.UsageError({
      message: `--${flag} ${unknown ?? Option.getOrElse(text, () => "")} is none of ${all.join(", ")}`
    })
  }
  return all.filter((one) => names.includes(one))
})
