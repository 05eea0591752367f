import { Calendars } from "@tidemark/calendars"
import { Source } from "@tidemark/core"
import { Coinbase, Kraken } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import { SourceContract } from "@tidemark/source-testing"
import { Effect } from "effect"
import { hour, market, now, respondAs } from "./answers.ts"

const config = (exchange: string) => ({ exchange })
const configured = (exchange: string) => Effect.runPromise(Source.configured(plugin, config(exchange)))

const thisHour = Math.floor(now / hour) * hour
const datasets = [market("BTC/USD", "1h", thisHour - 10_000 * hour, thisHour + hour)]
// The suite's clock stands 34 hours behind the end, which is where the providers' stands.
const to = thisHour - 34 * hour

const request = (hours: number): Source.CandlesRequest => ({
  symbol: "BTC/USD",
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1h",
  interval: { from: to - hours * hour, to }
})

SourceContract.suite("ccxt:kraken", {
  plugin: await configured("kraken"),
  config: config("kraken"),
  request: request(600),
  respond: respondAs(Kraken, datasets),
  unknown: { symbol: "NOPE/USD" },
  skip: { C12: "Kraken serves one page in all, so that nothing can repeat" }
})

SourceContract.suite("ccxt:coinbaseexchange", {
  plugin: await configured("coinbaseexchange"),
  config: config("coinbaseexchange"),
  request: request(2_500),
  respond: respondAs(Coinbase, datasets),
  unknown: { symbol: "NOPE/USD" }
})
