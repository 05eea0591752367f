/** The engine's registry and its door, with little patience, over real HTTP to the emulator. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Events, Policy, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import * as Fetch from "@tidemark/backfill/Fetch"
import { Candles, type Interval, type Source, type Timeframe } from "@tidemark/core"
import { Emulator, Massive } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-polygon"
import { Effect, Layer, PubSub } from "effect"
import { apple, key, subject, terms } from "./answers.ts"

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

/** The emulator allows more than any plan does. */
const unlimited: typeof plugin = {
  ...plugin,
  capabilitiesOf: (config) =>
    Effect.map(plugin.capabilitiesOf!(config), (capabilities) => ({
      ...capabilities,
      hosts: capabilities.hosts.map((host) => ({ ...host, budget: { limit: 10_000, windowMillis: 1_000 } }))
    }))
}

/** The real source, pointed at the emulator at hand. */
export const engineWith = (variables: Readonly<Record<string, string>>) =>
  Layer.unwrap(
    Effect.map(Emulator, ({ url }) =>
      SourceRegistry.SourceRegistry.layer([{ id: "polygon", load: () => Promise.resolve(unlimited) }], {
        sections: {},
        variables: { POLYGON_BASE_URL: url, POLYGON_PLAN: "paid", ...variables }
      })
    )
  ).pipe(
    Layer.provideMerge(SourceHttp.layer),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provideMerge(Events.Events.layer),
    Layer.provideMerge(Layer.succeed(Policy.Policy, policy))
  )

export const emulatorWith = (options: Massive.Options = {}) =>
  Emulator.layer({
    datasets: [],
    equities: [apple],
    providers: [Massive.providerWith({ ...terms, ...options })]
  })

export const world = Layer.provideMerge(engineWith({ POLYGON_API_KEY: key }), emulatorWith())

/** Four requests of the source, nearly all with a second page; a split, and days before and after it. */
export const range: Interval.Interval = { from: Date.UTC(2020, 5, 1), to: Date.UTC(2020, 9, 15) }

/** The columns that are neither rounded nor computed on the way. */
export const plain = ({ close, high, low, open, openTime, volume }: Candles.Candles): Candles.Candles => ({
  openTime,
  open,
  high,
  low,
  close,
  volume
})

/** What the share really did, in the prices of its days. */
export const truth = (timeframe: Timeframe.Timeframe, interval: Interval.Interval): Candles.Candles =>
  plain(apple.candles(timeframe, interval))

export const request = (extra: Partial<Source.CandlesRequest> = {}): Source.CandlesRequest => ({
  ...subject,
  timeframe: "1h",
  interval: range,
  ...extra
})

export const sourceAtHand = Effect.gen(function* () {
  const registry = yield* SourceRegistry.SourceRegistry
  return (yield* registry.get("polygon")).source
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
        series: { source: "polygon", symbol: asked.symbol, timeframe: asked.timeframe },
        request: asked,
        onPage: (page) => Effect.sync(() => void pages.push(page))
      }).pipe(Effect.result)
      const error = result._tag === "Failure" && result.failure._tag === "SourceError" ? result.failure : undefined
      const events = yield* PubSub.takeUpTo(subscription, Infinity)
      return { candles: Candles.concat(pages.map((page) => page.candles)), error, events }
    })
  )
