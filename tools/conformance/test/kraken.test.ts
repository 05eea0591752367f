/** A body that Kraken sent, through the source and ccxt. */
import { assert, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Source } from "@tidemark/core"
import { Dataset, Kraken } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import { layer } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Data from "./data.ts"

const file = "kraken/ohlc-XBTUSD-1m.json"
const minute = 60_000
const first = 1_762_777_020_000
/** The last row opens then, and is unfinished. */
const last = 1_762_820_220_000

type Row = readonly [
  time: number,
  open: string,
  high: string,
  low: string,
  close: string,
  vwap: string,
  volume: string,
  trades: number
]
const Body = Schema.fromJsonString(Schema.Struct({ result: Schema.Struct({ XBTUSDT: Schema.Array(Schema.Unknown) }) }))
const recorded = () => Schema.decodeUnknownSync(Body)(Data.text(file)).result.XBTUSDT as ReadonlyArray<Row>

/** Markets and assets are the emulator's: none were recorded. */
const market = Kraken.provider.make({
  datasets: [Dataset.cheap({ symbol: "BTC/USDT", interval: "1m", from: first, to: last })],
  equities: [],
  now: () => last,
  limiter: { limit: Infinity, used: () => 0, spend: () => ({ _tag: "Allowed" }) }
})
const provider = layer(({ pathname, searchParams }) => {
  if (pathname === "/0/public/OHLC") return new Response(Data.text(file))
  const reply = market({ method: "GET", path: pathname, parameters: searchParams, headers: {} }, undefined)
  return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
})

it.layer(provider)(`a recorded body of Kraken${Data.note}`, (it) => {
  const check = Data.isAbsent ? it.effect.skip : it.effect

  check("gives every finished minute value for value, those without a trade too, and not the last", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(last + 30_000)
      const source = yield* plugin.make({ exchange: "kraken" })
      const request: Source.CandlesRequest = {
        symbol: "BTC/USDT",
        assetClass: "crypto",
        calendar: Calendars.get("24/7"),
        timeframe: "1m",
        interval: { from: first, to: last + minute }
      }
      const pages = yield* Stream.runCollect(source.candles(request))
      const candles = Candles.concat(pages.map((page) => page.candles))
      const rows = recorded().slice(0, -1)
      assert.strictEqual(rows.length, 720)
      const column = (of: (row: Row) => number) => Float64Array.from(rows, of)
      assert.deepStrictEqual(
        candles.openTime,
        column(([time]) => time * 1_000)
      )
      assert.deepStrictEqual(
        candles.open,
        column(([, open]) => Number(open))
      )
      assert.deepStrictEqual(
        candles.high,
        column(([, , high]) => Number(high))
      )
      assert.deepStrictEqual(
        candles.low,
        column(([, , , low]) => Number(low))
      )
      assert.deepStrictEqual(
        candles.close,
        column(([, , , , close]) => Number(close))
      )
      assert.deepStrictEqual(
        candles.volume,
        column((row) => Number(row[6]))
      )
      assert.strictEqual(candles.volume.filter((volume) => volume === 0).length, 215)
      assert.strictEqual(pages.at(-1)!.interval.to, last)
    })
  )
})
