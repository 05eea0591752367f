/** Binance's streams as a client without any of our code hears them. */
import { WebSocket } from "@effect/platform-node/NodeWS"
import { assert, describe, it } from "@effect/vitest"
import { Dataset, Emulator } from "@tidemark/emulator"
import { Effect, Queue } from "effect"

const minute = 60_000
const begin = Date.parse("2024-03-01T12:00:00Z")
const about = { symbol: "BTCUSDT", interval: "1m", from: begin - 60 * minute, to: begin + 60 * minute } as const
let now = begin
const layer = Emulator.layer({
  datasets: [Dataset.cheap(about), Dataset.cheap({ ...about, market: "um" })],
  now: () => now
})

/** What of a message the tests look at. */
interface Message {
  readonly result?: unknown
  readonly id?: number
  readonly stream: string
  readonly data: { readonly e: string; readonly s: string; readonly k: Readonly<Record<string, unknown>> }
  readonly k: Readonly<Record<string, unknown>>
}

/** A client; gives what comes, parsed. */
const connected = (path: string) =>
  Effect.gen(function* () {
    const { url } = yield* Emulator
    const heard = yield* Queue.unbounded<Message>()
    const ended = yield* Queue.unbounded<number>()
    const socket = yield* Effect.acquireRelease(
      Effect.callback<WebSocket>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}${path}`)
        socket.on("message", (data: Buffer) => Queue.offerUnsafe(heard, JSON.parse(data.toString())))
        socket.on("close", (code: number) => Queue.offerUnsafe(ended, code))
        socket.on("error", () => Queue.offerUnsafe(ended, -1))
        socket.on("open", () => resume(Effect.succeed(socket)))
      }),
      (socket) => Effect.sync(() => socket.terminate())
    )
    return {
      send: (message: unknown) => Effect.sync(() => socket.send(JSON.stringify(message))),
      next: Queue.take(heard),
      closed: Queue.take(ended)
    }
  })

describe("Binance's streams", () => {
  for (const [market, path] of [
    ["spot", "/stream"],
    ["futures", "/market/stream"]
  ] as const) {
    it.live(`tell a candle while it is open and once it has closed (${market})`, () =>
      Effect.gen(function* () {
        now = begin + 10_000
        const { tick } = yield* Emulator
        const { next, send } = yield* connected(path)
        yield* send({ method: "SUBSCRIBE", params: ["btcusdt@kline_1m", "nope@kline_1m"], id: 7 })
        assert.deepInclude(yield* next, { result: null, id: 7 })
        yield* send({ method: "LIST_SUBSCRIPTIONS", id: 8 })
        assert.deepInclude(yield* next, { result: ["btcusdt@kline_1m"], id: 8 })
        assert.strictEqual(yield* tick, 0)
        const open = yield* next
        assert.strictEqual(open.stream, "btcusdt@kline_1m")
        assert.deepInclude(open.data, { e: "kline", s: "BTCUSDT" })
        assert.deepInclude(open.data.k, { t: begin, T: begin + minute - 1, i: "1m", x: false })
        now = begin + minute + 1
        assert.strictEqual(yield* tick, 1)
        const closed = yield* next
        const { close, trades } = Dataset.cheap(about).candles({ from: begin, to: begin + 1 })
        assert.deepInclude(closed.data.k, { t: begin, x: true, n: trades![0] })
        assert.strictEqual(Number(closed.data.k.c), close[0])
        assert.deepInclude((yield* next).data.k, { t: begin + minute, x: false })
      }).pipe(Effect.provide(layer))
    )
  }

  it.live("a raw stream comes without the wrapping, and what closed before is not told", () =>
    Effect.gen(function* () {
      now = begin + 10_000
      const { listenedTo, tick } = yield* Emulator
      const { next, send } = yield* connected("/ws")
      yield* send({ method: "SUBSCRIBE", params: ["btcusdt@kline_1m"], id: 1 })
      yield* listenedTo(1)
      yield* next
      yield* tick
      assert.deepInclude((yield* next).k, { t: begin, x: false })
    }).pipe(Effect.provide(layer))
  )

  it.live("more than five messages a second end the connection, and another path is none", () =>
    Effect.gen(function* () {
      const { closed, send } = yield* connected("/stream")
      for (let id = 0; id < 6; id++) yield* send({ method: "LIST_SUBSCRIPTIONS", id })
      assert.strictEqual(yield* closed, 1_008)
      const { url } = yield* Emulator
      const refused = yield* Effect.callback<string>((resume) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/nowhere`)
        socket.on("error", (error: Error) => resume(Effect.succeed(error.message)))
      })
      assert.include(refused, "404")
    }).pipe(Effect.provide(layer))
  )
})
