/**
 * Every fault that the emulator knows, under the real source and through the
 * engine's door. Whatever happens on the wire, a candle that is handed over
 * is one that the share really has.
 */
import { assert, describe, it } from "@effect/vitest"
import { Candles, type SourceError } from "@tidemark/core"
import { Emulator, Fault, FaultCases } from "@tidemark/emulator"
import { Effect } from "effect"
import { inspect } from "node:util"
import { apple, key, subject } from "./answers.ts"
import { fetched, plain, range, request, sourceAtHand, truth, world } from "./rig.ts"

const errorBody = '{"status":"ERROR","request_id":"r","error":"something went wrong"}'
const unknownBody = '{"status":"NOT_FOUND","message":"Ticker not found."}'

const cases = FaultCases.of(
  // A key without access is told so in the same way.
  { "a ban": { fault: Fault.Banned, always: "Unauthorized", once: "Unauthorized" } },
  [
    { name: "400", fault: (o) => Fault.ServerError({ status: 400, ...o }), always: "Refused", once: "Refused" },
    {
      name: "404 of a proxy",
      fault: (o) => Fault.ServerError({ status: 404, ...o }),
      always: "Refused",
      once: "Refused"
    },
    {
      name: "404 of the provider",
      fault: (o) => Fault.ServerError({ status: 404, body: unknownBody, ...o }),
      always: "NotListed",
      once: "NotListed"
    },
    {
      name: "200 with an error",
      fault: (o) => Fault.ServerError({ status: 200, body: errorBody, ...o }),
      always: "Malformed"
    },
    // It would be lost in the candle that the bar is a part of.
    { name: "bars between two bars", fault: Fault.OffGrid, always: "Malformed" }
  ]
)

const path = "/v2/aggs/ticker/AAPL/"
const whole = truth("1h", range)

/** Every candle is one of the share's. */
const honest = (candles: Candles.Candles) => {
  const at = new Map(Array.from(whole.openTime, (open, i) => [open, i]))
  const found = plain(candles)
  found.openTime.forEach((open, i) => {
    const row = at.get(open)
    assert.isTrue(row !== undefined && Candles.sameRow(found, i, whole, row), `an invented candle at ${open}`)
  })
}

const complete = (candles: Candles.Candles) => assert.isTrue(Candles.equals(plain(candles), whole))

const secret = (...shown: ReadonlyArray<unknown>) => {
  for (const each of shown) {
    assert.notInclude(inspect(each, { depth: 20, showHidden: true }), key)
    assert.notInclude(JSON.stringify(each) ?? "", key)
  }
}

describe.concurrent("a fault that passes costs nothing but time", () => {
  for (const { always, fault, name, once } of cases) {
    // The first answer of all, one behind a link, and the first of a later request.
    it.live(once === undefined ? name : `${name}: ${once}`, () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        for (const after of [0, 4, 7]) yield* provider.inject(fault({ match: { path, after } }))
        const { candles, error, events } = yield* fetched()
        honest(candles)
        secret(error, events)
        assert.strictEqual(error?.reason._tag, once, error?.message)
        // An empty answer is confirmed by the engine, above.
        if (once === undefined && always !== "nothing") complete(candles)
      }).pipe(Effect.provide(world))
    )
  }
})

describe.concurrent("a fault that stays ends in a clear answer", () => {
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
        else if (always === "nothing") assert.strictEqual(Candles.length(candles), 0)
        else {
          assert.strictEqual(error?.reason._tag, always, error?.message)
          assert.include(error?.message, "polygon AAPL")
          assert.notMatch(error?.message ?? "", /cursor=|adjusted=/)
        }
        if (always === "all" || always === "nothing") assert.isUndefined(error)
      }).pipe(Effect.provide(world))
    )
  }
})

describe("a link that leads to nothing", () => {
  // The page before it ends with the first half of a candle.
  for (const times of [1, 2]) {
    it.live(`is not believed while the bar before it is gone too: ${times} empty answers cost no candle`, () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.Empty({ match: { path, after: 1 }, times }))
        const { candles, error, events } = yield* fetched()
        assert.isUndefined(error)
        complete(candles)
        assert.lengthOf(
          events.filter(({ _tag }) => _tag === "Retrying"),
          times - 1
        )
      }).pipe(Effect.provide(world))
    )
  }

  it.live("is the end where the bar before it is there and no other", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      const { openTime } = apple.candles("30m", range)
      const bar = (t: number) => `{"t":${t},"o":1,"h":1,"l":1,"c":1,"v":1}`
      const answer = (t: number, next = "") => `{"status":"OK","results":[${bar(t)}]${next}}`
      const first = openTime[0]!
      yield* provider.inject(
        Fault.ServerError({
          match: { path },
          status: 200,
          body: answer(first, ',"next_url":"https://a.example/v2/aggs/ticker/AAPL/range/30/minute/1/2?cursor=c"')
        }),
        Fault.ServerError({ status: 200, body: '{"status":"OK"}' }),
        Fault.ServerError({ match: { path }, status: 200, body: answer(first) })
      )
      const interval = { from: first, to: first + 3_600_000 }
      const { candles, error } = yield* fetched(request({ interval }))
      assert.isUndefined(error, error?.message)
      assert.deepStrictEqual([...candles.openTime], [first])
    }).pipe(Effect.provide(world))
  )
})

const listFaults: ReadonlyArray<
  readonly [name: string, fault: FaultCases.FaultCase["fault"], expected: SourceError.Reason["_tag"]]
> = [
  ["429", (o) => Fault.RateLimited({ retryAfterSeconds: 0, ...o }), "RateLimited"],
  ["a key without access", Fault.Banned, "Unauthorized"],
  ["503", (o) => Fault.ServerError({ status: 503, ...o }), "Unavailable"],
  ["200 with an error", (o) => Fault.ServerError({ status: 200, body: errorBody, ...o }), "Malformed"],
  [
    "an empty page with another behind it",
    (o) => Fault.ServerError({ status: 200, body: '{"status":"OK","next_url":"https://a.example/b?cursor=c"}', ...o }),
    "Malformed"
  ],
  [
    "rows of another kind",
    (o) => Fault.ServerError({ status: 200, body: '{"status":"OK","results":[{"ticker":7}]}', ...o }),
    "Malformed"
  ],
  ["silence", (o) => Fault.Stall({ after: "nothing", ...o }), "Unavailable"],
  ["JSON cut short", (o) => Fault.Truncate({ variant: "json", ...o }), "Malformed"],
  ["200 with HTML", Fault.Html, "Malformed"],
  ["200 without a body", Fault.EmptyBody, "Malformed"],
  ["a connection reset", Fault.Reset, "Unavailable"],
  ["a redirect to another host", Fault.Redirect, "Unavailable"],
  ["a body of many megabytes", (o) => Fault.HugeBody({ megabytes: 8, ...o }), "Malformed"]
]

describe.concurrent("a fault of a list is never taken for an empty list", () => {
  for (const [name, fault, expected] of listFaults) {
    it.live(`${name}: ${expected}`, () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const source = yield* sourceAtHand
        for (const list of ["splits", "dividends", "tickers"] as const) {
          yield* provider.clear
          yield* provider.inject(fault({ match: { path: `/v3/reference/${list}` }, times: Infinity }))
          const work: Effect.Effect<unknown, SourceError.SourceError> =
            list === "tickers" ? source.instruments! : source.actions!(subject, range)
          const error = yield* Effect.flip(work)
          assert.strictEqual(error.reason._tag, expected, error.message)
          secret(error)
        }
      }).pipe(Effect.provide(world))
    )
  }
})
