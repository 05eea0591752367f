/** An own database with prices of the generator in it, as it tells them or as if they had been observed. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { it } from "@effect/vitest"
import {
  type Adjustment,
  Candles,
  CandleStore,
  type Interval,
  type Provenance,
  type Source,
  type Timeframe
} from "@tidemark/core"
import { type Simulator, Underlying } from "@tidemark/gamma/history"
import { plugin } from "@tidemark/source-synthetic"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { TestClock } from "effect/testing"
import { newYork } from "../chains.ts"

export const symbol = "SPY"
export const now = Date.parse("2024-06-15")

const layer = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

export const onStore = <A, E>(name: string, effect: Effect.Effect<A, E, Layer.Success<typeof layer>>): void =>
  it.effect(name, () => Effect.andThen(TestClock.setTime(now), effect).pipe(Effect.provide(layer)), 120_000)

export const subject: Source.Subject = { symbol, assetClass: "equity", calendar: newYork }

/** The generator needs no network. */
const offline = HttpClient.make((request) => Effect.die(`nobody is to be asked: ${request.url}`))

export const simulator: Effect.Effect<Simulator.Simulator> = plugin.make({ seed: 1 }).pipe(
  Effect.provideService(HttpClient.HttpClient, offline),
  Effect.scoped,
  Effect.orDie,
  Effect.map((source) => ({ source, subject }))
)

export const timeframes = ["5m", "15m", "1h", "4h", "1d"] as const

interface Stored {
  readonly source?: string
  readonly provenance?: Provenance.Provenance
  readonly timeframes?: ReadonlyArray<Timeframe.Timeframe>
  /** What becomes of the candles before they are stored. */
  readonly change?: (candles: Candles.Candles, timeframe: Timeframe.Timeframe) => Candles.Candles
}

/** Stores the generator's candles of an interval. */
export const store = Effect.fnUntraced(function* (interval: Interval.Interval, options: Stored = {}) {
  const { change = (candles) => candles, provenance = "synthetic", source = "synthetic" } = options
  const generator = yield* simulator
  for (const timeframe of options.timeframes ?? timeframes) {
    const pages = yield* generator.source
      .candles({ symbol, sourceSymbol: symbol, assetClass: "equity", calendar: newYork, timeframe, interval })
      .pipe(Stream.runCollect, Effect.orDie)
    const candles = change(Candles.concat(pages.map(({ candles }) => candles)), timeframe)
    const opens = newYork.openTimes(timeframe, interval)
    const holes = Candles.missingRuns(opens, candles.openTime).map(({ end, start }) => ({
      from: opens[start]!,
      to: newYork.closeOf(timeframe, opens[end - 1]!),
      opens: end - start
    }))
    const countOpens = (one: Interval.Interval) => newYork.countOpens(timeframe, one)
    const series = { source, symbol, timeframe }
    yield* (yield* CandleStore.CandleStore).write([
      { series, provenance, interval, candles, holes, countOpens, at: now, reason: "test" }
    ])
  }
})

export const appliedBy = () => Effect.succeed<Adjustment.Applied>("none")

export const find = (more: { readonly source?: string } = {}) => Underlying.find({ symbol, appliedBy, ...more })
