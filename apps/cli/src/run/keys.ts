/** The work of `tidemark keys …`. */
import { UsageError } from "@tidemark/backfill"
import { Instant, KeyStore } from "@tidemark/core"
import { ApiKey } from "@tidemark/runtime"
import { Clock, Effect, Redacted } from "effect"
import { render } from "../view/Table.ts"
import * as Remote from "./Remote.ts"
import { print, withStores } from "./Session.ts"

interface Shown {
  readonly id: string
  readonly name: string
  readonly scope: KeyStore.Scope
  readonly created_at: number
  readonly revoked_at: number | null
}

const shown = ({ createdAt, id, name, revokedAt, scope }: KeyStore.Key): Shown => ({
  id,
  name,
  scope,
  created_at: createdAt,
  revoked_at: revokedAt ?? null
})

const toJson = ({ created_at, id, name, revoked_at, scope }: Shown) => ({
  id,
  name,
  scope,
  created_at: Instant.format(created_at),
  revoked_at: revoked_at === null ? null : Instant.format(revoked_at)
})

export const create = Effect.fnUntraced(function* (input: Pick<KeyStore.Key, "name" | "scope">) {
  const made = yield* Remote.either({
    local: Effect.gen(function* () {
      const { kept, key } = yield* ApiKey.make(input)
      yield* (yield* KeyStore.KeyStore).add(kept)
      return { ...shown(kept), key: Redacted.value(key) }
    }).pipe(withStores("write")),
    remote: (client) => client.keys.create({ payload: input })
  })
  yield* print({
    json: () => ({ ...toJson(made), key: made.key }),
    text: () =>
      `${made.key}\n\nFor ${made.name}, to ${made.scope}. It is shown this once; keep it where secrets are kept. ` +
      `Send it in the header X-API-Key, or set TIDEMARK_API_KEY for --remote. Revoke it: tidemark keys revoke ${made.id}`
  })
})

export const list = Effect.fnUntraced(function* () {
  const keys = yield* Remote.either({
    local: Effect.flatMap(KeyStore.KeyStore, (store) => store.list).pipe(
      Effect.map((all): ReadonlyArray<Shown> => all.map(shown)),
      withStores("read", "empty")
    ),
    remote: (client) => client.keys.list()
  })
  yield* print({
    json: () => keys.map(toJson),
    text: () =>
      keys.length === 0
        ? "There is no key. Make one: tidemark keys create --name NAME"
        : render(
            ["id", "name", "scope", "made", "revoked"],
            keys.map((key) => [
              key.id,
              key.name,
              key.scope,
              Instant.formatDate(key.created_at),
              key.revoked_at === null ? "" : Instant.formatDate(key.revoked_at)
            ])
          )
  })
})

export const revoke = Effect.fnUntraced(function* ({ id }: { readonly id: string }) {
  yield* Remote.either({
    local: Effect.gen(function* () {
      const store = yield* KeyStore.KeyStore
      if (yield* store.revoke(id, yield* Clock.currentTimeMillis)) return
      return yield* new UsageError.UsageError({
        message: `There is no key ${id} that opens anything. See: tidemark keys list`
      })
    }).pipe(withStores("update")),
    remote: (client) => client.keys.revoke({ params: { id } })
  })
  yield* print({ json: () => ({ revoked: id }), text: () => `${id} opens nothing any more` })
})
