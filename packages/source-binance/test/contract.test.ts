import { Calendars } from "@tidemark/calendars"
import { plugin } from "@tidemark/source-binance"
import { SourceContract } from "@tidemark/source-testing"

const hour = 3_600_000
const from = 1_588_291_200_000

/** Binance's answer to a klines URL, for a market that has every hour. */
const respond = (url: URL): Response => {
  const start = Math.ceil(Number(url.searchParams.get("startTime")) / hour) * hour
  const end = Number(url.searchParams.get("endTime") ?? Infinity)
  const limit = Number(url.searchParams.get("limit") ?? 500)
  const rows: Array<ReadonlyArray<unknown>> = []
  for (let open = start; open <= end && rows.length < limit; open += hour) {
    const price = 100 + ((open / hour) % 50)
    const text = (value: number) => value.toFixed(8)
    rows.push([
      open,
      text(price),
      text(price + 2),
      text(price - 1.5),
      text(price + 0.25),
      text(7.5),
      open + hour - 1,
      text(7.5 * price),
      42,
      "0",
      "0",
      "0"
    ])
  }
  return Response.json(rows)
}

SourceContract.suite("binance", {
  plugin,
  config: {},
  request: {
    symbol: "BTC/USDT",
    assetClass: "crypto",
    calendar: Calendars.get("24/7"),
    timeframe: "1h",
    interval: { from, to: from + 2_500 * hour }
  },
  respond,
  unknown: {
    symbol: "NOPE/USDT",
    answer: { _tag: "Status", status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }
  }
})
