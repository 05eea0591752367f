/**
 * The HTTP server: the API, its documentation and what watchers ask.
 *
 * It listens to this machine alone unless it is told otherwise, and refuses
 * to listen elsewhere while there is no key.
 */
import { createServer, type ServerOptions } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Api } from "@tidemark/api"
import { UsageError } from "@tidemark/backfill"
import type { Configuration } from "@tidemark/runtime"
import { Effect, Layer } from "effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerError from "effect/http/HttpServerError"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as Alerts from "../api/Alerts.ts"
import * as Candles from "../api/Candles.ts"
import * as Coverage from "../api/Coverage.ts"
import * as Gamma from "../api/Gamma.ts"
import * as Jobs from "../api/Jobs.ts"
import * as Keys from "../api/Keys.ts"
import * as Ledgers from "../api/Ledgers.ts"
import * as Quality from "../api/Quality.ts"
import * as Regimes from "../api/Regimes.ts"
import * as Sources from "../api/Sources.ts"
import * as Symbols from "../api/Symbols.ts"
import * as Warm from "../api/Warm.ts"
import * as Access from "./Access.ts"
import { Admission } from "./Admission.ts"
import * as Health from "./Health.ts"
import { Keyring } from "./Keyring.ts"
import * as Limits from "./Limits.ts"
import * as Metrics from "./Metrics.ts"
import * as Problem from "./Problem.ts"
import * as Refusal from "./Refusal.ts"
import * as SecurityHeaders from "./SecurityHeaders.ts"

/** Times in milliseconds: whoever sends slower than this holds a connection for nobody. */
const options: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
  // A request without one is answered as every other: with a problem, if with anything.
  requireHostHeader: false,
  // Whoever went without a word is noticed, also by an event stream that has nothing to say.
  keepAlive: true,
  keepAliveInitialDelay: 60_000
}

const server = () => Refusal.on(createServer(options))

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host)

/** Fails where anybody could reach what nobody needs a key for. */
const guarded = Effect.fnUntraced(function* (host: string) {
  if (isLoopback(host)) return
  const keyring = yield* Keyring
  if (!(yield* keyring.isEmpty)) return
  return yield* new UsageError.UsageError({
    message:
      `The API would listen on ${host}, where others can reach it, and there is no key. ` +
      "Make one first: tidemark keys create --name NAME; or set TIDEMARK_API_KEY; or listen on 127.0.0.1"
  })
})

const routes = ({ api, policies }: Configuration.Configuration) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(Api.Api, { openapiPath: "/openapi.json" }).pipe(
      Layer.provide([
        Alerts.layer,
        Candles.layer,
        Coverage.layer,
        Gamma.layer,
        Jobs.jobs,
        Jobs.runs,
        Keys.layer,
        Quality.layer,
        Regimes.layer(policies),
        Sources.layer,
        Symbols.layer
      ]),
      Layer.provideMerge(Warm.layer),
      Layer.provide(Ledgers.layer),
      Layer.provide([Access.layer, Problem.ofSchemas])
    ),
    HttpApiScalar.layer(Api.Api, { path: "/docs" }),
    Health.layer,
    Metrics.layer,
    // The first is outermost.
    HttpRouter.middleware(SecurityHeaders.middleware, { global: true }),
    ...(api.cors.length === 0
      ? []
      : [
          HttpRouter.middleware(
            HttpMiddleware.cors({
              allowedOrigins: api.cors,
              allowedHeaders: ["x-api-key", "content-type"],
              exposedHeaders: ["link", "retry-after"]
            }),
            { global: true }
          )
        ]),
    HttpRouter.middleware(Problem.middleware, { global: true }),
    HttpRouter.middleware(Limits.middleware(api), { global: true })
  )

const listening = Layer.effectDiscard(
  HttpServer.addressFormattedWith((address) =>
    Effect.logInfo(`the API is at ${address}/api/v1, its documentation at ${address}/docs`)
  )
)

const words: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there; stop it, or take another port with TIDEMARK_PORT",
  EACCES: "this user may not listen there; take a port from 1024 on with TIDEMARK_PORT",
  EADDRNOTAVAIL: "this machine has no such address; name one of its own with TIDEMARK_HOST",
  ENOTFOUND: "there is no host of this name; name an address of this machine with TIDEMARK_HOST"
}

/** Why the server cannot listen, and the way out. */
const deaf =
  ({ host, port }: Configuration.Configuration["api"]) =>
  ({ cause }: HttpServerError.ServeError) => {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
    return new UsageError.UsageError({ message: `The API cannot listen on ${host}:${port}: ${words[code] ?? code}` })
  }

const listener = (api: Configuration.Configuration["api"]) => {
  const { host, port } = api
  const node = NodeHttpServer.layer(server, { host, port, gracefulShutdownTimeout: "3 seconds" })
  return Layer.effectContext(Effect.mapError(Layer.build(node), deaf(api)))
}

export const layer = (settings: Configuration.Configuration) => {
  const served = HttpRouter.serve(routes(settings), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(listening),
    Layer.provideMerge(listener(settings.api))
  )
  return Layer.unwrap(Effect.as(guarded(settings.api.host), served)).pipe(
    Layer.provide(Admission.layer(settings.api)),
    Layer.provide(Keyring.layer(settings.api.key))
  )
}
