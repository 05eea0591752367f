/**
 * Listens to an exchange through the part of ccxt that watches.
 *
 * It tells of a candle again and again while it is open, never that it has
 * closed: one has when the next one comes. What was told of it last may lack
 * its last trades, so that what is streamed is confirmed by asking, as ever;
 * in a market that is quiet nothing comes next, and it is asked for.
 *
 * ccxt brings its own sockets and cannot be given another's. The door says
 * where each may lead, and refuses hosts that are not declared; what comes over
 * them does not pass through it. One instance has one timeframe, since some
 * exchanges' classes take two timeframes of a symbol for one stream.
 */
import { type SocketDoor, type Source, SourceError, type Timeframe } from "@tidemark/core"
import { Effect, Result, Stream } from "effect"
import type { HttpClient } from "effect/http"
import * as Door from "./Door.ts"
import * as Library from "./Library.ts"
import { Unusable } from "./Reason.ts"
import * as Rows from "./Rows.ts"

/** Each is a subscription of its own, sent at the exchange's pace. */
export const seriesPerConnection = 40

/** What is known of the newest candle of a series. */
export interface Newest {
  readonly row: ReadonlyArray<unknown>
  readonly open: number
}

/** The candles that have closed now that rows have come, and the newest, which is open. Pure. */
export const closedBy = (
  before: Newest | undefined,
  rows: ReadonlyArray<ReadonlyArray<unknown>>
): { readonly closed: ReadonlyArray<ReadonlyArray<unknown>>; readonly newest: Newest | undefined } => {
  let newest = before
  const closed: Array<ReadonlyArray<unknown>> = []
  for (const row of Rows.ascending(rows)) {
    const open = Number(row[0])
    // What is told of a candle before the newest one comes too late: it was taken for closed.
    if (!Number.isFinite(open) || (newest !== undefined && open < newest.open)) continue
    // What was there before anybody listened is asked for.
    if (newest !== undefined && open > newest.open) closed.push(newest.row)
    newest = { row, open }
  }
  return { closed, newest }
}

/** An instance for one timeframe, which knows the markets and goes where the door says. */
const instance = Effect.fnUntraced(function* (
  exchange: Library.Exchange,
  client: HttpClient.HttpClient,
  sockets: SocketDoor.SocketDoor
) {
  const watching = yield* Effect.acquireRelease(Library.open(exchange.id), (opened) =>
    // Whoever waits for a socket that never opened would be told so late; nobody waits any more.
    Effect.ignore(Effect.tryPromise(async () => opened.close?.()))
  )
  const door = Door.open(watching, client)
  watching.setMarketsFromExchange(exchange)
  // It prints what it cannot read, with the URL; what is missing for it is asked for.
  watching.log = () => undefined
  // For a URL without TLS it wants an agent of its own to be loaded, which nothing needs.
  watching.getHttpAgentIfNeeded = () => undefined
  const connect = watching.client?.bind(watching)
  watching.client = (url) => {
    const routed = sockets.route(url)
    if (Result.isFailure(routed)) throw new Unusable(routed.failure)
    return connect?.(routed.success)
  }
  return { watching, door }
})

/** Whether a failure is one series', and the others can go on. */
const isOfSeries = (reason: SourceError.Reason): boolean =>
  reason._tag === "NotListed" || reason._tag === "Unsupported" || reason._tag === "Refused"

export interface Options {
  readonly exchange: Library.Exchange
  readonly client: HttpClient.HttpClient
  readonly sockets: SocketDoor.SocketDoor
  readonly requests: ReadonlyArray<Source.TailRequest>
  readonly marketOf: (subject: Source.Subject) => Effect.Effect<Library.Market, SourceError.Reason>
}

export const listen = (options: Options): Stream.Stream<Source.Tailed, SourceError.Reason> => {
  const { client, exchange, marketOf, requests, sockets } = options
  /** Exchanges answer a subscription each in its own way; that something is told, they share. */
  let isListening = false
  const listening = (): ReadonlyArray<Source.Tailed> => {
    if (isListening) return []
    isListening = true
    return [{ _tag: "Listening" }]
  }

  const series = (
    { door, watching }: Effect.Success<ReturnType<typeof instance>>,
    request: Source.TailRequest
  ): Stream.Stream<Source.Tailed, SourceError.Reason> => {
    let newest: Newest | undefined
    const watch = (market: Library.Market) =>
      Effect.map(
        door.call(() => watching.watchOHLCV(market.symbol, request.timeframe)),
        ({ value }): ReadonlyArray<Source.Tailed> => {
          const told = closedBy(newest, value)
          newest = told.newest
          if (told.closed.length === 0) return listening()
          const candles = Rows.decode(told.closed)
          return typeof candles === "string"
            ? [{ _tag: "Unusable", request, reason: new SourceError.Malformed({ detail: candles }) }]
            : [...listening(), { _tag: "Closed", request, candles }]
        }
      )
    return Stream.unwrap(
      Effect.map(marketOf(request), (market) =>
        Stream.fromEffectRepeat(watch(market)).pipe(Stream.flatMap((told) => Stream.fromIterable(told)))
      )
    ).pipe(
      Stream.catch((reason) =>
        isOfSeries(reason)
          ? Stream.concat(
              Stream.make<ReadonlyArray<Source.Tailed>>({ _tag: "Unusable", request, reason }),
              Stream.never
            )
          : Stream.fail(reason)
      )
    )
  }

  const all = Effect.gen(function* () {
    // The markets that every instance shares.
    yield* Effect.ignore(marketOf(requests[0]!))
    const byTimeframe = Map.groupBy<Timeframe.Timeframe, Source.TailRequest>(requests, ({ timeframe }) => timeframe)
    const streams: Array<Stream.Stream<Source.Tailed, SourceError.Reason>> = []
    for (const group of byTimeframe.values()) {
      const opened = yield* instance(exchange, client, sockets)
      for (const request of group) streams.push(series(opened, request))
    }
    return Stream.fromIterable(streams).pipe(Stream.flatMap((one) => one, { concurrency: "unbounded" }))
  })
  return Stream.unwrap(all)
}
