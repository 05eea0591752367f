/**
 * The synthetic source's candles, at once and from a plain function.
 *
 * It asks the plugin through its public contract and runs it synchronously
 * (it only computes), under a clock that stands at the end of time: a source
 * leaves out what has not closed, while a provider sends it.
 */
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Candles, type Instant, type Instrument, type Interval, type Timeframe } from "@tidemark/core"
import { plugin } from "@tidemark/source-synthetic"
import { Clock, Effect, Schema, Stream } from "effect"
import { HttpClient } from "effect/http"

/** 2099-01-01: the calendars answer until 2100. */
export const endOfTime = 4_070_908_800_000

const clock: Clock.Clock = {
  currentTimeMillisUnsafe: () => endOfTime,
  currentTimeMillis: Effect.succeed(endOfTime),
  currentTimeNanosUnsafe: () => BigInt(endOfTime) * 1_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(endOfTime) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => 0n,
  monotonicTimeNanos: Effect.succeed(0n),
  sleep: () => Effect.void
}

const noNetwork = HttpClient.make(() => Effect.die("the synthetic source needs no network"))

const runSync = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): A =>
  effect.pipe(
    Effect.provideService(HttpClient.HttpClient, noNetwork),
    Effect.provideService(Clock.Clock, clock),
    Effect.runSync
  )

export const timeframes: ReadonlyArray<Timeframe.Timeframe> = plugin.capabilities.timeframes

const always = Calendars.get("24/7")

/** The open of the candle that holds an instant. */
export const openOf = (timeframe: Timeframe.Timeframe, instant: Instant.EpochMillis): Instant.EpochMillis =>
  always.openAtOrBefore(timeframe, instant)

/** The candles of any canonical symbol (`BTC/USDT`, `AAPL`) under one seed, on the grid of a market; around the clock where absent. */
export const make = (
  seed: number,
  { assetClass, calendar }: { readonly assetClass: Instrument.AssetClass; readonly calendar: Calendar.Calendar } = {
    assetClass: "crypto",
    calendar: always
  }
) => {
  const config = Schema.decodeUnknownSync(plugin.config)({ seed })
  const source = runSync(Effect.scoped(plugin.make(config)))
  return (symbol: string, timeframe: Timeframe.Timeframe, interval: Interval.Interval): Candles.Candles => {
    const pages = source.candles({ symbol, assetClass, calendar, timeframe, interval })
    return Candles.concat(runSync(Stream.runCollect(Stream.map(pages, (page) => page.candles))))
  }
}
