/**
 * How long it takes to write a history to a Parquet file, against a bare COPY
 * of the same columns and rows, in whatever order they lie.
 *
 * Ours looks for gaps first, and gives rows in the order of time. The other
 * ways of writing are there for their figures.
 */
import { DuckDBInstance } from "@duckdb/node-api"
import { NodeServices } from "@effect/platform-node"
import { Labelled, ParquetWriter } from "@tidemark/core"
import { Csv, Market } from "@tidemark/reader"
import * as Arrow from "@tidemark/reader/Arrow"
import { DuckDbParquetWriter, DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, FileSystem, Layer, Path, Stream } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Filled from "./Filled.ts"
import { median, type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options {
  readonly candles: number
  readonly rounds: number
}

const ratioLimit = 0.7
const symbol = "BTC/USDT"
const labels: Labelled.Labels = {
  series: { source: "binance", symbol, timeframe: "1m" },
  provenance: "observed",
  adjustment: "none"
}

/** One COPY, by the driver alone. */
const bare = (database: string, out: string) =>
  Effect.tryPromise({
    try: async () => {
      const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" })
      const connection = await instance.connect()
      try {
        const texts: Readonly<Record<string, string>> = Labelled.texts(labels)
        const columns = Labelled.columns.map((column) =>
          column === "timestamp"
            ? "CAST(open_time AS TIMESTAMPTZ) AS timestamp"
            : column in texts
              ? `'${texts[column]}' AS ${column}`
              : column
        )
        await connection.run(
          `COPY (SELECT ${columns.join(", ")} FROM candles) TO '${out}' (FORMAT parquet, COMPRESSION snappy)`
        )
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    },
    catch: (cause) => new BenchError({ detail: `COPY: ${String(cause)}` })
  })

const stores = (path: string) =>
  Layer.provideMerge(DuckDbParquetWriter.layer, DuckDbStorage.layer({ path, mode: "read" })).pipe(
    Layer.provideMerge(NodeServices.layer)
  )

const opened = Market.open({ symbols: [symbol], timeframes: ["1m"], appliedBy: () => Effect.succeed("none") })

/** As `tidemark export --out candles.parquet` does it; `copied`: whether the table may be copied as it is. */
const parquet = (database: string, out: string, copied: boolean) =>
  Effect.gen(function* () {
    const { parts, problems } = yield* opened
    if (problems.length > 0) return yield* new BenchError({ detail: problems[0]!.message })
    const writer = yield* ParquetWriter.ParquetWriter
    const files = parts.map((part) =>
      Market.forParquet({ ...part, isAsStored: part.isAsStored && copied }, part.interval)
    )
    return yield* writer.write({ path: out, partitioned: false }, files)
  }).pipe(Effect.provide(stores(database)))

const bytes = (database: string, out: string, encode: typeof Csv.encode) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { parts } = yield* opened
    const rows = Stream.flatMap(Stream.fromIterable(parts), (part) => part.rows(part.interval))
    yield* Stream.run(encode(rows), fs.sink(out))
  }).pipe(Effect.provide(stores(database)))

export const run = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-export-" })
  const ordered = path.join(cwd, "ordered.duckdb")
  const scattered = path.join(cwd, "scattered.duckdb")
  const out = path.join(cwd, "candles")
  yield* say(`Storing ${options.candles} candles, twice …`)
  const piece = { symbol, timeframe: "1m", rows: options.candles } as const
  yield* Filled.create(ordered, [piece])
  yield* Filled.create(scattered, [{ ...piece, scattered: true }])
  const contestants = {
    "bare COPY": bare(ordered, out),
    "tidemark, Parquet": parquet(ordered, out, true),
    "bare COPY, rows scattered": bare(scattered, out),
    "tidemark, Parquet, rows scattered": parquet(scattered, out, true),
    "tidemark, Parquet, put together on the way": parquet(ordered, out, false),
    "tidemark, Arrow": bytes(ordered, out, Arrow.encode("file", [labels])),
    "tidemark, CSV": bytes(ordered, out, Csv.encode)
  } as const satisfies Record<string, Effect.Effect<unknown, unknown>>
  const names = Object.keys(contestants) as ReadonlyArray<keyof typeof contestants>
  const runs: Array<Record<string, number>> = []
  for (let round = 0; round <= options.rounds; round++) {
    const times: Record<string, number> = {}
    for (const name of names) {
      const contestant: Effect.Effect<unknown, Effect.Error<(typeof contestants)[typeof name]>> = contestants[name]
      const { seconds } = yield* Filled.seconds(contestant)
      times[name] = seconds
      yield* fs.remove(out, { force: true })
    }
    // The first warms the caches.
    if (round > 0) runs.push(times)
  }
  const timeOf = (name: (typeof names)[number]) => median(runs.map((times) => times[name]!))
  const ratio = (ours: (typeof names)[number], theirs: (typeof names)[number]) =>
    median(runs.map((times) => times[theirs]! / times[ours]!))
  const outcome: Outcome = {
    json: { options, runs },
    text: [
      tableOf(
        ["", "s", "candles/s"],
        names.map((name) => [name, timeOf(name).toFixed(2), Math.round(options.candles / timeOf(name)).toString()])
      ),
      "",
      `rows scattered: tidemark / bare = ${ratio("tidemark, Parquet, rows scattered", "bare COPY, rows scattered").toFixed(2)}, with sorting`
    ],
    targets: [
      {
        name: "tidemark / bare COPY",
        value: ratio("tidemark, Parquet", "bare COPY"),
        bound: "at least",
        limit: ratioLimit
      }
    ]
  }
  return outcome
}, Effect.scoped)
