/** What readers that are not ours find in the files. */
import { assert, describe, it } from "@effect/vitest"
import { Candles, ParquetWriter } from "@tidemark/core"
import { Csv, Json, Market } from "@tidemark/reader"
import * as Arrow from "@tidemark/reader/Arrow"
import { tableFromIPC } from "apache-arrow"
import { Effect, FileSystem, Path, Stream } from "effect"
import { TestClock } from "effect/testing"
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { candles, day, layer, now, request, series, store } from "./shop.ts"

const noon = day.from + 12 * 3_600_000

/** As the columns that were stored; null is NaN. */
const toCandles = (rows: ReadonlyArray<Record<string, unknown>>): Candles.Candles => {
  const column = (name: string) =>
    Float64Array.from(rows, (row) => {
      const value = row[name]
      return value === null ? Number.NaN : value instanceof Date ? value.getTime() : Number(value)
    })
  return {
    openTime: column("timestamp"),
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
    trades: column("trades")
  }
}

const named = ({ adjustment, provenance, source, symbol, timeframe }: Record<string, unknown>) =>
  [symbol, timeframe, source, provenance, adjustment].join(" ")

const onFile = <A, E, R>(use: (path: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    return yield* use((yield* Path.Path).join(folder, "candles"))
  })

/** Two series, one of which lies in the table the wrong way round. */
const stored = Effect.gen(function* () {
  yield* TestClock.setTime(now)
  yield* store(series(), { from: noon, to: day.to })
  yield* store(series(), { from: day.from, to: noon })
  yield* store(series("kraken", "1h"))
  return (yield* Market.open(request({ symbols: [], timeframes: [] }))).parts
})

const expected = [
  ...Array.from({ length: 24 }, () => "BTC/USDT 1h kraken observed none"),
  ...Array.from({ length: 1_440 }, () => "BTC/USDT 1m binance observed none")
]

const check = (rows: ReadonlyArray<Record<string, unknown>>) => {
  assert.deepStrictEqual(rows.map(named).sort(), expected)
  const minutes = rows.filter(({ timeframe }) => timeframe === "1m")
  assert.isTrue(Candles.equals(toCandles(minutes), candles()))
  assert.isTrue(Candles.equals(toCandles(rows.filter(({ timeframe }) => timeframe === "1h")), candles(day, "1h")))
  assert.isTrue(rows.every((row) => row["quote_volume"] === null))
}

describe("Parquet", () => {
  for (const [how, asStored] of [
    ["copied from the table", true],
    ["put together on the way", false]
  ] as const) {
    it.effect(`${how}: hyparquet finds every value, in order, and the labels of every row`, () =>
      onFile(
        Effect.fnUntraced(function* (path) {
          const parts = (yield* stored).map((part) =>
            Market.forParquet({ ...part, isAsStored: asStored }, part.interval)
          )
          assert.isTrue(parts.every((part) => (part.asStored !== undefined) === asStored))
          const writer = yield* ParquetWriter.ParquetWriter
          assert.strictEqual(yield* writer.write({ path, partitioned: false }, parts), 1_464)
          const [rows, schema] = yield* Effect.promise(async () => {
            const file = await asyncBufferFromFile(path)
            return [await parquetReadObjects({ file }), (await parquetMetadataAsync(file)).schema] as const
          })
          check(rows)
          const time = schema.find(({ name }) => name === "timestamp")!
          assert.deepInclude(time.logical_type, { type: "TIMESTAMP", isAdjustedToUTC: true })
          // Nothing else is left beside it.
          const fs = yield* FileSystem.FileSystem
          assert.deepStrictEqual(yield* fs.readDirectory((yield* Path.Path).dirname(path)), ["candles"])
        })
      ).pipe(Effect.provide(layer))
    )
  }

  it.effect("without the columns that the path names, and without a row", () =>
    onFile(
      Effect.fnUntraced(function* (path) {
        const [part] = yield* stored
        const writer = yield* ParquetWriter.ParquetWriter
        for (const isAsStored of [true, false]) {
          const nothing = { from: now, to: now + 1 }
          const parts = [Market.forParquet({ ...part!, isAsStored }, nothing)]
          assert.strictEqual(yield* writer.write({ path, partitioned: true }, parts), 0)
          const names = yield* Effect.promise(async () => {
            const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(path))
            return schema.slice(1).map(({ name }) => name)
          })
          assert.deepStrictEqual(
            names,
            "timestamp open high low close volume quote_volume trades provenance adjustment".split(" ")
          )
        }
      })
    ).pipe(Effect.provide(layer))
  )

  it.effect("a folder that is not there is said, with the path", () =>
    Effect.gen(function* () {
      const parts = (yield* stored).map((part) => Market.forParquet({ ...part, isAsStored: false }, part.interval))
      const writer = yield* ParquetWriter.ParquetWriter
      const error = yield* Effect.flip(writer.write({ path: "/no/where/candles.parquet", partitioned: false }, parts))
      assert.include(error.message, "/no/where")
    }).pipe(Effect.provide(layer))
  )
})

const bytes = Effect.fnUntraced(function* <E, R>(encoded: Stream.Stream<Uint8Array, E, R>) {
  return Buffer.concat(yield* Stream.runCollect(encoded))
})

const rowsOf = (parts: ReadonlyArray<Market.Part>) =>
  Stream.flatMap(Stream.fromIterable(parts), (part) => part.rows(part.interval))

describe("Arrow", () => {
  for (const format of ["file", "stream"] as const) {
    it.effect(`${format}: apache-arrow finds every value, and the labels of every row`, () =>
      Effect.gen(function* () {
        const parts = yield* stored
        const encode = Arrow.encode(
          format,
          parts.flatMap(({ allLabels }) => allLabels)
        )
        const table = tableFromIPC(yield* bytes(encode(rowsOf(parts))))
        check(table.toArray().map((row) => row.toJSON() as Record<string, unknown>))
        assert.strictEqual(tableFromIPC(yield* bytes(encode(Stream.empty))).numRows, 0)
      }).pipe(Effect.provide(layer))
    )
  }
})

describe("text", () => {
  it.effect("JSON holds every value and null for what is not known; CSV the same in fewer words", () =>
    Effect.gen(function* () {
      const parts = yield* stored
      const json = JSON.parse((yield* bytes(Json.encode(rowsOf(parts)))).toString()) as ReadonlyArray<
        Record<string, unknown>
      >
      const times = json.map((row) => ({ ...row, timestamp: Date.parse(String(row["timestamp"])) }))
      check(times)
      const [head, ...lines] = (yield* bytes(Csv.encode(rowsOf(parts)))).toString().trimEnd().split("\n")
      const rows = lines.map((line) => {
        const fields = line.split(",")
        return Object.fromEntries(head!.split(",").map((name, i) => [name, fields[i] === "" ? null : fields[i]!]))
      })
      check(rows.map((row) => ({ ...row, timestamp: Date.parse(row["timestamp"]!) })))
      assert.strictEqual((yield* bytes(Json.encode(Stream.empty))).toString(), "[\n]\n")
    }).pipe(Effect.provide(layer))
  )
})
