/** What is measured, for Prometheus: with a key where one is needed, as the API's or as a bearer token. */
import * as Metrics from "@tidemark/runtime/Metrics"
import { Effect, Redacted } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Admission } from "./Admission.ts"

const bearer = /^Bearer +(.+)$/i

const keyOf = ({ headers }: HttpServerRequest.HttpServerRequest): Redacted.Redacted =>
  Redacted.make(headers["x-api-key"] ?? bearer.exec(headers["authorization"] ?? "")?.[1] ?? "")

export const layer = HttpRouter.add(
  "GET",
  "/metrics",
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    yield* (yield* Admission).admit(request, keyOf(request))
    return HttpServerResponse.text(yield* Metrics.text, { contentType: Metrics.contentType })
  })
)
