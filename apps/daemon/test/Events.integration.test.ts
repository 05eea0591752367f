/** A run as somebody sees it who follows it, and what stays of those who go away. */
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { database, problem, send, serve, type Serving, settings } from "./serving.ts"

/** So many days of minutes that it is not done before it is cancelled. */
const endless = {
  symbols: ["BTC/USDT"],
  timeframes: ["1m"],
  source: "synthetic",
  start: "1990-01-01",
  end: "2020-01-01"
} as const

const begun = ({ ask }: Serving) =>
  Effect.map(
    ask(({ runs }) => runs.start({ payload: endless })),
    ({ id }) => id
  )

/** All that is said of a run; `heard` once somebody listens. */
const events = ({ ask }: Serving, id: number, heard: Effect.Effect<unknown> = Effect.void) =>
  ask(({ runs }) =>
    Effect.flatMap(runs.events({ params: { id } }), (stream) =>
      Stream.runCollect(Stream.tap(stream, (event) => (event.type === "begin" ? heard : Effect.void)))
    )
  )

/** Listens to a run over a socket; gives what closes it, once the head of the answer is there. */
const listener = ({ port }: Serving, id: number) =>
  Effect.promise(
    () =>
      new Promise<() => void>((resolve) => {
        const socket = connect(port, "127.0.0.1")
        socket.on("error", () => undefined)
        socket.once("data", () => resolve(() => socket.destroy()))
        socket.write(`GET /api/v1/runs/${id}/events HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      })
  )

/** Waits until the server is at no more requests than these. */
const requestsAre = ({ requests }: Serving, count: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (requests() > count) yield* Effect.sleep("10 millis")
  }).pipe(Effect.timeout("10 seconds"), Effect.orDie)

describe("a run that is followed", () => {
  it.live(
    "says what happens until it is cancelled, to everybody who listens",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve(settings(yield* database))
        const id = yield* begun(serving)
        const listening = yield* Deferred.make<void>()
        const followed = yield* Effect.forkChild(events(serving, id, Deferred.succeed(listening, undefined)))
        const raw = yield* Effect.forkChild(send(serving, { path: `/api/v1/runs/${id}/events` }))
        yield* Deferred.await(listening)
        const cancelled = yield* serving.ask(({ runs }) => runs.cancel({ params: { id } }))
        assert.deepInclude(cancelled, { id, status: "cancelled" })
        const last = (yield* Fiber.join(followed)).at(-1)
        assert.deepInclude(last, { type: "end" })
        assert.deepInclude(last?.type === "end" ? last.run : {}, { id, status: "cancelled" })
        const { body, headers, status } = yield* Fiber.join(raw)
        assert.deepStrictEqual([status, headers["content-type"]], [200, "text/event-stream"])
        assert.include(body, '"status":"cancelled"')
        // It is over: who comes late hears its end at once, and it cannot be cancelled again.
        const late = yield* events(serving, id)
        assert.deepStrictEqual(late.at(-1), last)
        problem(yield* send(serving, { method: "POST", path: `/api/v1/runs/${id}/cancel` }), 409)
      }),
    60_000
  )

  it.live(
    "lets go of those who went away, and ends with the daemon",
    () =>
      Effect.gen(function* () {
        const url = yield* database
        const { id, open } = yield* Effect.scoped(
          Effect.gen(function* () {
            const serving = yield* serve(settings(url))
            const id = yield* begun(serving)
            const leave = yield* Effect.forEach(Array.from({ length: 50 }), () => listener(serving, id), {
              concurrency: 10
            })
            assert.strictEqual(serving.requests(), 50)
            for (const one of leave) one()
            yield* requestsAre(serving, 0)
            // It goes on without them, and others are answered.
            assert.strictEqual((yield* serving.ask(({ runs }) => runs.get({ params: { id } }))).status, "running")
            const last = yield* Effect.forkDetach(
              send(serving, { path: `/api/v1/runs/${id}/events` }).pipe(Effect.exit)
            )
            yield* listener(serving, id)
            return { id, open: last }
          })
        )
        yield* Fiber.await(open)
        const again = yield* serve(settings(url))
        assert.strictEqual((yield* again.ask(({ runs }) => runs.get({ params: { id } }))).status, "interrupted")
      }).pipe(Effect.timeout("50 seconds")),
    60_000
  )
})
