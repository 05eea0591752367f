/**
 * Market data providers on loopback, over real HTTP and WebSockets, with faults on demand.
 *
 * One server answers for every provider, told apart by path. It is Node's own
 * `http` server, because stalls, resets and broken lengths are beneath what a
 * framework lets through; closing the layer destroys every socket.
 *
 * Time is the wall clock unless `now` says otherwise, also under a
 * `TestClock`: candles that open after it are not served, and the windows of
 * the weight limit follow it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { ArchiveDefect } from "./ArchiveDefect.ts"
import * as Binance from "./Binance.ts"
import * as BinanceArchive from "./BinanceArchive.ts"
import * as BinanceStreams from "./BinanceStreams.ts"
import * as Cboe from "./Cboe.ts"
import * as Coinbase from "./Coinbase.ts"
import type { Dataset } from "./Dataset.ts"
import type { Equity } from "./Equity.ts"
import type { Fault } from "./Fault.ts"
import * as FaultQueue from "./FaultQueue.ts"
import * as Kraken from "./Kraken.ts"
import * as KrakenStreams from "./KrakenStreams.ts"
import * as Massive from "./Massive.ts"
import type { Provider, Query } from "./Provider.ts"
import * as Reply from "./Reply.ts"
import * as RequestLog from "./RequestLog.ts"
import type { StreamFault } from "./StreamFault.ts"
import * as WeightLimiter from "./WeightLimiter.ts"
import * as Yahoo from "./Yahoo.ts"

/** Every provider there is: a new one is a file and an entry here. */
export const providers: ReadonlyArray<Provider> = [
  Binance.provider,
  BinanceArchive.provider,
  Kraken.provider,
  Coinbase.provider,
  Massive.provider,
  Yahoo.provider,
  Cboe.provider
]

export interface Options {
  readonly datasets: ReadonlyArray<Dataset>
  /** Shares, for the stock providers; none where absent. */
  readonly equities?: ReadonlyArray<Equity> | undefined
  /** Who answers, such as a provider under other terms; every provider where absent. */
  readonly providers?: ReadonlyArray<Provider> | undefined
  /** What is wrong with Binance's archive from the start. */
  readonly archiveDefects?: ReadonlyArray<ArchiveDefect> | undefined
  /** 0, a free one, where absent. */
  readonly port?: number | undefined
  /** Weight that may be spent in a window; 6000 where absent. */
  readonly weightLimit?: number | undefined
  /** 60,000 where absent. */
  readonly weightWindowMillis?: number | undefined
  /** Requests refused in a window until the address is banned; 10 where absent. */
  readonly banAfter?: number | undefined
  /** Length of the first ban, doubled each time; 120,000 where absent. */
  readonly banMillis?: number | undefined
  /** Epoch milliseconds, for all that is served; the wall clock where absent. */
  readonly now?: (() => number) | undefined
  /** Clock of the weight limit alone, where `now` stands still; `now` where absent. */
  readonly limiterNow?: (() => number) | undefined
  /** Every answer comes so much later; 0 where absent. */
  readonly latencyMillis?: number | undefined
  /** Streams tell what has closed so often by themselves; only by `tick` where absent. */
  readonly tickMillis?: number | undefined
  /** Injected before the first candle that a stream tells. */
  readonly streamFaults?: ReadonlyArray<StreamFault> | undefined
  /** Injected before the first request. */
  readonly faults?: ReadonlyArray<Fault> | undefined
}

/** The address could not be listened on. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  port: Schema.Int,
  detail: Schema.String
}) {
  override get message(): string {
    return `the emulator can't listen on 127.0.0.1:${this.port}: ${this.detail}; choose another --port, or 0 for a free one`
  }
}

interface Shape {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** The newest 10,000 requests, oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestLog.Request>>
  /** All requests that ever came. */
  readonly requestCount: Effect.Effect<number>
  /** Requests whose answer is neither complete nor given up. */
  readonly inFlight: Effect.Effect<number>
  /** Puts faults at the end of the queue. */
  readonly inject: (...faults: ReadonlyArray<Fault>) => Effect.Effect<void>
  /** Empties the queue of faults. */
  readonly clear: Effect.Effect<void>
  /** What is wrong with Binance's archive from now on; nothing, without arguments. */
  readonly spoilArchive: (...defects: ReadonlyArray<ArchiveDefect>) => Effect.Effect<void>
  readonly openConnections: Effect.Effect<number>
  /** Lets every stream tell what has closed, and what is open; gives how many closed candles were told. */
  readonly tick: Effect.Effect<number>
  /** What goes wrong with the next candles that streams tell as closed, one each. */
  readonly injectStream: (...faults: ReadonlyArray<StreamFault>) => Effect.Effect<void>
  /** Names of the streams that are listened to, one for each connection that does. */
  readonly streams: Effect.Effect<ReadonlyArray<string>>
  /** Completes when at least so many streams are listened to. */
  readonly listenedTo: (streams: number) => Effect.Effect<void>
  /** Cuts every connection of streams. */
  readonly disconnect: Effect.Effect<void>
  /** Weight used in the present window. */
  readonly usedWeight: Effect.Effect<number>
}

