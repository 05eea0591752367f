import { plugin } from "@tidemark/source-yahoo"
import { OptionMarket } from "@tidemark/emulator"
import { ChainContract, SourceContract } from "@tidemark/source-testing"
import { apple, cookie, crumb, respond, subject } from "./answers.ts"

const to = Date.UTC(2024, 0, 27)

SourceContract.suite("yahoo", {
  plugin,
  config: {},
  request: { ...subject, timeframe: "1m", interval: { from: Date.UTC(2024, 0, 3), to } },
  respond: respond(to + 86_400_000),
  unknown: { symbol: "NOPE" }
})

const now = Date.parse("2024-06-18T18:30:00Z")

ChainContract.suite("yahoo", {
  plugin,
  config: {},
  subject,
  now,
  respond: respond(now),
  contracts: OptionMarket.make(apple, now)!.quotes.length,
  unknown: { symbol: "NOPE" },
  secrets: [cookie, crumb]
})
