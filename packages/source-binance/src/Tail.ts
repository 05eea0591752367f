/**
 * Listens to Binance: one connection, many streams.
 *
 * It ends a connection after 24 hours, and one that sends more than five
 * messages a second. A ping of its own comes every 20 seconds (every three
 * minutes in futures), which the socket answers; whether somebody is still
 * there is asked besides, since a connection may be dead without either side
 * having been told.
 */
import { type SocketDoor, type Source, SourceError } from "@tidemark/core"
import { Effect, Stream } from "effect"
import type { Market } from "./Market.ts"
import * as Streams from "./Streams.ts"

/** Binance allows 1,024; with fewer less is lost with one. */
export const seriesPerConnection = 400
const streamsPerMessage = 200
/** Two messages a second, of five that it takes. */
const betweenMessagesMillis = 500
const askEveryMillis = 30_000
/** So long nothing has come, though it was asked twice. */
const deadMillis = 75_000

const unavailable = (detail: string) => new SourceError.Unavailable({ detail })

const batches = (names: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(names.length / streamsPerMessage) }, (_, i) =>
    names.slice(i * streamsPerMessage, (i + 1) * streamsPerMessage)
  )

export const listen = (
  door: SocketDoor.SocketDoor,
  market: Market,
  requests: ReadonlyArray<Source.TailRequest>
): Stream.Stream<Source.Tailed, SourceError.Reason> => {
  const { host, path } = market.stream
  const byName = Map.groupBy(requests, Streams.nameOf)

  const events = Effect.gen(function* () {
    const connection = yield* door.open(`wss://${host}${path}`)
    const subscriptions = batches([...byName.keys()])
    /** Of our subscriptions those that nobody has answered. */
    const unanswered = new Set(subscriptions.keys())

    const talk = Effect.gen(function* () {
      for (const [id, names] of subscriptions.entries()) {
        yield* connection.send(Streams.subscribe(names, id))
        yield* Effect.sleep(betweenMessagesMillis)
      }
      for (let id = subscriptions.length; ; id++) {
        yield* Effect.sleep(askEveryMillis)
        yield* connection.send(Streams.ask(id))
      }
    })
    // A message that cannot be sent ends the connection, which is what the one who pulls is told.
    yield* Effect.forkScoped(Effect.ignore(talk))

    const told = (text: string): Effect.Effect<ReadonlyArray<Source.Tailed>, SourceError.Reason> => {
      const message = Streams.decode(text)
      switch (message._tag) {
        case "Closed": {
          const { candles, name } = message
          return Effect.succeed((byName.get(name) ?? []).map((request) => ({ _tag: "Closed", request, candles })))
        }
        case "Unusable": {
          const reason = new SourceError.Malformed({ detail: message.detail })
          return Effect.succeed(
            (byName.get(message.name) ?? []).map((request) => ({ _tag: "Unusable", request, reason }))
          )
        }
        case "Answer": {
          if (message.error !== undefined) {
            const detail = `${host} does not take the subscription (${message.error})`
            return Effect.fail(new SourceError.Refused({ detail, status: 400 }))
          }
          const isLast = message.id !== undefined && unanswered.delete(message.id) && unanswered.size === 0
          return Effect.succeed(isLast ? [{ _tag: "Listening" }] : [])
        }
        case "Shutdown":
          return Effect.fail(unavailable(`${host} goes away`))
        case "Malformed":
          return Effect.fail(new SourceError.Malformed({ detail: `${host}: ${message.detail}` }))
        case "Other":
          return Effect.succeed([])
      }
    }

    const next = connection.pull.pipe(
      Effect.timeoutOrElse({
        duration: deadMillis,
        orElse: () => Effect.fail(unavailable(`nothing came from ${host} for ${deadMillis / 1_000} s`))
      }),
      Effect.flatMap((texts) => Effect.forEach(texts, told)),
      Effect.map((all) => all.flat())
    )
    return Stream.fromEffectRepeat(next).pipe(Stream.flatMap((all) => Stream.fromIterable(all)))
  })
  return Stream.unwrap(events)
}
