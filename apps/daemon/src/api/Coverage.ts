/** What is stored, and what is missing of it and why, over HTTP. */
import { Api, type Coverage } from "@tidemark/api"
import { Summary, Survey } from "@tidemark/backfill"
import { CandleStore, type Gap } from "@tidemark/core"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Failure from "./Failure.ts"

const rowOf = ({ from, to, ...rest }: Summary.CoverageRow): Coverage.CoverageRow => ({
  ...rest,
  from: from ?? null,
  to: to ?? null
})

const runOf = ({ attempts, cause, evidence, interval, missing, nextAction, series }: Gap.Gap): Coverage.MissingRun => ({
  ...series,
  from: Number.isFinite(interval.from) ? interval.from : null,
  to: Number.isFinite(interval.to) ? interval.to : null,
  missing,
  cause,
  attempts,
  evidence,
  next_action: nextAction
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "coverage",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    return handlers.handleAll({
      coverage: ({ query: { counted = false, ...selection } }) =>
        Effect.map(Summary.coverage({ ...selection, isCounted: counted }), (rows) => rows.map(rowOf)).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        ),
      gaps: ({ query: { causes = [], end, start, ...selection } }) =>
        Survey.run({
          choose: ({ series }) => CandleStore.includes(selection, series),
          from: start,
          to: end,
          isCounted: false
        }).pipe(
          Effect.map((surveyed) =>
            surveyed
              .flatMap(Survey.gapsOf)
              .filter(({ cause }) => causes.length === 0 || causes.includes(cause))
              .map(runOf)
          ),
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        )
    })
  })
)
