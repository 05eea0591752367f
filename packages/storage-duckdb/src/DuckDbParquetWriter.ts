/**
 * Candles as Parquet files: copied from the store where its rows are in it as
 * they are wanted and it writes such files, else put into a table first.
 */
import { CandleStore, Candles, FileProblem, Labelled, ParquetWriter, StoreError } from "@tidemark/core"
import { type Columns, DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect, FileSystem, Layer, Path, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { SqlError } from "effect/sql"
import { classify } from "./DuckDbDriver.ts"
import * as DuckDbParquet from "./DuckDbParquet.ts"

/** What rows that are made on the way may hold in memory; the rest is on disk. */
const stageMemory = "256MB"

const table = `CREATE TABLE staged (${Labelled.columns
  .map((column) => `${column} ${DuckDbParquet.typeOf(column)}`)
  .join(", ")})`

const doubles = (values: Float64Array): Columns.Column => ({ kind: "double", values })

const nullable = (values: Float64Array | undefined): Columns.Column =>
  values === undefined ? { kind: "constant", type: "double", value: null } : { kind: "double", values, nanIsNull: true }

const text = (value: string): Columns.Column => ({ kind: "constant", type: "text", value })

const rowsOf = ({ candles, labels }: Labelled.Labelled): ReadonlyArray<Columns.Column> => [
  text(labels.series.symbol),
  text(labels.series.timeframe),
  { kind: "timestamp", values: candles.openTime },
  doubles(candles.open),
  doubles(candles.high),
  doubles(candles.low),
  doubles(candles.close),
  doubles(candles.volume),
  nullable(candles.quoteVolume),
  nullable(candles.trades),
  text(labels.series.source),
  text(labels.provenance),
  text(labels.adjustment)
]

/** A database of its own beside the file, gone with the scope. */
const stage = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const own = yield* fs
    .makeTempDirectoryScoped({ directory: folder, prefix: ".tidemark-" })
    .pipe(Effect.mapError((error) => failed(folder, FileProblem.describe(folder, error))))
  const client = yield* DuckDbClient.make({ path: path.join(own, "rows.duckdb"), memoryLimit: stageMemory })
  yield* client`${client.literal(table)}`
  return client
})

const failed = (path: string, detail: string) =>
  new StoreError.StoreError({
    database: path,
    operation: "write candles to a file",
    reason: new StoreError.CannotOpen({ detail })
  })

const isStored = <E, R>(part: ParquetWriter.Part<E, R>) => part.asStored !== undefined

const make = Effect.fnUntraced(function* (writeParquet: CandleStore.CandleStore["Service"]["writeParquet"]) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const reactivity = yield* Reactivity.Reactivity
  const failing = (file: ParquetWriter.File) => (error: SqlError.SqlError) =>
    new StoreError.StoreError({
      database: file.path,
      operation: "write candles to a file",
      reason: classify(error),
      cause: error
    })

  const staged = <E, R>(file: ParquetWriter.File, parts: ReadonlyArray<ParquetWriter.Part<E, R>>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const client = yield* stage(path.dirname(path.resolve(file.path)))
        yield* Stream.fromIterable(parts).pipe(
          Stream.flatMap((part) => part.rows),
          Stream.filter((rows) => Candles.length(rows.candles) > 0),
          Stream.runForEach((rows) => client.append("staged", rowsOf(rows)))
        )
        return yield* DuckDbParquet.copy(
          client,
          file.path,
          client.literal(`SELECT ${DuckDbParquet.list(file, (column) => column)} FROM staged`)
        )
      })
    ).pipe(
      Effect.catchTag("SqlError", (error) => Effect.fail(failing(file)(error as SqlError.SqlError))),
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path),
      Effect.provideService(Reactivity.Reactivity, reactivity)
    )

  return ParquetWriter.ParquetWriter.of({
    write: (file, parts) =>
      writeParquet !== undefined && parts.every(isStored)
        ? writeParquet(
            file,
            parts.map(({ asStored, labels }) => ({ labels, interval: asStored! }))
          )
        : staged(file, parts)
  })
})

/** Copies straight from the stores where those can, and else by a table on the way. */
export const layer = Layer.effect(
  ParquetWriter.ParquetWriter,
  Effect.flatMap(CandleStore.CandleStore, ({ writeParquet }) => make(writeParquet))
).pipe(Layer.provide(Reactivity.layer))

/** Of rows that come from elsewhere: there is no store. */
export const layerNoStore = Layer.effect(ParquetWriter.ParquetWriter, make(undefined)).pipe(
  Layer.provide(Reactivity.layer)
)
