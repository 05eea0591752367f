/**
 * The product's door and its Binance source, asking for pages as fast as they
 * are let through, until it is killed.
 *
 * `spender.ts URL LIMIT WINDOW_MS LANES`; where `BENCH_DATABASE_URL` names a
 * database of Postgres the budget is shared through it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Events, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { RequestBudgets, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-binance"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Effect, Layer, Redacted, Stream } from "effect"

const [url, limit, windowMillis, lanes] = process.argv.slice(2) as [string, string, string, string]
const database = process.env["BENCH_DATABASE_URL"]

/** As the provider at hand allows, which is less than the real one does. */
const allowed: typeof plugin = {
  ...plugin,
  capabilitiesOf: (config) =>
    Effect.map(plugin.capabilitiesOf!(config), (capabilities) => ({
      ...capabilities,
      hosts: capabilities.hosts.map(({ budget, ...host }): Source.Host => ({
        ...host,
        budget: budget && { ...budget, limit: Number(limit), windowMillis: Number(windowMillis) }
      }))
    }))
}

const budgets =
  database === undefined
    ? RequestBudgets.RequestBudgets.layerMemory
    : PostgresStorage.layer({ url: Redacted.make(database), label: "bench", mode: "write" })

const registry = SourceRegistry.SourceRegistry.layer([{ id: "binance", load: () => Promise.resolve(allowed) }], {
  sections: { binance: { archive: "off" } },
  variables: { BINANCE_BASE_URL: url }
}).pipe(
  Layer.provide(SourceHttp.layerShared),
  Layer.provide(budgets),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer)
)

/** Pages without end; one that is refused is asked for again. */
const lane = Effect.gen(function* () {
  const { source } = yield* (yield* SourceRegistry.SourceRegistry).get("binance")
  const from = Date.UTC(2020, 0, 1)
  const request: Source.CandlesRequest = {
    symbol: "BTC/USDT",
    assetClass: "crypto",
    calendar: Calendars.get("24/7"),
    timeframe: "1m",
    interval: { from, to: from + 100_000 * 60_000 }
  }
  yield* Stream.runDrain(source.candles(request)).pipe(
    Effect.tapError(() => Effect.sleep(10)),
    Effect.ignore,
    Effect.forever
  )
})

await Effect.runPromise(
  Effect.forEach(Array.from({ length: Number(lanes) }), () => lane, { concurrency: "unbounded", discard: true }).pipe(
    Effect.provide(registry)
  )
)
