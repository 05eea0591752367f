/**
 * What a store must do, as plainly as it can be said: an array of versions,
 * each with the time at which it came and the time at which it went.
 */
import { Candles, type CandleStore } from "@tidemark/core"

interface Version {
  readonly candles: Candles.Candles
  readonly row: number
  readonly from: number
  until: number
}

export const make = () => {
  let versions: Array<Version> = []
  let revisions = 0
  const current = (time: number) =>
    versions.find((version) => version.until === Infinity && version.candles.openTime[version.row] === time)

  return {
    write: (page: Pick<CandleStore.PageWrite, "candles" | "interval" | "at">) => {
      for (const version of versions) {
        const time = version.candles.openTime[version.row]!
        if (version.until !== Infinity || time < page.interval.from || time >= page.interval.to) continue
        const row = page.candles.openTime.indexOf(time)
        if (row >= 0 && Candles.sameRow(version.candles, version.row, page.candles, row)) continue
        version.until = page.at
        revisions++
      }
      page.candles.openTime.forEach((time, row) => {
        if (current(time) === undefined) versions.push({ candles: page.candles, row, from: page.at, until: Infinity })
      })
    },
    /** Nothing that opens before the instant was ever there. */
    prune: (before: number) => {
      const timeOf = ({ candles, row }: Version) => candles.openTime[row]!
      revisions -= versions.filter((version) => version.until !== Infinity && timeOf(version) < before).length
      versions = versions.filter((version) => timeOf(version) >= before)
    },
    /** The rows known at an instant, or now. */
    rows: (asOf = Number.MAX_SAFE_INTEGER): Candles.Candles =>
      Candles.concat(
        versions
          .filter((version) => version.from <= asOf && version.until > asOf)
          .sort((a, b) => a.candles.openTime[a.row]! - b.candles.openTime[b.row]!)
          .map((version) => Candles.slice(version.candles, version.row, version.row + 1))
      ),
    revisions: () => revisions
  }
}
