/** What `features` did, for people and for machines. Pure. */
import { Series, Wording } from "@tidemark/core"
import type { Update } from "@tidemark/features"
import { count, plural } from "./Format.ts"

const total = (outcomes: ReadonlyArray<Update.Outcome>) => {
  const sum = (of: (outcome: Update.Outcome) => number) => outcomes.reduce((all, one) => all + of(one), 0)
  return {
    series: outcomes.length,
    processed: sum(({ processed }) => processed),
    inserted: sum(({ inserted }) => inserted),
    updated: sum(({ updated }) => updated),
    failed: outcomes.filter(({ error }) => error !== undefined).length
  }
}

export const progress = ({ processed, series }: Update.Outcome): string =>
  `${Series.key(series)}: ${plural(processed, "candle")}`

const hint = ({ series, splitsUnknown }: Update.Outcome): ReadonlyArray<string> =>
  splitsUnknown === true
    ? [
        `${Series.key(series)}: nobody was asked for its splits, so its features take one for a fall in price; ` +
          `ask: tidemark actions fetch --symbols ${series.symbol}`
      ]
    : []

export const toJson = (outcomes: ReadonlyArray<Update.Outcome>) => ({
  series: outcomes.map(({ error, inserted, processed, series, splitsUnknown, updated }) => ({
    ...series,
    processed,
    inserted,
    updated,
    ...(splitsUnknown === true ? { splits_unknown: true } : {}),
    ...(error === undefined ? {} : { error: Wording.messageOf(error, Wording.flags) })
  })),
  summary: total(outcomes)
})

export const toText = (outcomes: ReadonlyArray<Update.Outcome>): string => {
  const { failed, inserted, processed, series, updated } = total(outcomes)
  const failures = outcomes.flatMap(({ error, series }) =>
    error === undefined ? [] : [`${Series.key(series)}: ${Wording.messageOf(error, Wording.flags)}`]
  )
  const summary = `${count(series)} series: ${plural(processed, "candle")} processed · ${plural(inserted, "row")} inserted · ${count(updated)} updated`
  return [...failures, ...outcomes.flatMap(hint), failed === 0 ? summary : `${summary} · ${count(failed)} failed`].join(
    "\n"
  )
}
