/** What is stored, and what is missing of it and why, over HTTP. */
import { Api, type Coverage } from "@tidemark/api"
import { Summary, Survey } from "@tidemark/backfill"
import { CandleStore, Changes, type Gap, Instant } from "@tidemark/core"
import { Effect, Schema } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Answer from "./Answer.ts"
import * as Failure from "./Failure.ts"
import * as MissingRun from "./MissingRun.ts"
import * as Pages from "./Pages.ts"
import * as Remembered from "./Remembered.ts"

const topicsOf = ({ symbols }: CandleStore.Selection): ReadonlyArray<Changes.Topic> => [
  ...Changes.of("candles", symbols),
  ...Changes.of("gaps", symbols),
  "symbols"
]

const rowOf = ({ from, pruned, to, ...rest }: Summary.CoverageRow): typeof Coverage.CoverageRow.Encoded => ({
  ...rest,
  from: from === undefined ? null : Instant.format(from),
  to: to === undefined ? null : Instant.format(to),
  pruned: pruned.map(({ candles, from, to }) => ({ from: Instant.format(from), to: Instant.format(to), candles }))
})

const keyParts = [...Pages.seriesParts, Schema.Finite, Schema.String]

const keyOf = ({ cause, interval, series }: Gap.Gap): Pages.Key => [
  ...Pages.ofSeries(series),
  Pages.instant(interval.from),
  cause
]

type Gaps = CandleStore.Selection & {
  readonly causes?: ReadonlyArray<Gap.GapCause> | undefined
  readonly start?: number | undefined
  readonly end?: number | undefined
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

const gaps = Effect.fn("api.gaps")(function* (
  { after, causes = [], end, limit, start, ...selection }: Gaps,
  url: string
) {
  yield* Failure.span({ start, end })
  const key = yield* Pages.read(keyParts, after)
  const surveyed = yield* Survey.run({
    of: selection,
    // Whoever reads page after page has the series before this one looked up once.
    choose: ({ series }) => CandleStore.includes(selection, series) && !Pages.isBefore(series, key),
    from: start,
    to: end,
    isCounted: false
  })
  const found = surveyed.flatMap(Survey.gapsOf).filter(({ cause }) => causes.length === 0 || causes.includes(cause))
  const { next, rows } = Pages.cut(found, keyOf, { after: key, limit })
  return Answer.json<typeof Coverage.MissingPage.Encoded>(
    { gaps: rows.map(MissingRun.encode), next },
    Pages.link(url, "after", next)
  )
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "coverage",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    const remembered = yield* Remembered.make
    return handlers.handleAll({
      coverage: ({ query: { counted = false, ...selection } }) =>
        Effect.flatMap(Remembered.minute, (now) =>
          remembered(
            { asked: ["coverage", counted, selection, now], topics: topicsOf(selection) },
            Effect.map(Summary.coverage({ ...selection, isCounted: counted }), (rows) =>
              Answer.json<ReadonlyArray<typeof Coverage.CoverageRow.Encoded>>(rows.map(rowOf))
            )
          )
        ).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        ),
      gaps: ({ query, request }) =>
        Effect.flatMap(Remembered.minute, (now) =>
          remembered({ asked: ["gaps", request.url, now], topics: topicsOf(query) }, gaps(query, request.url))
        ).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        )
    })
  })
)
