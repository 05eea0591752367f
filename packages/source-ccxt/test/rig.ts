/** The engine's registry and its door, with little patience, over real HTTP to the emulator. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeWS from "@effect/platform-node/NodeWS"
import { Events, Policy, SourceHttp, SourceRegistry, SourceSockets } from "@tidemark/backfill"
import * as Fetch from "@tidemark/backfill/Fetch"
import { Calendars } from "@tidemark/calendars"
import { Candles, Interval, type Source } from "@tidemark/core"
import { type Dataset, Emulator } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import { Effect, Layer } from "effect"
import { hour, market } from "./answers.ts"

const policy: Policy.Policy = {
  ...Policy.defaults,
  requestDeadlineMillis: 1_500,
  retries: 2,
  malformedRetries: 1,
  backoffMillis: 5,
  maxBackoffMillis: 40,
  maxRetryAfterMillis: 4_000,
  breakerOpenMillis: 20
}

/** The emulator allows more than an exchange does. */
const unlimited: typeof plugin = {
  ...plugin,
  capabilitiesOf: (config) =>
    Effect.map(plugin.capabilitiesOf!(config), (capabilities) => ({
      ...capabilities,
      hosts: capabilities.hosts.map((host) => ({ ...host, budget: { limit: 10_000, windowMillis: 1_000 } }))
    }))
}

export const engine = Layer.unwrap(
  Effect.map(Emulator, ({ url }) =>
    SourceRegistry.SourceRegistry.layer([{ id: "ccxt", load: () => Promise.resolve(unlimited) }], {
      sections: {},
      variables: { CCXT_BASE_URL: url }
    })
  )
).pipe(
  Layer.provide(SourceSockets.SourceSockets.layer(Effect.succeed((url) => new NodeWS.WebSocket(url)))),
  Layer.provideMerge(SourceHttp.layer),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer),
  Layer.provideMerge(Layer.succeed(Policy.Policy, policy))
)

const thisHour = Math.floor(Date.now() / hour) * hour
/** Ends behind the unfinished hour: three pages of Coinbase, nearly all that Kraken keeps. */
export const range: Interval.Interval = { from: thisHour - 690 * hour, to: thisHour }
export const dataset = market("BTC/USD", "1h", thisHour - 5_000 * hour, thisHour + 100 * hour)

/** What an exchange really has, in the columns that ccxt gives. */
export const truth = (of: Dataset.Dataset, interval: Interval.Interval): Candles.Candles => {
  const { close, high, low, open, openTime, volume } = of.candles(Interval.intersect(interval, of.extent)!)
  return { openTime, open, high, low, close, volume }
}

export const request = (extra: Partial<Source.CandlesRequest> = {}): Source.CandlesRequest => ({
  symbol: "BTC/USD",
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1h",
  interval: range,
  ...extra
})

export const sourceOf = Effect.fnUntraced(function* (exchange: string) {
  const registry = yield* SourceRegistry.SourceRegistry
  return (yield* registry.get(`ccxt:${exchange}`)).source
})

/** What the engine gets of a range, and what stopped it, if anything did. */
export const fetched = Effect.fnUntraced(function* (exchange: string, asked: Source.CandlesRequest = request()) {
  const pages: Array<Source.CandlePage> = []
  const result = yield* Fetch.fetch({
    source: yield* sourceOf(exchange),
    series: { source: `ccxt:${exchange}`, symbol: asked.symbol, timeframe: asked.timeframe },
    request: asked,
    onPage: (page) => Effect.sync(() => void pages.push(page))
  }).pipe(Effect.result)
  const error = result._tag === "Failure" && result.failure._tag === "SourceError" ? result.failure : undefined
  return { candles: Candles.concat(pages.map((page) => page.candles)), pages, error }
})
