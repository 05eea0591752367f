/**
 * The contract of a source that tells what closes, as a test suite.
 *
 * A plugin calls `suite` with a few series, their candles, and how its
 * provider tells of one; the suite listens to that provider over real sockets
 * on loopback, and then makes it misbehave.
 */
import { assert, it } from "@effect/vitest"
import { Candles, type Source, SourceError, SocketDoor } from "@tidemark/core"
import { Cause, Effect, Exit, Fiber, Layer, Queue, Schema, type Scope, Stream } from "effect"
import type { HttpClient } from "effect/http"
import * as LoopbackProvider from "./LoopbackProvider.ts"
import * as LoopbackSockets from "./LoopbackSockets.ts"

export const cases = {
  L01: "nothing is connected to before the first pull, and only declared hosts are then",
  L02: "it says that it listens",
  L03: "what closes is told once, as the provider has it, of every series; what is open is not",
  L04: "a connection that is cut is a failure that may pass, not an end",
  L05: "a provider that takes no connection is a SourceError",
  L06: "garbage is a SourceError or said of its series, never a defect and never candles",
  L07: "interruption closes the connection"
} as const
export type CaseId = keyof typeof cases

export interface SuiteOptions<Config> {
  readonly plugin: Source.SourcePlugin<Config>
  /** Configuration before decoding. */
  readonly config: unknown
  /** Two series at least. */
  readonly requests: ReadonlyArray<Source.TailRequest>
  /** Three candles of a series at least, one after another. */
  readonly candles: (request: Source.TailRequest) => Candles.Candles
  /** How the provider answers what it is sent. */
  readonly answer: LoopbackSockets.Answer
  /** How it tells of a candle that is open. */
  readonly open: (request: Source.TailRequest, candle: Candles.Candles) => ReadonlyArray<string>
  /** How it tells that one has closed, whatever it says besides. */
  readonly closed: (request: Source.TailRequest, candle: Candles.Candles) => ReadonlyArray<string>
  /** How it answers over HTTP, where it is asked for something before. */
  readonly respond?: LoopbackProvider.Respond
}

const garbage: ReadonlyArray<string> = [
  "",
  "null",
  "[",
  "<html><body>maintenance</body></html>",
  '{"stream":"nothing","data":null}',
  '{"channel":"ohlc","type":"update","data":[{}]}',
  "\u0000"
]

type Needs = LoopbackProvider.LoopbackProvider | LoopbackSockets.LoopbackSockets | HttpClient.HttpClient | Scope.Scope

