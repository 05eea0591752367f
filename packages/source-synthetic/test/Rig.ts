/** A made source, a clock far enough ahead, and a client that proves that nothing is sent. */
import { Calendars } from "@tidemark/calendars"
import { Candles, Instrument, type Source, type Timeframe } from "@tidemark/core"
import { Effect, Schema, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { plugin } from "../src/index.ts"

export const now = Date.parse("2025-06-02T12:34:56Z")

const noNetwork = HttpClient.make((_, url) => Effect.die(new Error(`a request to ${url.href}`)))

export const make = (seed = 1) => plugin.make({ seed }).pipe(Effect.provideService(HttpClient.HttpClient, noNetwork))

export const request = (
  symbol: string,
  timeframe: Timeframe.Timeframe,
  from: number | string,
  to: number | string
): Source.CandlesRequest => {
  const assetClass = Instrument.assetClassOf(symbol)
  const instant = (value: number | string): number => (typeof value === "number" ? value : Date.parse(value))
  return {
    symbol,
    assetClass,
    calendar: Calendars.get(Instrument.calendarOf(assetClass)),
    timeframe,
    interval: { from: instant(from), to: instant(to) }
  }
}

export const pages = (source: Source.Source, asked: Source.CandlesRequest) =>
  Effect.andThen(TestClock.setTime(now), Stream.runCollect(source.candles(asked)))

export const candles = (source: Source.Source, asked: Source.CandlesRequest) =>
  Effect.map(
    pages(source, asked),
    (collected) => Candles.concat(collected.map((page) => page.candles)) as Required<Candles.Candles>
  )

export const TestSymbol = Schema.Literals(["BTC/USDT", "DOGE/USDT", "FOO/USDT", "AAPL", "^GSPC", "EUR/USD"])

/** Whole minutes, from 1970 to a while before `now`. */
export const Minute = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Date.parse("2025-01-01") / 60_000 }))
