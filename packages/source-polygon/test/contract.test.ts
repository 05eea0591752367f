import { Calendars } from "@tidemark/calendars"
import { plugin } from "@tidemark/source-polygon"
import { SourceContract } from "@tidemark/source-testing"
import { aggregates } from "./provider.ts"

const key = "planted-secret-key"

SourceContract.suite("polygon", {
  plugin,
  config: { apiKey: key },
  request: {
    symbol: "AAPL",
    assetClass: "equity",
    calendar: Calendars.get("XNYS"),
    timeframe: "1h",
    interval: { from: Date.UTC(2024, 0, 3), to: Date.UTC(2024, 3, 20) }
  },
  respond: (url) => aggregates(url, 700),
  unknown: {
    symbol: "NOPE",
    answer: {
      _tag: "Status",
      status: 404,
      body: '{"status":"NOT_FOUND","request_id":"r","message":"Ticker not found."}'
    }
  },
  secrets: [key]
})
