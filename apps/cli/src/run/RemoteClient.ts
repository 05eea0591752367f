/** A client of a daemon, and what its refusals say to people. Loaded where a daemon is asked. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as UsageError from "@tidemark/backfill/UsageError"
import { Client, type Options } from "@tidemark/api/Client"
import { Effect, Schema } from "effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type { StoreError } from "@tidemark/core"
import type { ExitWith } from "../Failure.ts"
import type { OutFileError } from "./OutFile.ts"
import type { Asking } from "./Remote.ts"

/** The daemon refuses, or cannot be asked. */
export class RemoteError extends Schema.TaggedError<RemoteError>()("RemoteError", {
  url: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.url}: ${this.detail}`
  }
}

const hasDetail = (error: object): error is { readonly detail: string } =>
  "detail" in error && typeof error.detail === "string"

const causeOf = (error: unknown): string => {
  const cause = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined
  return cause instanceof Error && cause.message !== "" ? `${cause.message}` : "no connection"
}

const describe = (error: unknown): string => {
  if (HttpClientError.isHttpClientError(error)) {
    return error.reason._tag === "TransportError"
      ? `the daemon does not answer (${causeOf(error.reason)}). Start it: npx nx run daemon:serve; or name another with --remote`
      : `what is there does not answer as a daemon of this version does (${error.message})`
  }
  if (typeof error === "object" && error !== null && hasDetail(error)) return error.detail
  return `what is there does not answer as a daemon of this version does (${String(error).split("\n")[0]})`
}

/** What can go wrong here, before or after the daemon was asked, by its tag. */
type Ours = UsageError.UsageError | ExitWith | OutFileError | StoreError.StoreError
const ours: ReadonlySet<string> = new Set<Ours["_tag"]>(["UsageError", "ExitWith", "OutFileError", "StoreError"])

const isOurs = (error: unknown): error is Ours =>
  typeof error === "object" && error !== null && "_tag" in error && ours.has(String(error._tag))

export const ask = Effect.fnUntraced(function* <A, E, R>(
  options: Options,
  question: (client: Asking) => Effect.Effect<A, E, R>
) {
  const { url } = options
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    return yield* new UsageError.UsageError({
      message: `--remote ${url} is no address of a daemon. Write it as http://127.0.0.1:8430`
    })
  }
  return yield* Effect.flatMap(Client, question).pipe(
    Effect.mapError((error) => (isOurs(error) ? error : new RemoteError({ url, detail: describe(error) }))),
    Effect.provide(Client.layer(options)),
    Effect.provide(NodeHttpClient.layerUndici)
  )
})
