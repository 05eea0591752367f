import { connect, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Emulator, Fault } from "@tidemark/emulator"
import { client, get, hourly, until } from "./Wire.ts"

const port = (url: string): number => Number(new URL(url).port)

const connected = (url: string): Effect.Effect<Socket> =>
  Effect.callback((resume) => {
    const socket = connect(port(url), "127.0.0.1", () => resume(Effect.succeed(socket)))
  })

const closed = (socket: Socket): Effect.Effect<void> =>
  Effect.callback((resume) => {
    socket.on("error", () => {})
    // What nobody reads keeps a socket open.
    socket.resume()
    socket.once("close", () => resume(Effect.void))
  })

describe("Emulator", () => {
  it.live("closing the layer closes every socket: idle, stalled and delayed ones", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Emulator.layer({ datasets: [] }), scope)
      const emulator = Context.get(context, Emulator)
      yield* emulator.inject(Fault.Stall({ after: "headers" }), Fault.Slow({ millis: 60_000 }))
      const sockets = yield* Effect.all([1, 2, 3].map(() => connected(emulator.url)))
      for (const socket of sockets.slice(0, 2)) socket.write("GET /api/v3/ping HTTP/1.1\r\nHost: emulator\r\n\r\n")
      yield* until(emulator.inFlight, 2)
      assert.strictEqual(yield* emulator.openConnections, 3)
      const ends = yield* Effect.forkChild(Effect.all(sockets.map(closed), { concurrency: "unbounded" }))
      yield* Scope.close(scope, Exit.void)
      yield* Effect.timeout(Fiber.join(ends), 2_000)
      yield* until(emulator.openConnections, 0)
      yield* until(emulator.inFlight, 0)
    })
  )

  it.live("a connection that the client closes is no longer open", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      assert.strictEqual(yield* emulator.openConnections, 0)
      const socket = yield* connected(emulator.url)
      yield* until(emulator.openConnections, 1)
      socket.destroy()
      yield* until(emulator.openConnections, 0)
    }).pipe(Effect.provide(Emulator.layer({ datasets: [] })))
  )

  it.live("says what it was asked and how it answered", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.inject(Fault.ServerError({ status: 502 }))
      yield* get("/api/v3/ping")
      yield* get("/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1")
      const requests = yield* emulator.requests
      assert.deepStrictEqual(
        requests.map(({ at, method, path, status }) => ({ at, method, path, status })),
        [
          { at: 42, method: "GET", path: "/api/v3/ping", status: 502 },
          { at: 42, method: "GET", path: "/api/v3/klines", status: 200 }
        ]
      )
      assert.strictEqual(requests[1]!.query.get("limit"), "1")
      assert.strictEqual(yield* emulator.requestCount, 2)
    }).pipe(Effect.provide([Emulator.layer({ datasets: [hourly({ rows: 1 })], now: () => 42 }), client]))
  )

  it.live("two on one port is an error that says so", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      const taken = port(emulator.url)
      const error = yield* Effect.flip(
        Effect.scoped(Layer.build(Emulator.layerListening({ datasets: [], port: taken })))
      )
      assert.include(error.message, `can't listen on 127.0.0.1:${taken}`)
    }).pipe(Effect.provide(Emulator.layer({ datasets: [] })))
  )
})
