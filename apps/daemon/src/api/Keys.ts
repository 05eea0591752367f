/** The keys of this API, over HTTP. */
import { Api, type Keys } from "@tidemark/api"
import { KeyStore } from "@tidemark/core"
import { ApiKey } from "@tidemark/runtime"
import { Clock, Effect, Redacted } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Keyring } from "../http/Keyring.ts"
import * as Failure from "./Failure.ts"

const toJson = ({ createdAt, id, name, revokedAt, scope }: KeyStore.Key): Keys.Key => ({
  id,
  name,
  scope,
  created_at: createdAt,
  revoked_at: revokedAt ?? null
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "keys",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* KeyStore.KeyStore
    const keyring = yield* Keyring
    return handlers.handleAll({
      list: () =>
        Effect.map(store.list, (keys) => keys.map(toJson)).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      create: ({ payload }) =>
        Effect.gen(function* () {
          if (payload.scope === "read" && !(yield* keyring.canWrite)) {
            return yield* Failure.conflict(
              "No key is for writing, and with this one nobody could change anything any more; make one for writing first."
            )
          }
          const { kept, key } = yield* ApiKey.make(payload)
          yield* store.add(kept)
          yield* keyring.forget
          return { ...toJson(kept), key: Redacted.value(key) }
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      revoke: ({ params }) =>
        Effect.gen(function* () {
          const done = yield* store.revoke(params.id, yield* Clock.currentTimeMillis)
          yield* keyring.forget
          if (!done) return yield* Failure.notFound(`There is no key ${params.id} that opens anything.`)
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable))
    })
  })
)
