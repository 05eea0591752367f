/**
 * How long it takes to derive all features of a history, reading and writing
 * included, against reading the same rows and writing them as they are.
 */
import { NodeServices } from "@effect/platform-node"
import { Calendars } from "@tidemark/calendars"
import { CandleStore, type Series } from "@tidemark/core"
import { Update } from "@tidemark/features"
import * as Inputs from "@tidemark/features/Inputs"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, FileSystem, Layer, Path, Stream } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Filled from "./Filled.ts"
import { median, type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options {
  readonly candles: number
  readonly rounds: number
}

const secondsLimit = 2
const ratioLimit = 4
const symbol = "BTC/USDT"
const series: Series.Series = { source: "binance", symbol, timeframe: "1m" }
const calendar = Calendars.get("24/7")

const stores = (path: string) =>
  DuckDbStorage.layer({ path, mode: "update" }).pipe(Layer.provideMerge(NodeServices.layer))

const features = (path: string, candles: number) =>
  Effect.gen(function* () {
    const inputs = yield* Inputs.of({
      choose: (one) => one.symbol === symbol,
      appliedBy: () => Effect.succeed("none")
    })
    const [outcome] = yield* Update.run({ inputs })
    if (outcome?.inserted !== candles) {
      return yield* new BenchError({ detail: `${outcome?.inserted ?? 0} rows instead of ${candles}` })
    }
  }).pipe(Effect.provide(stores(path)))

/** The same rows, read in the same pages and stored as another series. */
const untouched = (path: string, candles: number) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    const [whole] = (yield* store.coverage(series)).fetched
    if (whole === undefined) return yield* new BenchError({ detail: "nothing is stored" })
    const { from, to } = whole
    let written = 0
    let next = from
    yield* store.read(series, { from, to }, { batchRows: 65_536 }).pipe(
      Stream.runForEach((batch) => {
        const end = calendar.closeOf("1m", batch.openTime.at(-1)!)
        const interval = { from: next, to: end }
        next = end
        return Effect.map(
          store.write([
            {
              series: { ...series, symbol: "COPY/USDT" },
              provenance: "observed",
              interval,
              candles: batch,
              holes: [],
              countOpens: (part) => calendar.countOpens("1m", part),
              at: Date.now(),
              reason: "fetch"
            }
          ]),
          ([result]) => {
            written += result!.inserted
          }
        )
      })
    )
    if (written !== candles) return yield* new BenchError({ detail: `${written} rows instead of ${candles}` })
  }).pipe(Effect.provide(stores(path)))

export const run = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-features-" })
  const full = path.join(cwd, "full.duckdb")
  yield* say(`Storing ${options.candles} candles …`)
  yield* Filled.create(full, [{ symbol, timeframe: "1m", rows: options.candles }])
  const runs: Array<{ readonly features: number; readonly untouched: number }> = []
  for (let round = 0; round <= options.rounds; round++) {
    const times = { features: 0, untouched: 0 }
    for (const [name, work] of [
      ["untouched", untouched],
      ["features", features]
    ] as const) {
      // Each begins with the same file.
      const copy = path.join(cwd, `${name}.duckdb`)
      yield* fs.copyFile(full, copy)
      const timed = yield* Filled.seconds(work(copy, options.candles))
      times[name] = timed.seconds
      yield* fs.remove(copy)
    }
    // The first warms the caches.
    if (round > 0) runs.push(times)
  }
  const seconds = median(runs.map((one) => one.features))
  const outcome: Outcome = {
    json: { options, runs },
    text: [
      tableOf(
        ["", "s", "candles/s"],
        (["untouched", "features"] as const).map((name) => {
          const time = median(runs.map((one) => one[name]))
          return [name, time.toFixed(2), Math.round(options.candles / time).toString()]
        })
      )
    ],
    targets: [
      {
        name: "features / untouched",
        value: median(runs.map((one) => one.features / one.untouched)),
        bound: "at most",
        limit: ratioLimit
      },
      { name: "features", value: seconds, unit: "s", bound: "less than", limit: secondsLimit }
    ]
  }
  return outcome
}, Effect.scoped)
