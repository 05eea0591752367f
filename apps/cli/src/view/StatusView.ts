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

const sourcesText = (status: Status.Status): string =>
  render(
    ["source", "series", "candles", "last sync", "runs", "requests", "retries", "failed", "worst"],
    Status.bySource(status).map(({ own, source, worst, ...figures }) => [
      source,
      count(own.length),
      count(Status.candlesOf(own)),
      figures.lastSync === undefined ? "" : ago(status.now - figures.lastSync),
      count(figures.runs),
      count(figures.requests),
      count(figures.retries),
      percent(figures.errorRate),
      worst === undefined ? "" : `${worst.series.symbol} ${worst.series.timeframe}: ${Status.troubleOf(worst)}`
    ]),
    { right: [1, 2, 4, 5, 6, 7] }
  )

export const toText = (status: Status.Status): string => {
  if (status.series.length + status.log.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  const figures = Status.figuresOf(status.log, status.now)
  const ordered = status.series.toSorted(Status.worstFirst)
  const errors = ordered.flatMap(({ last, series }) =>
    last?.error === undefined || last.error === null ? [] : [`  ${Series.key(series)}: ${last.error}`]
  )
  return [
    `${count(status.series.length)} series, ${plural(Status.candlesOf(status.series), "candle")}; ` +
      `last sync ${figures.lastSync === undefined ? "never" : ago(status.now - figures.lastSync)}`,
    `${Status.windowDays} days: ${plural(figures.runs, "run")}, ${requests(figures.requests, figures.retries)}, ` +
      `${count(figures.failed)} of ${count(figures.entries)} series failed (${percent(figures.errorRate)})`,
    "",
    sourcesText(status),
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
                Series.key(one.series),
                count(one.rows),
                percent(Status.completeness(one)),
                ...Gap.openCauses.map((cause) => count(Gap.missingBecause(one.gaps, cause))),
                one.askedTo === undefined ? "" : Instant.format(Math.floor(one.askedTo / 60_000) * 60_000),
                one.last === undefined ? "" : ago(status.now - one.last.finishedAt),
                one.last?.status ?? ""
              ]),
            { right: [1, 2, 3, 4, 5] }
          )
        ]),
    ...(errors.length === 0 ? [] : ["", "Failed:", ...errors.slice(0, worst)])
  ].join("\n")
}
