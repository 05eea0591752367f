/**
 * Every fault that the emulator knows, under the real library and through the
 * engine's door. Whatever happens on the wire, a candle that is handed over
 * is one that the exchange really has.
 */
import { assert, describe, it } from "@effect/vitest"
import { Candles, type SourceError } from "@tidemark/core"
import { Emulator, Fault } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { dataset, engine, fetched, range, truth } from "./rig.ts"

type Tag = SourceError.Reason["_tag"]

interface Case {
  readonly name: string
  readonly fault: (options: Fault.Options) => Fault.Fault
  /** Why it fails if every answer is so; all candles, or a believable empty answer, where it does not. */
  readonly always: Tag | "all" | "nothing"
  /** Where the exchange's own ways make a difference. */
  readonly kraken?: Tag | "all" | "nothing"
}

const cases: ReadonlyArray<Case> = [
  { name: "429", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 0, ...o }), always: "RateLimited" },
  { name: "429 for a second", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 1, ...o }), always: "RateLimited" },
  { name: "a ban", fault: (o) => Fault.Banned({ retryAfterSeconds: 0, ...o }), always: "RateLimited" },
  { name: "500", fault: (o) => Fault.ServerError({ status: 500, ...o }), always: "Unavailable" },
  { name: "502", fault: (o) => Fault.ServerError({ status: 502, ...o }), always: "Unavailable" },
  { name: "503", fault: (o) => Fault.ServerError({ status: 503, ...o }), always: "Unavailable" },
  { name: "520", fault: (o) => Fault.ServerError({ status: 520, ...o }), always: "Unavailable" },
  { name: "408", fault: (o) => Fault.ServerError({ status: 408, ...o }), always: "Unavailable" },
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
  { name: "200 with an empty list", fault: Fault.Empty, always: "nothing" },
  { name: "candles twice", fault: Fault.Duplicates, always: "Malformed" },
  { name: "candles out of order", fault: Fault.OutOfOrder, always: "Malformed" },
  // Kraken's page is the same for any start.
  { name: "a repeated page", fault: Fault.RepeatedPage, always: "Malformed", kraken: "all" },
  {
    name: "a start ignored, oldest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "oldest", ...o }),
    always: "Malformed"
  },
  {
    name: "a start ignored, newest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "newest", ...o }),
    always: "Malformed",
    kraken: "all"
  },
  // Their rows have no close: an unfinished one is told by its open.
  { name: "an unfinished last candle", fault: Fault.UnfinishedLast, always: "all" },
  { name: "prices as words", fault: (o) => Fault.WrongTypes({ as: "text", ...o }), always: "Malformed" },
  { name: "prices as null", fault: (o) => Fault.WrongTypes({ as: "null", ...o }), always: "Malformed" },
  { name: "prices as numbers", fault: (o) => Fault.WrongTypes({ as: "number", ...o }), always: "all" },
  { name: "an object instead of a list", fault: Fault.NonArray, always: "Malformed" },
  { name: "a negative volume", fault: Fault.NegativeVolume, always: "Malformed" },
  { name: "a high below the low", fault: Fault.HighBelowLow, always: "Malformed" },
  { name: "a connection reset", fault: Fault.Reset, always: "Unavailable" },
  { name: "a redirect to another host", fault: Fault.Redirect, always: "Unavailable" },
  { name: "a slow answer", fault: (o) => Fault.Slow({ millis: 50, ...o }), always: "all" },
  { name: "a body of many megabytes", fault: (o) => Fault.HugeBody({ megabytes: 8, ...o }), always: "nothing" }
]

const paths = {
  kraken: "/api.kraken.com/0/public/OHLC",
  coinbaseexchange: "/api.exchange.coinbase.com/products/BTC-USD/candles"
}

const emulator = Emulator.layer({ datasets: [dataset] })
const whole = truth(dataset, range)