const host = "127.0.0.1"
const idleMillis = 65_000

const listen = (server: Server, port: number): Effect.Effect<number, ListenError> =>
  Effect.callback((resume) => {
    const fail = (error: Error) => resume(Effect.fail(new ListenError({ port, detail: error.message })))
    server.once("error", fail)
    server.listen(port, host, () => {
      server.off("error", fail)
      resume(Effect.succeed((server.address() as AddressInfo).port))
    })
  })

const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Shape, ListenError, Scope.Scope> {
  const now = options.now ?? Date.now
  const limiter = WeightLimiter.make({
    limit: options.weightLimit ?? 6000,
    windowMillis: options.weightWindowMillis ?? 60_000,
    banAfter: options.banAfter ?? 10,
    banMillis: options.banMillis ?? 120_000,
    now: options.limiterNow ?? now
  })
  const faults = FaultQueue.make()
  faults.add(options.faults ?? [])
  const log = RequestLog.make()
  let archiveDefects = options.archiveDefects ?? []
  const world = {
    archiveDefects: () => archiveDefects,
    datasets: options.datasets,
    equities: options.equities ?? [],
    now,
    limiter
  }
  const served = (options.providers ?? providers).map((provider) => ({ provider, answer: provider.make(world) }))
  const latencyMillis = options.latencyMillis ?? 0
  const sockets = new Set<Socket>()
  let inFlight = 0

  const answer = (query: Query): Reply.Reply => {
    const { path } = query
    const owner = served.find(({ provider }) => provider.owns(path))
    const fault = faults.take(path, owner?.provider.servesCandles(path) ?? false)
    const reply = owner?.answer(query, fault) ?? Reply.notFound
    return Reply.delay(Reply.spoil(reply, fault, path), latencyMillis)
  }

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const target = request.url ?? "/"
    const mark = target.indexOf("?")
    const path = mark < 0 ? target : target.slice(0, mark)
    const parameters = new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1))
    const method = request.method ?? "GET"
    inFlight++
    response.once("close", () => {
      inFlight--
    })
    const reply = answer({ method, path, parameters, headers: request.headers })
    log.add({ method, path, query: parameters, status: reply.status, at: now() })
    request.resume()
    Reply.send(response, reply)
  }

  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer({ keepAliveTimeout: idleMillis }, onRequest)),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  const binanceStreams = BinanceStreams.make(world)
  binanceStreams.inject(options.streamFaults ?? [])
  const streams = [binanceStreams, KrakenStreams.make(world)]
  const names = () => streams.flatMap((one) => one.names())
  const tick = () => streams.reduce((told, one) => told + one.tick(), 0)
  server.on("upgrade", (request, socket, head) => {
    if (!streams.some((one) => one.upgrade(request, socket, head)))
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n")
  })
  const { tickMillis } = options
  yield* Effect.acquireRelease(
    Effect.sync(() => (tickMillis === undefined ? undefined : setInterval(tick, tickMillis))),
    (timer) =>
      Effect.sync(() => {
        clearInterval(timer)
        for (const one of streams) one.close()
      })
  )
  const port = yield* listen(server, options.port ?? 0)

  return {
    url: `http://${host}:${port}`,
    requests: Effect.sync(log.newest),
    requestCount: Effect.sync(log.count),
    inFlight: Effect.sync(() => inFlight),
    inject: (...more) => Effect.sync(() => faults.add(more)),
    clear: Effect.sync(faults.clear),
    spoilArchive: (...defects) =>
      Effect.sync(() => {
        archiveDefects = defects
      }),
    openConnections: Effect.sync(() => sockets.size),
    tick: Effect.sync(tick),
    injectStream: (...more) => Effect.sync(() => binanceStreams.inject(more)),
    streams: Effect.sync(names),
    listenedTo: (count) =>
      Effect.callback<void>((resume) => {
        const look = () => {
          if (names().length >= count) resume(Effect.void)
        }
        const stops = streams.map((one) => one.onSubscribed(look))
        look()
        return Effect.sync(() => {
          for (const stop of stops) stop()
        })
      }),
    disconnect: Effect.sync(() => {
      for (const one of streams) one.disconnect()
    }),
    usedWeight: Effect.sync(limiter.used)
  }
})

export class Emulator extends Context.Service<Emulator, Shape>()("@tidemark/emulator/Emulator") {
  /** On a free port, or one that is known to be free. */
  static layer(options: Options): Layer.Layer<Emulator> {
    return Layer.orDie(this.layerListening(options))
  }

  /** Fails where the port can't be had. */
  static layerListening(options: Options): Layer.Layer<Emulator, ListenError> {
    return Layer.effect(this, make(options))
  }
}
