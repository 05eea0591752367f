/**
 * Every fault that the emulator knows, under the real library and through the
 * engine's door. Whatever happens on the wire, a candle that is handed over
 * is one that the share really has.
 */
import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Emulator, Equity, Fault, FaultCases } from "@tidemark/emulator"
import { Effect } from "effect"
import { inspect } from "node:util"
import { apple, cookie, crumb } from "./answers.ts"
import { fetched, range, world } from "./rig.ts"

const cases = FaultCases.of(
  {
    "a ban": { fault: Fault.Banned, always: "Unavailable" },
    // Half a row is none, and the engine asks again for what is missing.
    "prices as null": { always: "fewer" }
  },
  [
    {
      name: "403",
      fault: (o) => Fault.ServerError({ status: 403, ...o }),
      always: "Unauthorized",
      once: "Unauthorized"
    },
    { name: "bars between two bars", fault: Fault.OffGrid, always: "Malformed" }
  ]
)

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
