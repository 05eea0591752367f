/**
 * How long it takes to know what is missing: the whole of a large store
 * against a plain count of its rows, and the matrix of many series.
 *
 * The scan is what `tidemark verify` does before it looks at single rows: all
 * months of all series, by count and place, against calendar and ledger. The
 * plain count is one statement over the same file, by the same months.
 */
import { DuckDBInstance } from "@duckdb/node-api"
import { Verify } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { CandleStore, Series, type Timeframe } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, FileSystem, Path } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import * as Filled from "./Filled.ts"
import * as StartUp from "./StartUp.ts"
import { median, mega, type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options {
  /** Over all symbols of the large store. */
  readonly candles: number
  readonly symbols: number
  /** Of the store whose matrix is drawn, in eight timeframes each. */
  readonly matrixSymbols: number
  readonly repetitions: number
}

const scanLimit = 3
const megabytesLimit = 600
const matrixLimitSeconds = 0.5

const timeframes: ReadonlyArray<Timeframe.Timeframe> = ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"]
/** Of each series in the matrix. */
const matrixRows = 20

const names = (count: number) => Array.from({ length: count }, (_, i) => `C${String(i).padStart(3, "0")}/USDT`)

const calendar = Calendars.get("24/7")

const plainCount = (path: string) =>
  Effect.tryPromise({
    try: async () => {
      const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" })
      const connection = await instance.connect()
      try {
        const startedAt = performance.now()
        const reader = await connection.runAndReadAll(
          "SELECT series_id, date_trunc('month', open_time), count(*) FROM candles GROUP BY ALL"
        )
        return { groups: reader.currentRowCount, seconds: (performance.now() - startedAt) / 1_000 }
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    },
    catch: (cause) => new BenchError({ detail: `${path}: ${String(cause)}` })
  })

/** What is suspect in the whole store: nothing, or the benchmark means nothing. */
const scan = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  const ledgers = yield* store.list
  return yield* Filled.seconds(
    Effect.gen(function* () {
      const tallies = Map.groupBy(yield* store.tally, ({ series }) => Series.key(series))
      return ledgers.flatMap(({ coverage, series }) =>
        Verify.suspects(calendar, series.timeframe, coverage, tallies.get(Series.key(series)) ?? [])
      )
    })
  )
})

const scans = Effect.fnUntraced(function* (path: string, repetitions: number) {
  const runs: Array<{ readonly plain: number; readonly scan: number }> = []
  for (let run = 0; run <= repetitions; run++) {
    const plain = yield* plainCount(path)
    const ours = yield* scan.pipe(Effect.provide(DuckDbStorage.layer({ path, mode: "read" })))
    if (ours.result.length > 0) {
      return yield* new BenchError({ detail: `${ours.result.length} months of a whole store are suspect` })
    }
    // The first warms the caches.
    if (run > 0) runs.push({ plain: plain.seconds, scan: ours.seconds })
  }
  return runs
})

export const run = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-quality-" })
  const large = path.join(cwd, "large.duckdb")
  const many = path.join(cwd, "many.duckdb")
  const rows = Math.ceil(options.candles / options.symbols)
  yield* say(`Storing ${rows * options.symbols} candles of ${options.symbols} symbols …`)
  yield* Filled.create(
    large,
    names(options.symbols).map((symbol) => ({ symbol, timeframe: "1m", rows }))
  )
  yield* say(`Storing ${options.matrixSymbols * timeframes.length} series …`)
  yield* Filled.create(
    many,
    names(options.matrixSymbols).flatMap((symbol) =>
      timeframes.map((timeframe) => ({ symbol, timeframe, rows: matrixRows }))
    )
  )
  const runs = yield* scans(large, options.repetitions)
  const tidemark = (database: string, ...args: ReadonlyArray<string>): Child.Command => ({
    name: `tidemark ${args[0]}`,
    cwd,
    env: { DATABASE_URL: `duckdb:${database}` },
    args: [...Child.tidemark, ...args, "--quiet"]
  })
  const verify = yield* Child.measure(tidemark(large, "verify"))
  if (!verify.stdout.includes(`${options.symbols} series verified`)) {
    return yield* new BenchError({ detail: `a whole store is not verified: ${verify.stdout.slice(-200)}` })
  }
  const matrix = yield* StartUp.times(tidemark(many, "coverage"), options.repetitions)
  const plain = median(runs.map((one) => one.plain))
  const scanned = median(runs.map((one) => one.scan))
  const ratio = median(runs.map((one) => one.scan / one.plain))
  const peak = mega(verify.peakBytes)
  const outcome: Outcome = {
    json: { options, runs, verifySeconds: verify.seconds, peakMegabytes: peak, matrix },
    text: [
      tableOf(
        ["", "s"],
        [
          ["count(*) by series and month", plain.toFixed(3)],
          ["gap scan", scanned.toFixed(3)],
          ["tidemark verify, the whole process", verify.seconds.toFixed(3)]
        ]
      ),
      "",
      tableOf(StartUp.header, [StartUp.row(`coverage of ${options.matrixSymbols} × ${timeframes.length}`, matrix)])
    ],
    targets: [
      { name: "gap scan / count(*)", value: ratio, bound: "at most", limit: scanLimit },
      { name: "peak memory of verify", value: peak, unit: "MB", bound: "less than", limit: megabytesLimit },
      { name: "coverage matrix", value: matrix.median, unit: "s", bound: "less than", limit: matrixLimitSeconds }
    ]
  }
  return outcome
}, Effect.scoped)
