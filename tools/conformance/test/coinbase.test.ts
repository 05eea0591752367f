/** A recorded day of a young market, in which forty minutes had no trade, through the whole engine. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Backfill, Events, Policy, Report, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import { Candles, CandleStore, Instrument } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"
import { plugin as ccxt } from "@tidemark/source-ccxt"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer, Stream } from "effect"
import * as Data from "./data.ts"
import * as Lean from "./lean.ts"

const day = { from: Date.parse("2016-10-08T00:00:00Z"), to: Date.parse("2016-10-09T00:00:00Z") }
const recorded = Lean.read(
  "coinbase/lean-coinbase-btcusd-1m-20161008-sparse.zip",
  Lean.sinceMidnight("2016-10-08", "UTC"),
  1
)
const series = { source: "ccxt:coinbaseexchange", symbol: "BTC/USD", timeframe: "1m" } as const

/** The provider has the day and nothing around it. */
const emulator = Layer.unwrap(
  Effect.map(recorded, (candles) =>
    Emulator.layer({ datasets: [Dataset.fromCandles({ symbol: "BTC/USD", interval: "1m", candles })] })
  )
)

const engine = Layer.unwrap(
  Effect.map(Emulator, ({ url }) =>
    SourceRegistry.SourceRegistry.layer([{ id: "ccxt", load: () => Promise.resolve(ccxt) }], {
      sections: {},
      variables: { CCXT_BASE_URL: url }
    })
  )
).pipe(
  Layer.provide(SourceHttp.layer),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer),
  Layer.merge(Layer.fresh(DuckDbStorage.layer({ path: ":memory:", mode: "write" }))),
  Layer.provideMerge(Layer.succeed(Policy.Policy, { ...Policy.defaults, backoffMillis: 5 })),
  Layer.provideMerge(emulator),
  Layer.provide(NodeServices.layer)
)

describe.skipIf(Data.isAbsent)(`a recorded day of Coinbase${Data.note}`, () => {
  it.live(
    "is complete: every minute that is missing had no trade, and every other is stored value for value",
    () =>
      Effect.gen(function* () {
        const truth = yield* recorded
        const report = yield* Backfill.run({
          targets: [
            {
              instrument: new Instrument.Instrument({
                symbol: "BTC/USD",
                assetClass: "crypto",
                calendar: "24/7",
                sources: [{ source: series.source }],
                active: true
              }),
              timeframe: "1m"
            }
          ],
          window: day,
          force: false,
          repair: true
        })
        const [outcome] = report.outcomes
        assert.deepStrictEqual([...new Set(outcome!.gaps.map(({ cause }) => cause))], ["no-trades"])
        assert.strictEqual(outcome!.missing, 1_440 - Candles.length(truth))
        assert.strictEqual(outcome!.missing, 40)
        assert.strictEqual(Report.exitCode(report), 0)
        const store = yield* CandleStore.CandleStore
        const stored = Candles.concat(yield* Stream.runCollect(store.read(series, day)))
        for (const column of ["openTime", "open", "high", "low", "close", "volume"] as const) {
          assert.deepStrictEqual(stored[column], truth[column])
        }
      }).pipe(Effect.provide(engine)),
    60_000
  )
})
