/**
 * Every fault that the emulator knows, under the real library and through the
 * engine's door. Whatever happens on the wire, a candle that is handed over
 * is one that the exchange really has.
 */
import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Emulator, Fault, FaultCases } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { dataset, engine, fetched, range, truth } from "./rig.ts"

const casesOf = {
  kraken: FaultCases.of({
    "a body of many megabytes": { always: "nothing" },
    // Kraken's page is the same for any start.
    "a repeated page": { always: "all" },
    "a start ignored, newest": { always: "all" }
  }),
  coinbaseexchange: FaultCases.of({ "a body of many megabytes": { always: "nothing" } })
}

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
    for (const { always, fault, name } of casesOf[exchange]) {
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
    for (const { always, fault, name } of casesOf[exchange]) {
      it.live(`${name}: ${always}`, () =>
        Effect.gen(function* () {
          const provider = yield* Emulator
          yield* provider.inject(fault({ match: { path }, times: Infinity }))
          const { candles, error } = yield* fetched(exchange)
          honest(candles)
          assert.isBelow(yield* provider.requestCount, 15)
          if (always === "all") assert.isTrue(Candles.equals(candles, whole))
          else if (always === "nothing") assert.strictEqual(Candles.length(candles), 0)
          else {
            assert.strictEqual(error?.reason._tag, always, error?.message)
            assert.include(error?.message, `ccxt:${exchange} BTC/USD`)
            assert.notMatch(error?.message ?? "", /granularity|since=/)
          }
          if (always === "all" || always === "nothing") assert.isUndefined(error)
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
