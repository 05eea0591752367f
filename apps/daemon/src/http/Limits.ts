/** How much one caller may ask, how large a request may be, and how long an answer may take. */
import type { ApiSettings } from "@tidemark/runtime"
import { ByteSize, Effect } from "effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Problem from "./Problem.ts"

type Answering<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

/** Size of a request's body, and time of an answer up to its first byte. */
export const middleware =
  ({ bodyBytes, timeoutSeconds }: Pick<ApiSettings.Settings, "bodyBytes" | "timeoutSeconds">) =>
  <E, R>(answering: Answering<E, R>): Answering<E, R> =>
    answering.pipe(
      Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(bodyBytes)),
      Effect.timeoutOrElse({
        duration: `${timeoutSeconds} seconds`,
        orElse: () =>
          Effect.succeed(
            Problem.response(
              503,
              `This took longer than ${timeoutSeconds} s; ask for less: a shorter range, fewer series.`
            )
          )
      })
    )
