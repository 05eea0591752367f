/** What is stored, and what is missing of it and why, over HTTP. */
import { Api, type Coverage } from "@tidemark/api"
import { Summary, Survey } from "@tidemark/backfill"
import { CandleStore, type Gap, Instant } from "@tidemark/core"
import { Clock, Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Answer from "./Answer.ts"
import * as Failure from "./Failure.ts"
import * as Remembered from "./Remembered.ts"

const minuteMillis = 60_000

const rowOf = ({ from, pruned, to, ...rest }: Summary.CoverageRow): typeof Coverage.CoverageRow.Encoded => ({
  ...rest,
  from: from === undefined ? null : Instant.format(from),
  to: to === undefined ? null : Instant.format(to),
  pruned: pruned.map(({ candles, from, to }) => ({ from: Instant.format(from), to: Instant.format(to), candles }))
})

const runOf = ({
  attempts,
  cause,
  evidence,
  interval,
  missing,
  nextAction,
  series
}: Gap.Gap): typeof Coverage.MissingRun.Encoded => ({
  ...series,
  from: Number.isFinite(interval.from) ? Instant.format(interval.from) : null,
  to: Number.isFinite(interval.to) ? Instant.format(interval.to) : null,
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
    const remembered = yield* Remembered.make
    return handlers.handleAll({
      coverage: ({ query: { counted = false, ...selection } }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          remembered(
            // What is kept of a series moves on with its candles.
            ["coverage", counted, selection, Math.floor(now / minuteMillis)],
            Effect.map(Summary.coverage({ ...selection, isCounted: counted }), (rows) =>
              Answer.json<ReadonlyArray<typeof Coverage.CoverageRow.Encoded>>(rows.map(rowOf))
            )
          )
        ).pipe(
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        ),
      gaps: ({ query: { causes = [], end, start, ...selection } }) =>
        Effect.andThen(
          Failure.span({ start, end }),
          Survey.run({
            of: selection,
            choose: ({ series }) => CandleStore.includes(selection, series),
            from: start,
            to: end,
            isCounted: false
          })
        ).pipe(
          Effect.map((surveyed) =>
            Answer.json<ReadonlyArray<typeof Coverage.MissingRun.Encoded>>(
              surveyed
                .flatMap(Survey.gapsOf)
                .filter(({ cause }) => causes.length === 0 || causes.includes(cause))
                .map(runOf)
            )
          ),
          Effect.provideContext(services),
          Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
        )
    })
  })
)
