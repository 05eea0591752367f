import { Calendars } from "@tidemark/calendars"
import { plugin } from "@tidemark/source-yahoo"
import { SourceContract } from "@tidemark/source-testing"
import { chart } from "./provider.ts"

SourceContract.suite("yahoo", {
  plugin,
  config: {},
  request: {
    symbol: "AAPL",
    assetClass: "equity",
    calendar: Calendars.get("XNYS"),
    timeframe: "1m",
    interval: { from: Date.UTC(2024, 0, 3), to: Date.UTC(2024, 0, 27) }
  },
  respond: (url) => chart(url),
  unknown: {
    symbol: "NOPE",
    answer: {
      _tag: "Status",
      status: 404,
      body: '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'
    }
  }
})
