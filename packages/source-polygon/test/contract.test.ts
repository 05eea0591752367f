import { plugin } from "@tidemark/source-polygon"
import { SourceContract } from "@tidemark/source-testing"
import { key, respond, subject } from "./answers.ts"

const to = Date.UTC(2024, 3, 20)

SourceContract.suite("polygon", {
  plugin,
  config: { apiKey: key },
  request: { ...subject, timeframe: "1h", interval: { from: Date.UTC(2024, 0, 3), to } },
  respond: respond(to + 30 * 86_400_000),
  unknown: { symbol: "NOPE" },
  secrets: [key]
})
