import { plugin } from "@tidemark/source-cboe"
import { ChainContract } from "@tidemark/source-testing"
import { index, marketOf, respond, share, spx, spy } from "./answers.ts"

const open = Date.parse("2024-06-18T18:30:00Z")
const sunday = Date.parse("2024-06-23T12:00:00Z")

ChainContract.suite("cboe, an index while it trades", {
  plugin,
  config: {},
  subject: spx,
  now: open,
  respond: respond(open),
  contracts: marketOf(index, open).quotes.length,
  unknown: { symbol: "^NOPE" }
})

ChainContract.suite("cboe, a share on a Sunday", {
  plugin,
  config: {},
  subject: spy,
  now: sunday,
  respond: respond(sunday),
  contracts: marketOf(share, sunday).quotes.length,
  unknown: { symbol: "NOPE" }
})
