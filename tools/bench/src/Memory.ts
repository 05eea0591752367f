/** How much memory a backfill needs, and that it does not grow with history. */
import { Emulator } from "@tidemark/emulator"
import { Effect, FileSystem, Path } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import * as Contestant from "./Contestant.ts"
import * as Stores from "./Stores.ts"
import { mega, type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options {
  /** The smaller amount, over all symbols. */
  readonly candles: number
  /** How many times as much the larger one is. */
  readonly factor: number
}

const megabytesLimit = 400
const growthLimit = 1.15

/** More minutes than one symbol has had since Binance opened. */
const symbols = ["BTC/USDT", "BNB/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT"]

const measure = Effect.fnUntraced(function* (candles: number) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { url } = yield* Emulator
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-memory-" })
  const database = path.join(cwd, "memory.duckdb")
  const each = Math.ceil(candles / symbols.length)
  const interval = Workload.range(each)
  const measured = yield* Child.measure(Contestant.backfill({ database, url, interval, cwd }, symbols))
  const rows = each * symbols.length
  yield* Stores.verify(database, Stores.product, Workload.fingerprint(Workload.symbol, interval), rows - each)
  yield* say(`${rows} candles: ${mega(measured.peakBytes).toFixed(0)} MB in ${measured.seconds.toFixed(1)} s`)
  return { candles: rows, seconds: measured.seconds, peakMegabytes: mega(measured.peakBytes) }
}, Effect.scoped)

export const run = Effect.fnUntraced(function* (options: Options) {
  if ((options.candles * options.factor) / symbols.length > Workload.mostCandles) {
    return yield* new BenchError({ detail: `there are ${Workload.mostCandles * symbols.length} candles at most` })
  }
  const [small, large] = yield* Effect.all([measure(options.candles), measure(options.candles * options.factor)]).pipe(
    Effect.provide(Workload.provider(symbols.map((symbol) => Workload.dataset(symbol))))
  )
  const outcome: Outcome = {
    json: { options, small, large },
    text: [
      `${symbols.length} symbols, 1m; the engine keeps within Binance's weight, so beyond 3 million candles it waits.`,
      "",
      tableOf(
        ["tidemark backfill", "seconds", "peak MB"],
        [small, large].map((one) => [`${one.candles} candles`, one.seconds.toFixed(1), one.peakMegabytes.toFixed(0)])
      )
    ],
    targets: [
      ...[small, large].map((one) => ({
        name: `peak of ${one.candles} candles`,
        value: one.peakMegabytes,
        unit: "MB",
        bound: "less than" as const,
        limit: megabytesLimit
      })),
      {
        name: `peak of ${options.factor} × the candles / peak`,
        value: large.peakMegabytes / small.peakMegabytes,
        bound: "at most",
        limit: growthLimit
      }
    ]
  }
  return outcome
})
