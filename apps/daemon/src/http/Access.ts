/** What the API asks of who comes in: a key that may do what it is about, and a line in the log for each write. */
import { Access, Problems } from "@tidemark/api"
import { Cause, Effect, Exit, Layer } from "effect"
import * as HttpMethod from "effect/http/HttpMethod"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Admission } from "./Admission.ts"
import type { Known } from "./Keyring.ts"

/** The failure of a handler: here it comes wrapped, so that it is not taken for one of access. */
const unwrapped = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "error" in error ? error.error : error

/** The status that a caller gets to see. */
const statusOf = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): Effect.Effect<number> =>
  Exit.isSuccess(exit)
    ? Effect.succeed(exit.value.status)
    : Effect.map(HttpServerError.causeResponse(Cause.map(exit.cause, unwrapped)), ([{ status }]) => status)

/** Every write is told to the log, with who asked for it and what came of it. */
const audit = ({ id, name }: Known, { method, url }: HttpServerRequest.HttpServerRequest, status: number) =>
  Effect.logInfo(`${method} ${url.split("?", 1)[0]} by ${name}`).pipe(
    Effect.annotateLogs({ audit: true, caller: name, key: id, status })
  )

export const layer = Layer.effect(
  Access.Access,
  Effect.gen(function* () {
    const { admit } = yield* Admission
    return Access.Access.of({
      key: Effect.fnUntraced(function* (answering, { credential, endpoint }) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const known = yield* admit(request, credential)
        const isWrite = HttpMethod.hasBody(endpoint.method)
        const answer = Effect.provideService(answering, Access.Caller, { name: known.name })
        if (!isWrite) return yield* answer
        if (known.scope !== "write") {
          yield* audit(known, request, 403)
          return yield* new Problems.Forbidden({
            detail: `The key "${known.name}" is for reading; this changes something: tidemark keys create --scope write`
          })
        }
        return yield* Effect.onExit(answer, (exit) =>
          Effect.flatMap(statusOf(exit), (status) => audit(known, request, status))
        )
      })
    })
  })
)
