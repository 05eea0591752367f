/**
 * Every fault that the emulator knows, under the real library and through the
 * engine's door. Whatever happens on the wire, a candle that is handed over
 * is one that the share really has.
 */
import { assert, describe, it } from "@effect/vitest"
import { Candles, type SourceError } from "@tidemark/core"
import { Emulator, Equity, Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { inspect } from "node:util"
import { apple, cookie, crumb } from "./answers.ts"
import { fetched, range, world } from "./rig.ts"

type Tag = SourceError.Reason["_tag"]

interface Case {
  readonly name: string
  readonly fault: (options: Fault.Options) => Fault.Fault
  /** Why it fails if every answer is so; all candles, those that are whole, or a believable empty answer, where it does not. */
  readonly always: Tag | "all" | "fewer" | "nothing"
  /** Why it fails even if one answer is so: what asking again would not change. */
  readonly once?: Tag
}

const cases: ReadonlyArray<Case> = [
  { name: "429", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 0, ...o }), always: "RateLimited" },
  { name: "429 for a second", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 1, ...o }), always: "RateLimited" },
  { name: "999", fault: Fault.Banned, always: "Unavailable" },
  { name: "500", fault: (o) => Fault.ServerError({ status: 500, ...o }), always: "Unavailable" },
  { name: "502", fault: (o) => Fault.ServerError({ status: 502, ...o }), always: "Unavailable" },
  { name: "503", fault: (o) => Fault.ServerError({ status: 503, ...o }), always: "Unavailable" },
  { name: "408", fault: (o) => Fault.ServerError({ status: 408, ...o }), always: "Unavailable" },
  {
    name: "403",
    fault: (o) => Fault.ServerError({ status: 403, ...o }),
    always: "Unauthorized",
    once: "Unauthorized"
  },
  { name: "silence", fault: (o) => Fault.Stall({ after: "nothing", ...o }), always: "Unavailable" },
  { name: "a body that stalls at once", fault: (o) => Fault.Stall({ after: "headers", ...o }), always: "Unavailable" },
  { name: "a body that stalls halfway", fault: (o) => Fault.Stall({ after: 5_000, ...o }), always: "Unavailable" },
  {
    name: "a connection cut in the body",
    fault: (o) => Fault.Truncate({ variant: "connection", ...o }),
    always: "Unavailable"
  },
  { name: "JSON cut short", fault: (o) => Fault.Truncate({ variant: "json", ...o }), always: "Malformed" },
  { name: "200 with HTML", fault: Fault.Html, always: "Malformed" },
  { name: "200 without a body", fault: Fault.EmptyBody, always: "Malformed" },
  { name: "200 without quotes", fault: Fault.Empty, always: "nothing" },
  { name: "bars twice", fault: Fault.Duplicates, always: "Malformed" },
  { name: "bars out of order", fault: Fault.OutOfOrder, always: "Malformed" },
  { name: "a repeated page", fault: Fault.RepeatedPage, always: "Malformed" },
  {
    name: "a start ignored, oldest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "oldest", ...o }),
    always: "Malformed"
  },
  {
    name: "a start ignored, newest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "newest", ...o }),
    always: "Malformed"
  },
  { name: "an unfinished last bar", fault: Fault.UnfinishedLast, always: "all" },
  { name: "prices as words", fault: (o) => Fault.WrongTypes({ as: "text", ...o }), always: "Malformed" },
  { name: "prices as null beside a volume", fault: (o) => Fault.WrongTypes({ as: "null", ...o }), always: "fewer" },
  { name: "prices as numbers", fault: (o) => Fault.WrongTypes({ as: "number", ...o }), always: "all" },
  { name: "an object instead of a list", fault: Fault.NonArray, always: "Malformed" },
  { name: "a negative volume", fault: Fault.NegativeVolume, always: "Malformed" },
  { name: "a high below the low", fault: Fault.HighBelowLow, always: "Malformed" },
  { name: "bars between two bars", fault: Fault.OffGrid, always: "Malformed" },
  { name: "a connection reset", fault: Fault.Reset, always: "Unavailable" },
  { name: "a redirect to another host", fault: Fault.Redirect, always: "Unavailable" },
  { name: "a slow answer", fault: (o) => Fault.Slow({ millis: 50, ...o }), always: "all" },
  { name: "a body of many megabytes", fault: (o) => Fault.HugeBody({ megabytes: 8, ...o }), always: "Malformed" }
]

const path = "/v8/finance/chart/AAPL"

/** What the share really did: prices of today's shares, in single precision as Yahoo gives them. */
const whole = Equity.rescale(apple.candles("1m", range), (open) => 1 / Equity.sharesSince(apple, open))

const isNear = (a: number, b: number) => Math.abs(a - b) <= Math.abs(b) * 1e-6

/** Every candle is one of the share's. */
const honest = ({ close, high, low, open, openTime, volume }: Candles.Candles) => {
  const at = new Map(Array.from(whole.openTime, (open, i) => [open, i]))
  openTime.forEach((time, i) => {
    const row = at.get(time)
    if (row === undefined) return assert.fail(`an invented candle at ${time}`)
    assert.isTrue(isNear(open[i]!, whole.open[row]!) && isNear(close[i]!, whole.close[row]!), `at ${time}`)
    assert.isTrue(isNear(high[i]!, whole.high[row]!) && isNear(low[i]!, whole.low[row]!), `at ${time}`)
    assert.approximately(volume[i]!, whole.volume[row]!, 1, `at ${time}`)
  })
}

const complete = (candles: Candles.Candles) => assert.deepStrictEqual(candles.openTime, whole.openTime)

const secret = (...shown: ReadonlyArray<unknown>) => {
  for (const each of shown) {
    const text = `${inspect(each, { depth: 20, showHidden: true })} ${JSON.stringify(each) ?? ""}`
    for (const planted of [cookie, crumb]) assert.notInclude(text, planted)
  }
}

describe.concurrent("a fault of Yahoo that passes costs nothing but time", () => {
  for (const { always, fault, name, once } of cases) {
    it.live(once === undefined ? name : `${name}: ${once}`, () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        for (const after of [0, 2]) yield* provider.inject(fault({ match: { path, after } }))
        const { candles, error, events } = yield* fetched()
        honest(candles)
        secret(error, events)
        assert.strictEqual(error?.reason._tag, once, error?.message)
        // An answer that lacks candles is confirmed by the engine, above.
        if (once === undefined && always !== "nothing" && always !== "fewer") complete(candles)
      }).pipe(Effect.provide(world))
    )
  }
})

describe.concurrent("a fault of Yahoo that stays ends in a clear answer", () => {
  for (const { always, fault, name } of cases) {
    it.live(`${name}: ${always}`, () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(fault({ match: { path }, times: Infinity }))
        const { candles, error, events } = yield* fetched()
        honest(candles)
        secret(error, events)
        assert.isBelow(yield* provider.requestCount, 15)
        if (always === "all") complete(candles)
        else if (always === "fewer") assert.include([1, 2, 3], whole.openTime.length - Candles.length(candles))
        else if (always === "nothing") assert.strictEqual(Candles.length(candles), 0)
        else {
          assert.strictEqual(error?.reason._tag, always, error?.message)
          assert.include(error?.message, "yahoo AAPL")
          assert.notMatch(error?.message ?? "", /period1|crumb/)
        }
        if (always === "all" || always === "fewer" || always === "nothing") assert.isUndefined(error)
      }).pipe(Effect.provide(world))
    )
  }
})
