import { plugin } from "@tidemark/source-polygon"
import { OptionMarket } from "@tidemark/emulator"
import { ChainContract, SourceContract } from "@tidemark/source-testing"
import { apple, key, respond, subject } from "./answers.ts"

const to = Date.UTC(2024, 3, 20)

SourceContract.suite("polygon", {
  plugin,
  config: { apiKey: key },
  request: { ...subject, timeframe: "1h", interval: { from: Date.UTC(2024, 0, 3), to } },
  respond: respond(to + 30 * 86_400_000),
  unknown: { symbol: "NOPE" },
  secrets: [key]
})

const now = Date.parse("2024-06-18T18:30:00Z")

ChainContract.suite("polygon", {
  plugin,
  config: { apiKey: key },
  subject,
  now,
  respond: respond(now),
  contracts: OptionMarket.make(apple, now)!.quotes.length,
  unknown: { symbol: "NOPE" },
  secrets: [key]
})
