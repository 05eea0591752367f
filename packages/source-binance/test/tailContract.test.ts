import { Calendars } from "@tidemark/calendars"
import type { Candles, Source } from "@tidemark/core"
import { Dataset } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-binance"
import { TailContract } from "@tidemark/source-testing"
import { at } from "./rig.ts"

const minute = 60_000
const from = at("2024-03-02T12:00:00Z")
const dataset = Dataset.cheap({ symbol: "BTCUSDT", interval: "1m", from, to: from + 3 * minute })

const request = (symbol: string): Source.TailRequest => ({
  symbol,
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1m"
})

const event = (symbol: string, candle: Candles.Candles, isClosed: boolean) => {
  const text = (column: Float64Array | undefined) => String(column![0])
  const open = candle.openTime[0]!
  const k = {
    t: open,
    T: open + minute - 1,
    s: symbol,
    i: "1m",
    o: text(candle.open),
    h: text(candle.high),
    l: text(candle.low),
    c: text(candle.close),
    v: text(candle.volume),
    q: text(candle.quoteVolume),
    n: candle.trades![0],
    x: isClosed
  }
  return JSON.stringify({
    stream: `${symbol.toLowerCase()}@kline_1m`,
    data: { e: "kline", E: open, s: symbol, k }
  })
}

for (const [name, symbols] of [
  ["binance", ["BTC/USDT", "ETH/USDT"]],
  ["binance futures", ["BTC/USDT:USDT", "ETH/USDT:USDT"]]
] as const) {
  const wire = ({ symbol }: Source.Subject) => symbol.split(":")[0]!.replace("/", "")
  TailContract.suite(name, {
    plugin,
    config: {},
    requests: symbols.map(request),
    candles: () => dataset.candles({ from, to: from + 3 * minute }),
    answer: (message) => [JSON.stringify({ result: null, id: JSON.parse(message).id })],
    open: (one, candle) => [event(wire(one), candle, false)],
    closed: (one, candle) => [event(wire(one), candle, true)]
  })
}
