/** The keys of this API. */
import { KeyStore, Word } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Problems from "./Problems.ts"
import { At } from "./Values.ts"

export const Key = Schema.Struct({
  /** The beginning of the key: tells which it is, and opens nothing. */
  id: Schema.String,
  name: Schema.String,
  scope: KeyStore.Scope,
  created_at: At,
  revoked_at: Schema.NullOr(At)
})
export type Key = typeof Key.Type

/** The key itself is told this once. */
export const Created = Schema.Struct({ ...Key.fields, key: Schema.String })
export type Created = typeof Created.Type

export class Keys extends HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.get("list", "/", { success: Schema.Array(Key), error: Problems.ofStores }),
    HttpApiEndpoint.post("create", "/", {
      payload: Schema.Struct({ name: Word.Word.check(Schema.isMaxLength(64)), scope: KeyStore.Scope }),
      success: Created.pipe(HttpApiSchema.status(201)),
      error: [Problems.Conflict, ...Problems.ofStores]
    }),
    HttpApiEndpoint.delete("revoke", "/:id", {
      params: { id: Word.Word },
      error: [Problems.NotFound, ...Problems.ofStores]
    })
  )
  .prefix("/keys") {}
