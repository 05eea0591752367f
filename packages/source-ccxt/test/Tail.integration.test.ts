/** What closes, as ccxt's own classes watch it, over real sockets to the emulator. */
import { assert, describe, it } from "@effect/vitest"
import { Candles, Source, type Timeframe } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import * as Tail from "@tidemark/source-ccxt/Tail"
import { Effect, Fiber, Queue, Stream } from "effect"
import { market } from "./answers.ts"
import { engine, request, sourceOf } from "./rig.ts"

const minute = 60_000
const begin = Math.floor(Date.now() / (60 * minute)) * 60 * minute
const datasets = [
  market("BTC/USD", "1m", begin - 3_000 * minute, begin + 3_000 * minute),
  market("BTC/USD", "1h", begin - 3_000 * minute, begin + 3_000 * minute),
  market("ETH/USD", "1m", begin - 3_000 * minute, begin + 3_000 * minute)
]
let now = begin + 30_000
const emulator = Emulator.layer({ datasets, now: () => now })

const asked = (symbol: string, timeframe: Timeframe.Timeframe): Source.TailRequest => {
  const { assetClass, calendar } = request()
  return { symbol, assetClass, calendar, timeframe }
}

/** Listens; gives what is told, one thing a time. */
const listened = Effect.fnUntraced(function* (...requests: ReadonlyArray<Source.TailRequest>) {
  const source = yield* sourceOf("kraken")
  const told = yield* Queue.unbounded<Source.Tailed>()
  const listening = yield* source.tail!(requests).pipe(
    Stream.runForEach((one) => Queue.offer(told, one)),
    Effect.flip,
    Effect.forkScoped
  )
  return { listening, next: Queue.take(told) }
})

describe("ccxt:kraken", () => {
  it("says which hosts it connects to, of an exchange that has candles to watch", async () => {
    const capabilities = (exchange: string) =>
      Effect.runPromise(Effect.map(Source.configured(plugin, { exchange }), (one) => one.capabilities))
    assert.include((await capabilities("kraken")).tail?.hosts ?? [], "ws.kraken.com")
    assert.isUndefined((await capabilities("coinbaseexchange")).tail)
  })

  it.live(
    "tells a candle once the next one has begun, of several series over connections of their own",
    () =>
      Effect.gen(function* () {
        const { listenedTo, streams, tick } = yield* Emulator
        const requests = [asked("BTC/USD", "1m"), asked("BTC/USD", "1h"), asked("ETH/USD", "1m")]
        const { next } = yield* listened(...requests)
        yield* listenedTo(3)
        assert.deepStrictEqual((yield* next)._tag, "Listening")
        assert.sameMembers([...(yield* streams)], ["BTC/USD 1", "BTC/USD 60", "ETH/USD 1"])
        // Snapshots hold what closed before: it is told, and known.
        const seen = new Map<string, Array<number>>()
        const until = (open: number) =>
          Effect.gen(function* () {
            for (;;) {
              const told = yield* next
              if (told._tag !== "Closed") continue
              const { symbol, timeframe } = told.request
              const key = `${symbol} ${timeframe}`
              const opens = seen.get(key) ?? []
              seen.set(key, opens)
              opens.push(...told.candles.openTime)
              const dataset = datasets.find((one) => `${one.base}/${one.quote} ${one.interval}` === key)!
              const [first, last] = [told.candles.openTime[0]!, told.candles.openTime.at(-1)!]
              const {
                close,
                high,
                low,
                open: opened,
                openTime,
                volume
              } = dataset.candles({ from: first, to: last + 1 })
              assert.isTrue(Candles.equals(told.candles, { openTime, open: opened, high, low, close, volume }))
              if ([seen.get("BTC/USD 1m"), seen.get("ETH/USD 1m")].every((all) => all?.includes(open))) return
            }
          })
        now = begin + minute + 50
        yield* tick
        yield* until(begin)
        now += minute
        yield* tick
        yield* until(begin + minute)
        // The hour is open all the time.
        assert.notInclude(seen.get("BTC/USD 1h") ?? [], begin)
      }).pipe(Effect.provide(engine), Effect.provide(emulator)),
    30_000
  )

  it.live(
    "fails when the connection is cut, and one that is unknown does not stop the others",
    () =>
      Effect.gen(function* () {
        const { disconnect, listenedTo } = yield* Emulator
        const { listening, next } = yield* listened(asked("NOPE/USD", "1m"), asked("BTC/USD", "1m"))
        const first = [yield* next, yield* next]
        const unusable = first.find((told) => told._tag === "Unusable")
        assert.strictEqual(unusable?._tag === "Unusable" && unusable.reason._tag, "NotListed")
        assert.isDefined(first.find((told) => told._tag === "Listening"))
        yield* listenedTo(1)
        yield* disconnect
        assert.strictEqual((yield* Fiber.join(listening)).reason._tag, "Unavailable")
      }).pipe(Effect.provide(engine), Effect.provide(emulator)),
    30_000
  )
})

describe("what has closed", () => {
  const row = (open: number, close: number) => [open, 1, 2, 0, close, 5]

  it("is told when the next one has come, with what was said of it last", () => {
    const one = Tail.closedBy(undefined, [row(0, 1)])
    assert.deepStrictEqual(one.closed, [])
    const two = Tail.closedBy(one.newest, [row(0, 2)])
    assert.deepStrictEqual(two.closed, [])
    const three = Tail.closedBy(two.newest, [row(0, 3), row(1, 4)])
    assert.deepStrictEqual(three.closed, [row(0, 3)])
    const four = Tail.closedBy(three.newest, [row(3, 1), row(2, 9), row(1, 5)])
    assert.deepStrictEqual(four.closed, [row(1, 5), row(2, 9)])
    // Too late.
    assert.deepStrictEqual(Tail.closedBy(four.newest, [row(2, 7)]), { closed: [], newest: four.newest })
  })
})
