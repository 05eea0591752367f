/** How the store is, for people. Pure. */
import { Status } from "@tidemark/backfill"
import { Gap, Instant, Series } from "@tidemark/core"
import { count, plural, requests } from "./Format.ts"
import { render } from "./Table.ts"

/** Series that are listed as the worst. */
const worst = 10

/** `3 h ago` */
const ago = (millis: number): string => {
  const minutes = Math.max(0, Math.floor(millis / 60_000))
  if (minutes < 120) return `${minutes} min ago`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1_440)} days ago`
}

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`

const sourcesText = ({ at, sources }: Status.Told): string =>
  render(
    ["source", "series", "candles", "last sync", "runs", "requests", "retries", "failed", "worst"],
    sources.map(({ candles, series, source, worst, ...figures }) => [
      source,
      count(series),
      count(candles),
      figures.last_sync === null ? "" : ago(at - figures.last_sync),
      count(figures.runs),
      count(figures.requests),
      count(figures.retries),
      percent(figures.error_rate),
      worst === null ? "" : `${worst.symbol} ${worst.timeframe}: ${worst.trouble}`
    ]),
    { right: [1, 2, 4, 5, 6, 7] }
  )

export const toText = (told: Status.Told): string => {
  if (told.sources.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  const ordered = told.details.toSorted(Status.worstFirst)
  const errors = ordered.flatMap((one) => (one.error === null ? [] : [`  ${Series.key(one)}: ${one.error}`]))
  return [
    `${count(told.series)} series, ${plural(told.candles, "candle")}; ` +
      `last sync ${told.last_sync === null ? "never" : ago(told.at - told.last_sync)}`,
    `${told.last_days} days: ${plural(told.runs, "run")}, ${requests(told.requests, told.retries)}, ` +
      `${count(told.failed)} of ${count(told.series_runs)} series failed (${percent(told.error_rate)})`,
    "",
    sourcesText(told),
    "",
    ...(ordered.length > worst ? [`The ${worst} worst:`] : []),
    ...(ordered.length === 0
      ? []
      : [
          render(
            ["series", "candles", "complete", ...Gap.openCauses, "known until", "last sync", ""],
            ordered
              .slice(0, worst)
              .map((one) => [
                Series.key(one),
                count(one.candles),
                percent(one.completeness),
                ...Gap.openCauses.map((cause) => count(Status.openOf(one)[cause])),
                one.asked_to === null ? "" : Instant.format(Math.floor(one.asked_to / 60_000) * 60_000),
                one.last_sync === null ? "" : ago(told.at - one.last_sync),
                one.last_status ?? ""
              ]),
            { right: [1, 2, 3, 4, 5] }
          )
        ]),
    ...(errors.length === 0 ? [] : ["", "Failed:", ...errors.slice(0, worst)])
  ].join("\n")
}
