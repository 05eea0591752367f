/** The engine's registry and its door, with little patience, over real HTTP to the emulator. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Events, Policy, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import * as Fetch from "@tidemark/backfill/Fetch"
import { Candles, type Interval, type Source } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-yahoo"
import { Effect, Layer, PubSub } from "effect"
import { apple, provider, subject } from "./answers.ts"

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

/** The emulator allows more than Yahoo is thought to. */
const unlimited: typeof plugin = {
  ...plugin,
  capabilities: {
    ...plugin.capabilities,
    hosts: plugin.capabilities.hosts.map(({ name }) => ({ name, budget: { limit: 10_000, windowMillis: 1_000 } }))
  }
}

export const engine = Layer.unwrap(
  Effect.map(Emulator, ({ url }) =>
    SourceRegistry.SourceRegistry.layer([{ id: "yahoo", load: () => Promise.resolve(unlimited) }], {
      sections: {},
      variables: { YAHOO_BASE_URL: url }
    })
  )
).pipe(
  Layer.provideMerge(SourceHttp.layer),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer),
  Layer.provideMerge(Layer.succeed(Policy.Policy, policy))
)

export const world = Layer.provideMerge(
  engine,
  Emulator.layer({ datasets: [], equities: [apple], providers: [provider] })
)

const today = Math.floor(Date.now() / 86_400_000) * 86_400_000
/** Three requests of minutes, and what Yahoo still has. */
export const range: Interval.Interval = { from: today - 21 * 86_400_000, to: today - 2 * 86_400_000 }

export const request = (extra: Partial<Source.CandlesRequest> = {}): Source.CandlesRequest => ({
  ...subject,
  timeframe: "1m",
  interval: range,
  ...extra
})

export const sourceAtHand = Effect.gen(function* () {
  const registry = yield* SourceRegistry.SourceRegistry
  return (yield* registry.get("yahoo")).source
})

/** What the engine gets of a range, what stopped it, if anything did, and what it told its listeners. */
export const fetched = (asked: Source.CandlesRequest = request()) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { pubsub } = yield* Events.Events
      const subscription = yield* PubSub.subscribe(pubsub)
      const pages: Array<Source.CandlePage> = []
      const result = yield* Fetch.fetch({
        source: yield* sourceAtHand,
        series: { source: "yahoo", symbol: asked.symbol, timeframe: asked.timeframe },
        request: asked,
        onPage: (page) => Effect.sync(() => void pages.push(page))
      }).pipe(Effect.result)
      const error = result._tag === "Failure" && result.failure._tag === "SourceError" ? result.failure : undefined
      const events = yield* PubSub.takeUpTo(subscription, Infinity)
      return { candles: Candles.concat(pages.map((page) => page.candles)), error, events }
    })
  )
