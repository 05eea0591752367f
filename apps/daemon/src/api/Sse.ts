/**
 * Server-sent events that never are silent for long: proxies close a
 * connection over which nothing comes, and whoever listens cannot tell a
 * quiet run from a lost connection. What fills a silence is a comment, which
 * every reader of events leaves out.
 */
import { Clock, Effect, Stream } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/** How long nothing may be said. */
export const silenceMillis = 15_000

const beat = ":\n\n"

/** Each event as its text, and a comment where nothing has happened for a while; ends with the events. */
export const encode = <Event, E, R>(
  events: Stream.Stream<Event, E, R>,
  toJson: (event: Event) => unknown
): Stream.Stream<string, E, R> =>
  Stream.unwrap(
    Effect.map(Clock.currentTimeMillis, (begun) => {
      let last = begun
      const said = Effect.map(Clock.currentTimeMillis, (now) => void (last = now))
      const texts = Stream.mapEffect(events, (event) => Effect.as(said, `data: ${JSON.stringify(toJson(event))}\n\n`))
      const silent = Effect.gen(function* () {
        for (;;) {
          const left = last + silenceMillis - (yield* Clock.currentTimeMillis)
          if (left <= 0) break
          yield* Effect.sleep(left)
        }
        yield* said
        return beat
      })
      return Stream.merge(texts, Stream.fromEffectRepeat(silent), { haltStrategy: "left" })
    })
  )

export const response = <Event>(events: Stream.Stream<Event>, toJson: (event: Event) => unknown) =>
  HttpServerResponse.stream(Stream.encodeText(encode(events, toJson)), { contentType: "text/event-stream" })
