/** The API as functions: every endpoint by its group and name, typed both ways. */
import { Context, Layer, Redacted } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import { Access } from "./Access.ts"
import { Api } from "./Api.ts"

export interface Options {
  /** Of the daemon: `http://127.0.0.1:8430`. */
  readonly url: string
  readonly key?: Redacted.Redacted | undefined
}

export class Client extends Context.Service<Client, HttpApiClient.ForApi<typeof Api>>()("@tidemark/api/Client") {
  static readonly layer = ({ key, url }: Options): Layer.Layer<Client, never, HttpClient.HttpClient> =>
    Layer.effect(
      Client,
      HttpApiClient.make(Api, {
        transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(url.replace(/\/+$/, "")))
      })
    ).pipe(
      Layer.provide(
        HttpApiMiddleware.layerClient(Access, ({ next, request }) =>
          next(key === undefined ? request : HttpClientRequest.setHeader(request, "x-api-key", Redacted.value(key)))
        )
      )
    )
}