/** Every candle is one of the exchange's. */
const honest = (candles: Candles.Candles) => {
  const at = new Map(Array.from(whole.openTime, (open, i) => [open, i]))
  candles.openTime.forEach((open, i) => {
    const row = at.get(open)
    assert.isTrue(row !== undefined && Candles.sameRow(candles, i, whole, row), `an invented candle at ${open}`)
  })
}

for (const exchange of ["kraken", "coinbaseexchange"] as const) {
  const path = paths[exchange]

  describe.concurrent(`a fault of ${exchange} that passes costs nothing but time`, () => {
    for (const { always, fault, name } of cases) {
      it.live(name, () =>
        Effect.gen(function* () {
          const provider = yield* Emulator
          for (const after of [0, 2]) yield* provider.inject(fault({ match: { path, after } }))
          const { candles, error } = yield* fetched(exchange)
          assert.isUndefined(error)
          honest(candles)
          // An empty list is confirmed by the engine, above.
          if (always !== "nothing") assert.isTrue(Candles.equals(candles, whole))
        }).pipe(Effect.provide(Layer.provideMerge(engine, emulator)))
      )
    }
  })

  describe.concurrent(`a fault of ${exchange} that stays ends in a clear answer`, () => {
    for (const { always, fault, kraken, name } of cases) {
      const expected = exchange === "kraken" ? (kraken ?? always) : always
      it.live(`${name}: ${expected}`, () =>
        Effect.gen(function* () {
          const provider = yield* Emulator
          yield* provider.inject(fault({ match: { path }, times: Infinity }))
          const { candles, error } = yield* fetched(exchange)
          honest(candles)
          assert.isBelow(yield* provider.requestCount, 15)
          if (expected === "all") assert.isTrue(Candles.equals(candles, whole))
          else if (expected === "nothing") assert.strictEqual(Candles.length(candles), 0)
          else {
            assert.strictEqual(error?.reason._tag, expected, error?.message)
            assert.include(error?.message, `ccxt:${exchange} BTC/USD`)
            assert.notMatch(error?.message ?? "", /granularity|since=/)
          }
          if (expected === "all" || expected === "nothing") assert.isUndefined(error)
        }).pipe(Effect.provide(Layer.provideMerge(engine, emulator)))
      )
    }
  })

  describe(`candles of ${exchange} off the grid`, () => {
    it.live("are handed over as they are: no other candle is made of them", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.OffGrid({ match: { path }, times: Infinity }))
        const { candles, error } = yield* fetched(exchange)
        assert.isUndefined(error)
        assert.isTrue(candles.openTime.every((open) => open % 3_600_000 === 17_000))
      }).pipe(Effect.provide(Layer.provideMerge(engine, emulator)))
    )
  })

  describe.concurrent(`a fault of the markets of ${exchange}`, () => {
    const markets =
      exchange === "kraken" ? "/api.kraken.com/0/public/AssetPairs" : "/api.exchange.coinbase.com/products"
    const broken: ReadonlyArray<readonly [string, Fault.Fault]> = [
      ["a 503", Fault.ServerError({ status: 503, match: { path: markets } })],
      ["a web page", Fault.Html({ match: { path: markets } })],
      ["half a list", Fault.Truncate({ variant: "json", match: { path: markets } })],
      ["no body", Fault.EmptyBody({ match: { path: markets } })],
      [
        "a list without any market",
        Fault.ServerError({
          status: 200,
          body: exchange === "kraken" ? '{"error":[],"result":{}}' : "[]",
          match: { path: markets }
        })
      ]
    ]
    for (const [name, fault] of broken) {
      it.live(`${name} is not taken for an exchange without the symbol`, () =>
        Effect.gen(function* () {
          const provider = yield* Emulator
          yield* provider.inject(fault)
          const { candles, error } = yield* fetched(exchange)
          assert.isUndefined(error)
          assert.isTrue(Candles.equals(candles, whole))
        }).pipe(Effect.provide(Layer.provideMerge(engine, emulator)))
      )
    }
  })
}
