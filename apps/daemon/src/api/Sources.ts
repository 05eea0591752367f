/** Where candles and option chains can come from, over HTTP. Asks no source anything. */
import { Api } from "@tidemark/api"
import { SourceRegistry, SourceRow } from "@tidemark/backfill"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Failure from "./Failure.ts"

export const layer = HttpApiBuilder.group(
  Api.Api,
  "sources",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* SourceRegistry.SourceRegistry
    return handlers.handle("list", () =>
      SourceRow.all.pipe(
        Effect.provideService(SourceRegistry.SourceRegistry, registry),
        Effect.catchTag("UsageError", Failure.unusable)
      )
    )
  })
)