export const suite = <Config>(name: string, options: SuiteOptions<Config>): void => {
  const { plugin, requests } = options

  const make = Effect.gen(function* () {
    const { door, reset } = yield* LoopbackSockets.LoopbackSockets
    yield* reset
    const config = yield* Effect.orDie(Schema.decodeUnknownEffect(plugin.config)(options.config))
    const source = yield* Effect.provideService(plugin.make(config), SocketDoor.SocketDoor, door)
    assert.isDefined(source.tail)
    return source.tail!
  })

  /** Listens until the test is over; everything that is told is there to be taken. */
  const listening = Effect.gen(function* () {
    const tail = yield* make
    const { answered } = yield* LoopbackSockets.LoopbackSockets
    const told = yield* Queue.unbounded<Source.Tailed>()
    const fiber = yield* Effect.forkScoped(
      Stream.runForEach(tail(requests), (one) => Effect.asVoid(Queue.offer(told, one)))
    )
    yield* answered
    return { fiber, next: Queue.take(told), told }
  })

  const failureOf = (exit: Exit.Exit<void, SourceError.SourceError>): SourceError.SourceError => {
    assert.isTrue(Exit.isFailure(exit), "the stream ended")
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    assert.instanceOf(error, SourceError.SourceError)
    return error as SourceError.SourceError
  }

  const one = (candles: Candles.Candles, row: number) => Candles.slice(candles, row, row + 1)

  const world = Layer.mergeAll(
    LoopbackProvider.layer(options.respond ?? (() => new Response(null, { status: 599 }))),
    LoopbackSockets.layer(options.answer)
  )
  it.layer(world)(`tail contract (${name})`, (it) => {
    const check = (id: CaseId, body: Effect.Effect<void, unknown, Needs>) => it.effect(`${id} ${cases[id]}`, () => body)

    check(
      "L01",
      Effect.gen(function* () {
        const { asked } = yield* LoopbackSockets.LoopbackSockets
        const tail = yield* make
        const stream = tail(requests)
        assert.deepStrictEqual(asked(), [])
        yield* Effect.forkScoped(Stream.runDrain(stream))
        yield* (yield* LoopbackSockets.LoopbackSockets).answered
        assert.isAbove(asked().length, 0)
        const declared = plugin.capabilities.tail?.hosts ?? []
        for (const { host, protocol } of asked()) {
          assert.include(declared, host)
          assert.strictEqual(protocol, "wss:")
        }
      })
    )

    check(
      "L02",
      Effect.gen(function* () {
        const { tell } = yield* LoopbackSockets.LoopbackSockets
        const { next } = yield* listening
        const [request] = requests
        tell(...options.open(request!, one(options.candles(request!), 0)))
        assert.strictEqual((yield* next)._tag, "Listening")
      })
    )

    check(
      "L03",
      Effect.gen(function* () {
        const { tell } = yield* LoopbackSockets.LoopbackSockets
        const { next, told } = yield* listening
        const seen = new Map<Source.TailRequest, Array<Candles.Candles>>(requests.map((request) => [request, []]))
        const rows = Candles.length(options.candles(requests[0]!))
        for (let row = 0; row < rows; row++) {
          for (const request of requests) {
            const candle = one(options.candles(request), row)
            tell(...options.open(request, candle), ...options.open(request, candle), ...options.closed(request, candle))
            for (;;) {
              const event = yield* next
              if (event._tag === "Listening") continue
              assert.strictEqual(event._tag, "Closed")
              if (event._tag !== "Closed") continue
              assert.strictEqual(event.request, request)
              seen.get(request)!.push(event.candles)
              break
            }
          }
        }
        for (const request of requests) {
          const expected = options.candles(request)
          assert.isTrue(Candles.equals(Candles.concat(seen.get(request)!), expected), request.symbol)
        }
        assert.strictEqual(Queue.sizeUnsafe(told), 0)
      })
    )

    check(
      "L04",
      Effect.gen(function* () {
        const { cut } = yield* LoopbackSockets.LoopbackSockets
        const { fiber } = yield* listening
        cut()
        const error = failureOf(yield* Fiber.await(fiber))
        assert.isTrue(SourceError.isRetryable(error.reason), error.message)
      })
    )

    check(
      "L05",
      Effect.gen(function* () {
        const { refuse } = yield* LoopbackSockets.LoopbackSockets
        const tail = yield* make
        for (const status of [429, 503]) {
          refuse(status)
          failureOf(yield* Effect.exit(Stream.runDrain(tail(requests))))
        }
      })
    )

    check(
      "L06",
      Effect.gen(function* () {
        const { tell } = yield* LoopbackSockets.LoopbackSockets
        for (const text of garbage) {
          const { fiber, told } = yield* listening
          const [request] = requests
          tell(text, ...options.closed(request!, one(options.candles(request!), 0)))
          // Either the connection is given up, or what comes behind it is told.
          const ended = Effect.asSome(Fiber.await(fiber))
          const heard = Effect.gen(function* () {
            for (;;) {
              const event = yield* Queue.take(told)
              if (event._tag !== "Closed") continue
              assert.isTrue(Candles.equals(event.candles, one(options.candles(request!), 0)), text)
              return yield* Effect.succeedNone
            }
          })
          const exit = yield* Effect.raceFirst(ended, heard)
          if (exit._tag === "Some") failureOf(exit.value)
        }
      })
    )

    check(
      "L07",
      Effect.gen(function* () {
        const { closed } = yield* LoopbackSockets.LoopbackSockets
        const { fiber } = yield* listening
        yield* Fiber.interrupt(fiber)
        yield* closed
      })
    )
  })
}
