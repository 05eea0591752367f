/** Tidemark databases with candles in them, made without a provider. */
import { Calendars } from "@tidemark/calendars"
import { CandleStore, type Timeframe } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect } from "effect"
import * as Workload from "./Workload.ts"

const calendar = Calendars.get("24/7")

/** A series of so many candles, all there. */
export interface Piece {
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe
  readonly rows: number
  /** Whether the table has its rows in another order than that of time, as lanes leave them. */
  readonly scattered?: boolean
}

const rowsPerWrite = 100_000

/** Stores these series, all whole. */
export const fill = (pieces: ReadonlyArray<Piece>) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    const stored = Workload.dataset(Workload.storedSymbol)
    for (const { rows, scattered = false, symbol, timeframe } of pieces) {
      const opens = calendar
        .openTimes(timeframe, {
          from: Workload.range(0).from,
          to: calendar.span.to
        })
        .subarray(0, rows)
      const starts = Array.from({ length: Math.ceil(rows / rowsPerWrite) }, (_, i) => i * rowsPerWrite)
      for (const row of scattered ? starts.toReversed() : starts) {
        const openTime = opens.slice(row, row + rowsPerWrite)
        const interval = { from: openTime[0]!, to: calendar.closeOf(timeframe, openTime.at(-1)!) }
        const { close, high, low, open, volume } = stored.candles({
          from: Workload.range(0).from,
          to: Workload.range(openTime.length).to
        })
        yield* store.write([
          {
            series: { source: "binance", symbol, timeframe },
            provenance: "observed",
            interval,
            candles: { openTime, open, high, low, close, volume },
            holes: [],
            countOpens: (part) => calendar.countOpens(timeframe, part),
            at: Date.now(),
            reason: "fetch"
          }
        ])
      }
    }
  })

/** A Tidemark database with these series, all whole. */
export const create = (path: string, pieces: ReadonlyArray<Piece>) =>
  Effect.provide(fill(pieces), DuckDbStorage.layer({ path, mode: "write" }))

/** What work gives, and how long it takes. */
export const seconds = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const result = yield* work
    return { result, seconds: (performance.now() - startedAt) / 1_000 }
  })
