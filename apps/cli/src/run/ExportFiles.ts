/**
 * Candles as Parquet: one file, or a folder of them, laid out so that readers
 * find the columns which name a series in the path ("Hive partitioning"):
 * `source=binance/symbol=BTC%2FUSDT/timeframe=1m/year=2024/month=01/candles.parquet`.
 */
import { type Interval, Labelled, ParquetWriter } from "@tidemark/core"
import { Market } from "@tidemark/reader"
import { DateTime, Effect, FileSystem, Path } from "effect"
import * as OutFile from "./OutFile.ts"

export type Partition = "year" | "month"

const what = "The candles"

/** The year or the month that an instant is in, and the first instant of the next. */
const span = (instant: number, by: Partition) => {
  const date = DateTime.makeUnsafe(instant)
  const next = DateTime.add(DateTime.startOf(date, by), by === "year" ? { years: 1 } : { months: 1 })
  const [year, month] = DateTime.formatIsoDateUtc(date).split("-")
  const folder = by === "year" ? [`year=${year}`] : [`year=${year}`, `month=${month}`]
  return { folder, next: DateTime.toEpochMillis(next) }
}

/** A part in pieces that open in one year or month each. */
const pieces = ({ interval, openAtOrAfter }: Market.Part, by: Partition) => {
  const found: Array<{ readonly interval: Interval.Interval; readonly folder: ReadonlyArray<string> }> = []
  for (let from = openAtOrAfter(interval.from); from < interval.to;) {
    const { folder, next } = span(from, by)
    const to = Math.min(openAtOrAfter(next), interval.to)
    found.push({ interval: { from, to }, folder })
    from = to
  }
  return found
}

const folders = (labels: Labelled.Labels): ReadonlyArray<string> => {
  const texts = Labelled.texts(labels)
  return (["source", "symbol", "timeframe"] as const).map((name) => `${name}=${encodeURIComponent(texts[name])}`)
}

/** Writes all rows to one file. */
export const one = Effect.fnUntraced(function* <E, R>(out: string, parts: ReadonlyArray<ParquetWriter.Part<E, R>>) {
  const writer = yield* ParquetWriter.ParquetWriter
  const rows = yield* OutFile.make(out, what, (path) => writer.write({ path, partitioned: false }, parts))
  return { rows, files: 1 }
})

/** Writes all rows; files without a row are left out. */
export const write = Effect.fnUntraced(function* (
  out: string,
  partition: Partition | undefined,
  parts: ReadonlyArray<Market.Part>
) {
  if (partition === undefined) {
    return yield* one(
      out,
      parts.map((part) => Market.forParquet(part, part.interval))
    )
  }
  const writer = yield* ParquetWriter.ParquetWriter
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const failing = Effect.mapError(OutFile.failure(what, out))
  return yield* OutFile.makeFolder(
    out,
    what,
    Effect.fnUntraced(function* (root: string) {
      let [rows, files] = [0, 0]
      for (const part of parts) {
        for (const { folder, interval } of pieces(part, partition)) {
          for (const labels of part.allLabels) {
            const unnamed = path.join(root, "candles.parquet")
            const written = yield* writer.write({ path: unnamed, partitioned: true }, [
              Market.forParquet(part, interval, labels)
            ])
            if (written === 0) continue
            const inside = path.join(root, ...folders(labels), ...folder)
            yield* failing(fs.makeDirectory(inside, { recursive: true }))
            yield* failing(fs.rename(unnamed, path.join(inside, "candles.parquet")))
            rows += written
            files++
          }
        }
      }
      yield* failing(fs.remove(path.join(root, "candles.parquet"), { force: true }))
      return { rows, files }
    })
  )
})
