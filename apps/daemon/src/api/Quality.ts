/** What checks have found, how the store is, and its certificate, over HTTP. */
import { Api, Quality } from "@tidemark/api"
import { Status, Verification } from "@tidemark/backfill"
import { CandleStore, QualityStore } from "@tidemark/core"
import { Effect, Schema } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Failure from "./Failure.ts"

const findingOf = ({
  acknowledged,
  evidence,
  figures,
  foundAt,
  interval,
  kind,
  series,
  severity
}: QualityStore.StoredFinding): Quality.Finding => ({
  ...series,
  kind,
  severity,
  from: interval.from,
  to: interval.to,
  evidence,
  figures,
  found_at: foundAt,
  acknowledged_at: acknowledged?.at ?? null,
  note: acknowledged?.note ?? null
})

const decodeStatus = Schema.decodeSync(Quality.Status)
const decodeCertificate = Schema.decodeUnknownSync(Quality.Certificate)

export const layer = HttpApiBuilder.group(
  Api.Api,
  "quality",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    return handlers.handleAll({
      findings: ({ query: { all = false, ...selection } }) =>
        Effect.flatMap(QualityStore.QualityStore, (store) => store.findings).pipe(
          Effect.map((found) =>
            found
              .filter(
                ({ acknowledged, series }) =>
                  (all || acknowledged === undefined) && CandleStore.includes(selection, series)
              )
              .map(findingOf)
          ),
          Effect.provideContext(services),
          Effect.catchTag("StoreError", Failure.unavailable)
        ),
      status: () =>
        Effect.map(Status.run(), ({ status }) => decodeStatus(Status.toJson(status))).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        ),
      certificate: ({ query: { end, start, ...selection } }) =>
        Effect.gen(function* () {
          yield* Failure.span({ start, end })
          const found = yield* Verification.run({
            choose: ({ series }) => CandleStore.includes(selection, series),
            from: start,
            to: end
          })
          if (found.length === 0) return yield* Failure.notFound("Nothing of these is stored that could be certified.")
          return decodeCertificate(yield* Verification.certify(found))
        }).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        )
    })
  })
)
