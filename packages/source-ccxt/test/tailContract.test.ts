import { Calendars } from "@tidemark/calendars"
import { type Candles, Source } from "@tidemark/core"
import { Kraken } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import { TailContract } from "@tidemark/source-testing"
import { Effect } from "effect"
import { market, now, respondAs } from "./answers.ts"

const minute = 60_000
const from = Math.floor(now / minute) * minute
const datasets = ["BTC/USD", "ETH/USD"].map((symbol) => market(symbol, "1m", from, from + 10 * minute))

const request = (symbol: string): Source.TailRequest => ({
  symbol,
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1m"
})

const update = ({ symbol }: Source.Subject, candle: Candles.Candles, laterMillis = 0) => {
  const open = candle.openTime[0]! + laterMillis
  const row = {
    symbol,
    open: candle.open[0],
    high: candle.high[0],
    low: candle.low[0],
    close: candle.close[0],
    volume: candle.volume[0],
    interval_begin: new Date(open).toISOString(),
    interval: 1
  }
  return JSON.stringify({ channel: "ohlc", type: "update", data: [row] })
}

TailContract.suite("ccxt:kraken", {
  plugin: await Effect.runPromise(Source.configured(plugin, { exchange: "kraken" })),
  config: { exchange: "kraken" },
  requests: ["BTC/USD", "ETH/USD"].map(request),
  candles: ({ symbol }) => {
    const dataset = datasets.find((one) => `${one.base}/${one.quote}` === symbol)!
    const { close, high, low, open, openTime, volume } = dataset.candles({ from, to: from + 3 * minute })
    return { openTime, open, high, low, close, volume }
  },
  answer: (message) => {
    const { method, req_id } = JSON.parse(message)
    return method === "subscribe" ? [JSON.stringify({ method, req_id, success: true, result: {} })] : []
  },
  open: (one, candle) => [update(one, candle)],
  // It is the next one that says so.
  closed: (one, candle) => [update(one, candle), update(one, candle, minute)],
  respond: respondAs(Kraken, datasets)
})
