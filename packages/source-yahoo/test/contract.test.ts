import { plugin } from "@tidemark/source-yahoo"
import { SourceContract } from "@tidemark/source-testing"
import { respond, subject } from "./answers.ts"

const to = Date.UTC(2024, 0, 27)

SourceContract.suite("yahoo", {
  plugin,
  config: {},
  request: { ...subject, timeframe: "1m", interval: { from: Date.UTC(2024, 0, 3), to } },
  respond: respond(to + 86_400_000),
  unknown: { symbol: "NOPE" }
})
