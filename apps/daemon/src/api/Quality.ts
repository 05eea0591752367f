/** What checks have found, how the store is, and its certificate, over HTTP. */
import { Api, Quality } from "@tidemark/api"
import { Status, Verification } from "@tidemark/backfill"
import { CandleStore, Instant, type Interval, QualityStore } from "@tidemark/core"
import { Effect, Schema } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Answer from "./Answer.ts"
import * as Failure from "./Failure.ts"
import * as MissingRun from "./MissingRun.ts"
import * as Pages from "./Pages.ts"
import * as Remembered from "./Remembered.ts"

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

const spanOf = ({ from, to }: Interval.Interval) => ({ from: Instant.format(from), to: Instant.format(to) })

const verifiedOf = ({
  damage,
  expected,
  gaps,
  interval,
  mend,
  rows,
  series
}: Verification.Verified): typeof Quality.Verified.Encoded => ({
  ...series,
  ...spanOf(interval),
  expected,
  rows,
  damaged: damage.lost.map(spanOf),
  stray: damage.stray.map(spanOf),
  mend: mend ?? null,
  gaps: gaps.map(MissingRun.encode)
})

const findingParts = [...Pages.seriesParts, Schema.Finite, Schema.String, Schema.Finite]

const findingKey = ({ interval, kind, series }: QualityStore.StoredFinding): Pages.Key => [
  ...Pages.ofSeries(series),
  interval.from,
  kind,
  interval.to
]

const encodeFindings = Schema.encodeSync(Quality.FindingPage)
const decodeCertificate = Schema.decodeUnknownSync(Quality.Certificate)

interface Asked {
  readonly after?: string | undefined
  readonly limit?: number | undefined
  readonly counted?: boolean | undefined
}

const status = Effect.fn("api.status")(function* ({ after, counted = false, limit }: Asked, url: string) {
  const key = yield* Pages.read(Pages.seriesParts, after)
  const told = Status.tell((yield* Status.run({ isCounted: counted })).status)
  const { next, rows } = Pages.cut(told.details, Pages.ofSeries, { after: key, limit })
  return Answer.json<typeof Quality.Status.Encoded>(
    { ...Status.toJson({ ...told, details: rows }), next },
    Pages.link(url, "after", next)
  )
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "quality",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    const remembered = yield* Remembered.make
    return handlers.handleAll({
      findings: ({ query: { after, all = false, limit, ...selection }, request }) =>
        Effect.gen(function* () {
          const key = yield* Pages.read(findingParts, after)
          const found = (yield* (yield* QualityStore.QualityStore).findings).filter(
            ({ acknowledged, series }) => (all || acknowledged === undefined) && CandleStore.includes(selection, series)
          )
          const { next, rows } = Pages.cut(found, findingKey, { after: key, limit })
          return Answer.json(
            encodeFindings({ findings: rows.map(findingOf), next }),
            Pages.link(request.url, "after", next)
          )
        }).pipe(Effect.provideContext(services), Effect.catchTag("StoreError", Failure.unavailable)),
      status: ({ query, request }) =>
        Effect.flatMap(Remembered.minute, (now) =>
          remembered(
            { asked: ["status", request.url, now], topics: ["candles", "gaps", "log", "symbols"] },
            status(query, request.url)
          )
        ).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        ),
      verification: ({ query: { after, end, limit, start, ...selection }, request }) =>
        Effect.gen(function* () {
          yield* Failure.span({ start, end })
          const key = yield* Pages.read(Pages.seriesParts, after)
          let next: string | null = null
          const found = yield* Verification.run({
            choose: ({ series }) => CandleStore.includes(selection, series),
            some: (chosen) => {
              const page = Pages.cut(chosen, ({ series }) => Pages.ofSeries(series), { after: key, limit })
              next = page.next
              return page.rows
            },
            from: start,
            to: end
          })
          return Answer.json<typeof Quality.VerifiedPage.Encoded>(
            { series: found.map(({ verified }) => verifiedOf(verified)), next },
            Pages.link(request.url, "after", next)
          )
        }).pipe(
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
