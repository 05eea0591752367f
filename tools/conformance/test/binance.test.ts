/** Two recorded Binance pages of BTCUSDT 1h with a real outage, through the whole engine. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Backfill, Events, Policy, Report, SourceHttp, SourceRegistry, Survey } from "@tidemark/backfill"
import { Candles, CandleStore, Instant, Instrument } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"
import { plugin as binance } from "@tidemark/source-binance"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer, Stream } from "effect"
import * as Data from "./data.ts"

const pages = ["page1", "page2-gap-20200628"].map((page) => `binance/binance-klines-BTCUSDT-1h-${page}.json`)
const range = { from: Date.parse("2020-04-30T21:00:00Z"), to: Date.parse("2020-07-01T04:00:00Z") }
const series = { source: "binance", symbol: "BTC/USDT", timeframe: "1h" } as const

const emulator = Layer.unwrap(
  Effect.sync(() =>
    Emulator.layer({ datasets: [Dataset.fromKlinesJson(pages.map(Data.text), { symbol: "BTCUSDT", interval: "1h" })] })
  )
)

const engineOf = (outages: "on" | "off") =>
  Layer.unwrap(
    Effect.map(Emulator, ({ url }) =>
      SourceRegistry.SourceRegistry.layer([{ id: "binance", load: () => Promise.resolve(binance) }], {
        sections: { binance: { archive: "off", outages } },
        variables: { BINANCE_BASE_URL: url }
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

const options: Backfill.BackfillOptions = {
  targets: [
    {
      instrument: new Instrument.Instrument({
        symbol: "BTC/USDT",
        assetClass: "crypto",
        calendar: "24/7",
        sources: [{ source: "binance" }],
        active: true
      }),
      timeframe: "1h"
    }
  ],
  window: range,
  force: false,
  repair: true
}

/** Rows as the file has them, without anything of ours. */
const recorded = (): ReadonlyArray<ReadonlyArray<unknown>> =>
  pages.flatMap(
    (page) => (JSON.parse(Data.text(page)) as { readonly body: ReadonlyArray<ReadonlyArray<unknown>> }).body
  )

describe.skipIf(Data.isAbsent)(`recorded Binance pages${Data.note}`, () => {
  it.live("all 1,468 candles are stored value for value, the one gap is the outage that is known, exit code 0", () =>
    Effect.gen(function* () {
      const report = yield* Backfill.run(options)
      const store = yield* CandleStore.CandleStore
      const candles = Candles.concat(yield* Stream.runCollect(store.read(series, range)))
      const rows = recorded()
      assert.lengthOf(rows, 1_468)
      assert.strictEqual(Candles.length(candles), 1_468)
      rows.forEach((row, i) => {
        assert.deepStrictEqual(
          [
            candles.openTime[i],
            candles.open[i],
            candles.high[i],
            candles.low[i],
            candles.close[i],
            candles.volume[i],
            candles.quoteVolume![i],
            candles.trades![i]
          ],
          [row[0], ...row.slice(1, 6).map(Number), Number(row[7]), row[8]]
        )
      })
      const [gap, ...more] = report.outcomes[0]!.gaps
      assert.deepStrictEqual(more, [])
      assert.strictEqual(Instant.format(gap!.interval.from), "2020-06-28T02:00Z")
      assert.strictEqual(Instant.format(gap!.interval.to), "2020-06-28T05:00Z")
      assert.strictEqual(gap!.missing, 3)
      assert.strictEqual(gap!.cause, "outage")
      // What is explained is not asked for again.
      assert.strictEqual(gap!.attempts, 1)
      assert.include(gap!.evidence.join("; "), "was down from 2020-06-28T02:00Z to 2020-06-28T05:30Z")
      assert.strictEqual(Report.exitCode(report), 0)
      const [surveyed] = yield* Survey.run({ choose: () => true, ...range })
      assert.deepStrictEqual(
        surveyed!.gaps.map(({ cause, interval, missing }) => [cause, Instant.format(interval.from), missing]),
        [["outage", "2020-06-28T02:00Z", 3]]
      )
    }).pipe(Effect.provide(engineOf("on")))
  )

  it.live("without the list of outages, and with one symbol, the gap is unexplained, exit code 3", () =>
    Effect.gen(function* () {
      const report = yield* Backfill.run(options)
      const [gap, ...more] = report.outcomes[0]!.gaps
      assert.deepStrictEqual(more, [])
      assert.strictEqual(gap!.cause, "unexplained")
      assert.strictEqual(gap!.missing, 3)
      assert.strictEqual(gap!.attempts, 3)
      assert.strictEqual(Report.exitCode(report), 3)
      const [surveyed] = yield* Survey.run({ choose: () => true, ...range })
      assert.deepStrictEqual(
        surveyed!.gaps.map(({ cause }) => cause),
        ["unexplained"]
      )
    }).pipe(Effect.provide(engineOf("off")))
  )
})
