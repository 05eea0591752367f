import { Calendars } from "@tidemark/calendars"
import { plugin } from "@tidemark/source-synthetic"
import { ChainContract, SourceContract } from "@tidemark/source-testing"

const day = 86_400_000
const from = 1_577_836_800_000
const anySymbol = { C10: "it generates every symbol" }

SourceContract.suite("synthetic, around the clock", {
  plugin,
  config: {},
  request: {
    symbol: "BTC/USDT",
    assetClass: "crypto",
    calendar: Calendars.get("24/7"),
    timeframe: "5m",
    interval: { from, to: from + 60 * day }
  },
  skip: anySymbol
})

SourceContract.suite("synthetic, on sessions", {
  plugin,
  config: { seed: 7 },
  request: {
    symbol: "SPY",
    assetClass: "equity",
    calendar: Calendars.get("XNYS"),
    timeframe: "1m",
    interval: { from, to: from + 60 * day }
  },
  skip: anySymbol
})

ChainContract.suite("synthetic", {
  plugin,
  config: {},
  subject: { symbol: "SPY", assetClass: "equity", calendar: Calendars.get("XNYS") },
  now: Date.parse("2024-06-18T18:30:00Z"),
  skip: { O08: "it generates every symbol" }
})
