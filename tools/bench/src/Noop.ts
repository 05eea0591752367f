/**
 * How long a backfill takes that has nothing left to do.
 *
 * The first run fetches many short series from the emulator; it is the same
 * command again that is timed. The emulator tells how many requests came.
 */
import { type Dataset, Emulator } from "@tidemark/emulator"
import { Effect, FileSystem, Path } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Child from "./Child.ts"
import * as StartUp from "./StartUp.ts"
import { type Outcome, say, tableOf } from "./Verdict.ts"
import * as Workload from "./Workload.ts"

export interface Options {
  readonly symbols: number
  readonly days: number
  readonly repetitions: number
}

/** In a file on this machine. */
const limitSeconds = 3

const timeframes = ["15m", "1h", "4h", "1d"] as const

const from = "2024-01-01"

interface Results {
  readonly summary: { readonly series: number; readonly complete: number; readonly inserted: number }
}

const measure = Effect.fnUntraced(function* (
  options: Options,
  symbols: ReadonlyArray<string>,
  database: string | undefined
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { requestCount, url } = yield* Emulator
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-noop-" })
  const list = path.join(cwd, "symbols.json")
  const series = symbols.length * timeframes.length
  const end = new Date(Date.parse(from) + options.days * 86_400_000).toISOString()
  yield* fs.writeFileString(list, JSON.stringify(symbols.map((symbol) => ({ symbol, sources: ["binance"] }))))

  const command = (args: ReadonlyArray<string>): Child.Command => ({
    name: "tidemark",
    cwd,
    // A database's URL may hold a password; arguments are seen by all, and printed where a run fails.
    env: {
      BINANCE_BASE_URL: url,
      BINANCE_ARCHIVE: "off",
      DATABASE_URL: database ?? `duckdb:${path.join(cwd, "noop.duckdb")}`
    },
    args: [...Child.tidemark, ...args, "--quiet"]
  })
  const backfill = ["backfill", "--timeframes", timeframes.join(","), "--start", from, "--end", end]
  /** The summary of a run that has to leave every series complete. */
  const complete = Effect.fnUntraced(function* () {
    const { stdout, seconds } = yield* Child.time(command([...backfill, "--json"]))
    const { summary } = JSON.parse(stdout) as Results
    if (summary.complete !== series) {
      return yield* new BenchError({ detail: `${summary.complete} of ${series} series are complete` })
    }
    return { ...summary, seconds }
  })

  yield* Child.time(command(["symbols", "import", list]))
  yield* say(`Fetching ${series} series …`)
  const first = yield* complete()
  const firstRequests = yield* requestCount
  const times = yield* StartUp.times(command(backfill), options.repetitions)
  const last = yield* complete()
  if (last.inserted > 0) return yield* new BenchError({ detail: `the second run stored ${last.inserted} candles` })
  const requests = (yield* requestCount) - firstRequests
  const node = yield* StartUp.times(StartUp.emptyNode(cwd), options.repetitions)
  return { series, candles: first.inserted, firstSeconds: first.seconds, firstRequests, times, requests, node }
}, Effect.scoped)

/** On a database of its own, a file if none is named. */
export const on = Effect.fnUntraced(function* (options: Options, database: string | undefined, limit: number) {
  const symbols = Array.from({ length: options.symbols }, (_, i) => `C${String(i).padStart(3, "0")}/USDT`)
  const datasets: ReadonlyArray<Dataset.Dataset> = symbols.flatMap((symbol) =>
    timeframes.map((timeframe) => Workload.dataset(symbol, timeframe))
  )
  const measured = yield* measure(options, symbols, database).pipe(Effect.provide(Workload.provider(datasets)))
  const outcome: Outcome = {
    json: { options, ...measured },
    text: [
      `${measured.series} series, ${measured.candles} candles: first run ${measured.firstSeconds.toFixed(1)} s, ${measured.firstRequests} requests`,
      "",
      tableOf(StartUp.header, [
        StartUp.row("node -e 0", measured.node),
        StartUp.row("tidemark backfill again", measured.times)
      ])
    ],
    targets: [
      {
        name: `backfill of ${measured.series} complete series`,
        value: measured.times.median,
        unit: "s",
        bound: "less than",
        limit
      },
      { name: "requests of all further runs", value: measured.requests, bound: "at most", limit: 0 }
    ]
  }
  return outcome
})

export const run = (options: Options) => on(options, undefined, limitSeconds)
