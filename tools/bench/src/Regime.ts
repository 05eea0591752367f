/**
 * How long it takes to derive regimes of what is stored, reading and writing
 * included: the market regime of twenty years of days, and the structure
 * regime of many symbols at every close of a 4h candle.
 */
import { NodeServices } from "@effect/platform-node"
import * as Inputs from "@tidemark/features/Inputs"
import { MarketUpdate } from "@tidemark/regime/market"
import { StructureUpdate } from "@tidemark/regime/structure"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, FileSystem, Layer, Path } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Filled from "./Filled.ts"
import { median, type Outcome, say, tableOf } from "./Verdict.ts"

export interface Options {
  readonly days: number
  readonly symbols: number
  readonly symbolDays: number
  readonly rounds: number
}

const marketSymbol = "MARKET/USDT"
const marketLimit = 0.5
const structureLimit = 60

const stores = (path: string) =>
  DuckDbStorage.layer({ path, mode: "update" }).pipe(Layer.provideMerge(NodeServices.layer))

const appliedBy = () => Effect.succeed("none" as const)

const wrong = (found: number, expected: number) => new BenchError({ detail: `${found} rows instead of ${expected}` })

const market = (path: string, days: number) =>
  Effect.gen(function* () {
    const inputs = yield* Inputs.of({ appliedBy, choose: ({ symbol }) => symbol === marketSymbol })
    const [outcome] = yield* MarketUpdate.run({ inputs })
    if (outcome?.inserted !== days) return yield* wrong(outcome?.inserted ?? 0, days)
  }).pipe(Effect.provide(stores(path)))

const structure = (path: string, decisions: number) =>
  Effect.gen(function* () {
    const inputs = yield* Inputs.of({ appliedBy, choose: ({ symbol }) => symbol !== marketSymbol })
    const outcomes = yield* StructureUpdate.run({ inputs })
    const inserted = outcomes.reduce((sum, outcome) => sum + outcome.inserted, 0)
    if (inserted !== decisions) return yield* wrong(inserted, decisions)
    return outcomes.reduce((sum, { events }) => sum + events, 0)
  }).pipe(Effect.provide(stores(path)))

export const run = Effect.fnUntraced(function* (options: Options) {
  const { days, rounds, symbolDays, symbols } = options
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const cwd = yield* fs.makeTempDirectoryScoped({ prefix: "tidemark-regime-" })
  const full = path.join(cwd, "full.duckdb")
  yield* say(`Storing ${days} days, and ${symbols} symbols in three timeframes …`)
  const names = Array.from({ length: symbols }, (_, i) => `S${i}/USDT`)
  yield* Filled.create(full, [
    { symbol: marketSymbol, timeframe: "1d", rows: days },
    ...names.flatMap((symbol) =>
      (
        [
          ["1d", 1],
          ["4h", 6],
          ["1h", 24]
        ] as const
      ).map(([timeframe, perDay]) => ({
        symbol,
        timeframe,
        rows: symbolDays * perDay
      }))
    )
  ])
  const runs: Array<{ readonly market: number; readonly structure: number; readonly events: number }> = []
  for (let round = 0; round <= rounds; round++) {
    // Each begins with the same file; the first warms the caches.
    const copy = path.join(cwd, "copy.duckdb")
    yield* fs.copyFile(full, copy)
    const ofMarket = yield* Filled.seconds(market(copy, days))
    const ofStructure = yield* Filled.seconds(structure(copy, symbols * symbolDays * 6))
    yield* fs.remove(copy)
    if (round > 0 || rounds === 1) {
      runs.push({ market: ofMarket.seconds, structure: ofStructure.seconds, events: ofStructure.result })
    }
    if (rounds === 1) break
  }
  const seconds = { market: median(runs.map((one) => one.market)), structure: median(runs.map((one) => one.structure)) }
  const decisions = symbols * symbolDays * 6
  const outcome: Outcome = {
    json: { options, runs },
    text: [
      tableOf(
        ["", "rows", "s", "rows/s"],
        [
          ["market", `${days}`, seconds.market.toFixed(2), Math.round(days / seconds.market).toString()],
          [
            "structure",
            `${decisions}`,
            seconds.structure.toFixed(2),
            Math.round(decisions / seconds.structure).toString()
          ]
        ]
      )
    ],
    targets: [
      {
        name: `market regime of ${days} days`,
        value: seconds.market,
        unit: "s",
        bound: "less than",
        limit: marketLimit
      },
      {
        name: `structure of ${symbols} symbols × ${symbolDays} days`,
        value: seconds.structure,
        unit: "s",
        bound: "less than",
        limit: structureLimit
      }
    ]
  }
  return outcome
}, Effect.scoped)
