/** The work of `tidemark migrate`: opening for writing brings the schema up to date. */
import { CandleStore } from "@tidemark/core"
import { Stores } from "@tidemark/runtime"
import { Migrations } from "@tidemark/storage"
import { Effect } from "effect"
import { configuration, print, withStores } from "./Session.ts"

export const run = Effect.fnUntraced(function* () {
  const { databaseUrl } = yield* configuration
  yield* Effect.flatMap(CandleStore.CandleStore, () => Effect.void).pipe(withStores("write"))
  yield* print({
    json: () => ({ database: Stores.label(databaseUrl), schema: Migrations.latest }),
    text: () => `${Stores.label(databaseUrl)} is up to date (schema ${Migrations.latest})`
  })
})
