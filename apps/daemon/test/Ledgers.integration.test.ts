import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import {
  type Candles,
  CandleStore,
  Changes,
  GapLedger,
  Instrument,
  type Series,
  SymbolStore,
  SyncLog
} from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Context, Effect, Layer } from "effect"
import * as Ledgers from "../src/api/Ledgers.ts"

const hour = 3_600_000
const seriesOf = (symbol: string): Series.Series => ({ source: "binance", symbol, timeframe: "1h" })

const page = (symbol: string, from: number): CandleStore.PageWrite => {
  const column = Float64Array.of(1, 1)
  const candles: Candles.Candles = {
    openTime: Float64Array.of(from, from + hour),
    open: column,
    high: column,
    low: column,
    close: column,
    volume: column
  }
  return {
    series: seriesOf(symbol),
    provenance: "observed",
    interval: { from, to: from + 2 * hour },
    candles,
    holes: [],
    countOpens: ({ from, to }) => (to - from) / hour,
    at: from + 3 * hour,
    reason: "fetch"
  }
}

const gap = (symbol: string): GapLedger.Looked => ({
  series: seriesOf(symbol),
  gaps: [
    {
      series: seriesOf(symbol),
      interval: { from: 0, to: hour },
      missing: 1,
      cause: "unexplained",
      evidence: [],
      attempts: 1,
      nextAction: ""
    }
  ]
})

const database = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

describe("what is read once", () => {
  it.effect("is read again after it was written, and only then", () =>
    Effect.gen(function* () {
      const stores = yield* Layer.build(database)
      const reads: Array<string> = []
      const candles = Context.get(stores, CandleStore.CandleStore)
      const gaps = Context.get(stores, GapLedger.GapLedger)
      const symbols = Context.get(stores, SymbolStore.SymbolStore)
      const log = Context.get(stores, SyncLog.SyncLog)
      const noting =
        <Q, A, E>(name: string, read: (question: Q) => Effect.Effect<A, E>) =>
        (question: Q) =>
          Effect.suspend(() => {
            reads.push(name)
            return read(question)
          })
      const counted = stores.pipe(
        Context.add(CandleStore.CandleStore, { ...candles, recorded: noting("recorded", candles.recorded) }),
        Context.add(GapLedger.GapLedger, { ...gaps, of: noting("gaps", gaps.of) }),
        Context.add(SymbolStore.SymbolStore, { ...symbols, list: noting("symbols", () => symbols.list)(undefined) }),
        Context.add(SyncLog.SyncLog, { ...log, recent: noting("log", log.recent) })
      )
      const known = Context.merge(counted, yield* Effect.provideContext(Layer.build(Ledgers.layer), counted))
      /** What is told of two symbols, and what was read for it. */
      const ask = Effect.gen(function* () {
        reads.length = 0
        const { recorded } = yield* CandleStore.CandleStore
        const ledger = yield* GapLedger.GapLedger
        const told = {
          a: (yield* recorded({ symbols: ["A/USDT"] })).map(({ rows }) => rows),
          b: (yield* recorded({ symbols: ["B/USDT"] })).map(({ rows }) => rows),
          all: (yield* recorded({})).map(({ rows }) => rows),
          gapsOfA: (yield* ledger.of({ symbols: ["A/USDT"] })).length,
          gapsOfB: (yield* ledger.of({ symbols: ["B/USDT"] })).length,
          gaps: (yield* ledger.list).length,
          symbols: (yield* (yield* SymbolStore.SymbolStore).list).length,
          log: (yield* (yield* SyncLog.SyncLog).recent(10)).length
        }
        return { told, reads: [...reads] }
      }).pipe(Effect.provideContext(known))
      const nothing = { a: [], b: [], all: [], gapsOfA: 0, gapsOfB: 0, gaps: 0, symbols: 0, log: 0 }

      assert.deepStrictEqual((yield* ask).told, nothing)
      assert.deepStrictEqual(yield* ask, { told: nothing, reads: [] })
      const { count } = Context.get(stores, Changes.Changes)
      const before = count(["candles B/USDT"])
      yield* candles.write([page("A/USDT", 0)])
      assert.strictEqual(count(["candles B/USDT"]), before)
      const written = { ...nothing, a: [2], all: [2] }
      assert.deepStrictEqual(yield* ask, { told: written, reads: ["recorded", "recorded"] })
      yield* gaps.record([gap("B/USDT")], 0)
      const found = { ...written, gapsOfB: 1, gaps: 1 }
      assert.deepStrictEqual(yield* ask, { told: found, reads: ["gaps", "gaps"] })
      yield* symbols.put([
        new Instrument.Instrument({
          symbol: "A/USDT",
          assetClass: "crypto",
          calendar: "24/7",
          sources: [{ source: "binance" }],
          active: true
        })
      ])
      assert.deepStrictEqual(yield* ask, { told: { ...found, symbols: 1 }, reads: ["symbols"] })
      // What says of nothing that it is about it may be about all.
      yield* candles.setListedAt(seriesOf("B/USDT"), "observed", 0)
      const { reads: again, told } = yield* ask
      assert.deepStrictEqual(told.b, [0])
      assert.sameMembers([...new Set(again)], ["recorded", "gaps", "symbols", "log"])
    })
  )
})
