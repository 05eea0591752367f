/** `KeyStore` over the table `api_keys`. */
import { KeyStore } from "@tidemark/core"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "./Operation.ts"
import { epochMillis, timestampText } from "./Timestamp.ts"

interface KeyRow {
  readonly key_id: string
  readonly name: string
  readonly scope: KeyStore.Scope
  readonly hash: string
  readonly created_ms: number
  readonly revoked_ms: number | null
}

const toKey = (row: KeyRow): KeyStore.Key => ({
  id: row.key_id,
  name: row.name,
  scope: row.scope,
  createdAt: Number(row.created_ms),
  revokedAt: row.revoked_ms === null ? undefined : Number(row.revoked_ms)
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make("keys")

  const select = sql`SELECT key_id, name, scope, hash, ${epochMillis(sql, "created_at")} AS created_ms,
    ${epochMillis(sql, "revoked_at")} AS revoked_ms FROM api_keys`

  const list = Effect.map(operation("list keys")(sql<KeyRow>`${select} ORDER BY created_at, key_id`), (rows) =>
    rows.map(toKey)
  ).pipe(Effect.withSpan("KeyStore.list"))

  const add = Effect.fn("KeyStore.add")(function* (key: KeyStore.Kept) {
    yield* sql`INSERT INTO api_keys ${sql.insert({
      key_id: key.id,
      name: key.name,
      scope: key.scope,
      hash: key.hash,
      created_at: timestampText(key.createdAt),
      revoked_at: key.revokedAt === undefined ? null : timestampText(key.revokedAt)
    })}`
  }, operation("write keys"))

  const valid = Effect.map(operation("list keys")(sql<KeyRow>`${select} WHERE revoked_at IS NULL`), (rows) =>
    rows.map((row): KeyStore.Kept => ({ ...toKey(row), hash: row.hash }))
  ).pipe(Effect.withSpan("KeyStore.valid"))

  const revoke = Effect.fn("KeyStore.revoke")(
    (id: string, at: number) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const open = yield* sql`SELECT key_id FROM api_keys WHERE key_id = ${id} AND revoked_at IS NULL`
          yield* sql`UPDATE api_keys SET ${sql.update({ revoked_at: timestampText(at) })}
            WHERE key_id = ${id} AND revoked_at IS NULL`
          return open.length > 0
        })
      ),
    operation("write keys")
  )

  return KeyStore.KeyStore.of({ list, add, valid, revoke })
})

export const layer = Layer.effect(KeyStore.KeyStore, make)
