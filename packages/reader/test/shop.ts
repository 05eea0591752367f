/** A store in memory, and candles of a coin to put into it. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Calendars } from "@tidemark/calendars"
import { Candles, CandleStore, type Gap, GapLedger, type Interval, type Series, type Timeframe } from "@tidemark/core"
import type { Market } from "@tidemark/reader"
import { DuckDbParquetWriter, DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer } from "effect"

export const calendar = Calendars.get("24/7")
export const at = (text: string) => Date.parse(text)
export const now = at("2024-03-01")
export const day: Interval.Interval = { from: at("2024-01-01"), to: at("2024-01-02") }

export const series = (source = "binance", timeframe: Timeframe.Timeframe = "1m"): Series.Series => ({
  source,
  symbol: "BTC/USDT",
  timeframe
})

/** A hundred, and a unit more for each minute since midnight; every seventh has no count of trades. */
export const candles = (interval: Interval.Interval = day, timeframe: Timeframe.Timeframe = "1m", plus = 0) => {
  const openTime = calendar.openTimes(timeframe, interval)
  const open = openTime.map((at) => 100 + plus + (at - day.from) / 60_000)
  const batch: Candles.Candles = {
    openTime,
    open,
    high: open.map((price) => price + 2),
    low: open.map((price) => price - 1),
    close: open.map((price) => price + 1),
    volume: open.map((price) => 1 + (price % 5)),
    trades: open.map((price) => (price % 7 === 0 ? Number.NaN : price))
  }
  return batch
}

/** Stores the candles of an interval, but for those that open inside `holes`. */
export const store = Effect.fnUntraced(function* (
  of: Series.Series,
  interval: Interval.Interval = day,
  holes: ReadonlyArray<Interval.Interval> = [],
  options: Partial<CandleStore.PageWrite> & { readonly plus?: number } = {}
) {
  const all = candles(interval, of.timeframe, options.plus)
  const kept = [...all.openTime.keys()].filter(
    (i) => !holes.some(({ from, to }) => all.openTime[i]! >= from && all.openTime[i]! < to)
  )
  const countOpens = (one: Interval.Interval) => calendar.countOpens(of.timeframe, one)
  yield* (yield* CandleStore.CandleStore).write([
    {
      series: of,
      provenance: "observed",
      interval,
      candles: Candles.pick(all, kept),
      holes: holes.map((hole) => ({ ...hole, opens: countOpens(hole) })),
      countOpens,
      at: now - 1_000,
      reason: "test",
      ...options
    }
  ])
})

/** Has somebody look into gaps. */
export const explain = (of: Series.Series, ...gaps: ReadonlyArray<readonly [Interval.Interval, Gap.GapCause]>) =>
  Effect.flatMap(GapLedger.GapLedger, (ledger) =>
    ledger.record(
      [
        {
          series: of,
          gaps: gaps.map(([interval, cause]) => ({
            series: of,
            interval,
            missing: calendar.countOpens(of.timeframe, interval),
            cause,
            evidence: [],
            attempts: 1,
            nextAction: "none"
          }))
        }
      ],
      now
    )
  )

export const request = (options: Partial<Market.Request> = {}): Market.Request => ({
  symbols: ["BTC/USDT"],
  timeframes: ["1m"],
  appliedBy: () => Effect.succeed("none"),
  ...options
})

export const layer = Layer.provideMerge(
  DuckDbParquetWriter.layer,
  DuckDbStorage.layer({ path: ":memory:", mode: "write" })
).pipe(Layer.provideMerge(NodeServices.layer))
