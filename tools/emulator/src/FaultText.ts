/**
 * Faults as text, for the command line: `rate-limited:3,stall,html*2`.
 *
 * Each entry is `name[:argument][*times][@after]`; `*all` never ends, and
 * `@5` lets five matching requests pass first.
 */
import { Result } from "effect"
import * as Fault from "./Fault.ts"

interface Entry {
  readonly name: string
  /** What may stand after the colon, for people. */
  readonly argument?: string
  readonly description: string
  /** `undefined` for an argument that it does not take. */
  readonly make: (argument: string | undefined) => Fault.Fault | undefined
}

const plain = (name: string, make: () => Fault.Fault, description: string): Entry => ({
  name,
  description,
  make: (argument) => (argument === undefined ? make() : undefined)
})

const whole = /^\d{1,9}$/

const numeric = (
  name: string,
  argument: string,
  make: (value: number | undefined) => Fault.Fault,
  description: string
): Entry => ({
  name,
  argument,
  description,
  make: (text) => (text === undefined ? make(undefined) : whole.test(text) ? make(Number(text)) : undefined)
})

const choice = <const Choice extends string>(
  name: string,
  choices: ReadonlyArray<Choice>,
  make: (value: Choice | undefined) => Fault.Fault,
  description: string
): Entry => ({
  name,
  argument: choices.join("|"),
  description,
  make: (text) => {
    if (text === undefined) return make(undefined)
    const found = choices.find((choice) => choice === text)
    return found && make(found)
  }
})

const given = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value }

/** Every fault that the command line knows. */
export const all: ReadonlyArray<Entry> = [
  numeric(
    "rate-limited",
    "seconds",
    (value) => Fault.RateLimited(given("retryAfterSeconds", value)),
    "429; Retry-After only where seconds are given"
  ),
  numeric("banned", "seconds", (value) => Fault.Banned(given("retryAfterSeconds", value)), "418 and Retry-After (120)"),
  {
    name: "server-error",
    argument: "status",
    description: "a status from 400 to 599 (500) with the provider's body for it",
    make: (text) =>
      text === undefined
        ? Fault.ServerError()
        : /^[45]\d\d$/.test(text)
          ? Fault.ServerError({ status: Number(text) })
          : undefined
  },
  {
    name: "stall",
    argument: "nothing|headers|bytes",
    description: "silent for ever: before any byte, after the headers (default) or inside the body",
    make: (text) => {
      if (text === undefined || text === "headers") return Fault.Stall()
      if (text === "nothing") return Fault.Stall({ after: text })
      return whole.test(text) ? Fault.Stall({ after: Number(text) }) : undefined
    }
  },
  choice(
    "truncate",
    ["connection", "json"],
    (value) => Fault.Truncate(given("variant", value)),
    "half a body: the connection ends early (default), or the JSON is cut"
  ),
  plain("html", Fault.Html, "200 with a web page"),
  plain("empty", Fault.Empty, "200 without candles"),
  plain("empty-body", Fault.EmptyBody, "200 with no bytes"),
  plain("duplicates", Fault.Duplicates, "every third candle twice"),
  plain("out-of-order", Fault.OutOfOrder, "candles shuffled"),
  plain("repeated-page", Fault.RepeatedPage, "the previous answer's candles again"),
  choice(
    "ignored-start-time",
    ["newest", "oldest"],
    (value) => Fault.IgnoredStartTime(given("rows", value)),
    "the newest (default) or oldest candles whatever start is asked"
  ),
  plain("unfinished-last", Fault.UnfinishedLast, "the last candle closes in the future"),
  choice(
    "wrong-types",
    ["text", "number", "null"],
    (value) => Fault.WrongTypes(given("as", value)),
    "prices of the first candle as words (default), numbers or nulls"
  ),
  plain("non-array", Fault.NonArray, "200 with an object"),
  plain("negative-volume", Fault.NegativeVolume, "the first candle's volume below zero"),
  plain("high-below-low", Fault.HighBelowLow, "the first candle's high below its low"),
  plain("reset", Fault.Reset, "connection reset before any byte"),
  numeric("slow", "millis", (value) => Fault.Slow(given("millis", value)), "the answer comes late (1000 ms)"),
  numeric(
    "trickle",
    "millis",
    (value) => Fault.Trickle(given("millis", value)),
    "the body comes in ten parts, each late (1000 ms)"
  ),
  plain("off-grid", Fault.OffGrid, "candles open 17.5 s late"),
  plain("redirect", Fault.Redirect, "302 to another host"),
  numeric(
    "huge-body",
    "megabytes",
    (value) => Fault.HugeBody(given("megabytes", value)),
    "megabytes (64) of JSON without content"
  )
]

const byName = new Map(all.map((entry) => [entry.name, entry]))
const pattern = /^([a-z-]+)(?::([^*@]+))?(?:\*(\d{1,9}|all))?(?:@(\d{1,9}))?$/

const parseOne = (text: string): Result.Result<Fault.Fault, string> => {
  const match = pattern.exec(text)
  if (match === null) {
    return Result.fail(`"${text}" is not of the form name[:argument][*times][@after], such as rate-limited:3*2`)
  }
  const [, name, argument, times, after] = match
  const entry = byName.get(name!)
  if (entry === undefined) {
    return Result.fail(`there is no fault "${name}"; there are ${all.map((entry) => entry.name).join(", ")}`)
  }
  const fault = entry.make(argument)
  if (fault === undefined) {
    return Result.fail(
      entry.argument === undefined
        ? `the fault "${name}" takes no argument, but got "${argument}"`
        : `the fault "${name}" takes ${entry.argument}, but got "${argument}"`
    )
  }
  if (times === "0") return Result.fail(`"${text}" would never happen: *times starts at 1`)
  return Result.succeed({
    ...fault,
    ...(times === undefined ? {} : { times: times === "all" ? Infinity : Number(times) }),
    ...(after === undefined ? {} : { match: { after: Number(after) } })
  })
}

/** The faults in the order given, or what is wrong with the first bad one. */
export const parse = (text: string): Result.Result<ReadonlyArray<Fault.Fault>, string> => {
  const faults: Array<Fault.Fault> = []
  for (const part of text.split(",")) {
    const result = parseOne(part.trim())
    if (Result.isFailure(result)) return Result.fail(result.failure)
    faults.push(result.success)
  }
  return Result.succeed(faults)
}
