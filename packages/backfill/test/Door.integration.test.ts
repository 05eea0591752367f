/** What the one door does for every source: whom it leaves alone, for how long, and what it shows of a request. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Events, Policy, SourceHttp } from "@tidemark/backfill"
import { HttpReason, RequestBudgets, type Source } from "@tidemark/core"
import { Dataset, Emulator, Fault } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Clock, Context, Effect, Layer, PubSub, Redacted, Tracer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { minute, policy, start } from "./rig.ts"

const spot = "data-api.binance.vision"
const futures = "fapi.binance.com"
const usedHeader = "x-mbx-used-weight-1m"

const dataset = Dataset.cheap({ symbol: "BTCUSDT", interval: "1m", from: start, to: start + 20_000 * minute })
const klines = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=5"

const capabilities = (budget: Source.RequestBudget | undefined): Source.Capabilities => ({
  assetClasses: ["crypto"],
  timeframes: ["1m"],
  pageSize: 1_000,
  bytesPerCandle: 1,
  weightPerPage: 1,
  hosts: [{ name: spot, budget }, { name: futures }],
  lanes: 4,
  lagMillis: 0,
  adjustment: "none",
  provenance: "observed"
})

/** A client as a plugin gets it. */
const clientOf = Effect.fnUntraced(function* (budget?: Source.RequestBudget, account = "") {
  const { url } = yield* Emulator
  const { clientFor } = yield* SourceHttp.SourceHttp
  return clientFor({
    source: "test",
    capabilities: capabilities(budget),
    baseUrls: [{ variable: "BASE", hosts: [spot, futures] }],
    overrides: { BASE: url },
    account
  })
})

const door = SourceHttp.layerShared.pipe(
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer),
  Layer.provideMerge(Layer.succeed(Policy.Policy, { ...policy, maxRetryAfterMillis: 10_000 }))
)

const inMemory = Layer.provideMerge(door, RequestBudgets.RequestBudgets.layerMemory)

const emulator = (options: Partial<Parameters<typeof Emulator.layer>[0]> = {}) =>
  Emulator.layer({ datasets: [dataset], ...options })

/** When the provider was asked what, by path. */
const askedAt = (path: string) =>
  Effect.flatMap(Emulator, ({ requests }) =>
    Effect.map(requests, (all) => all.filter((request) => request.path === path).map(({ at }) => at))
  )

describe("a host that asks to be left alone", () => {
  for (const [name, fault] of [
    ["429", Fault.RateLimited({ retryAfterSeconds: 3 })],
    ["418", Fault.Banned({ retryAfterSeconds: 3 })]
  ] as const) {
    it.live(`${name}: all lanes leave it alone for as long, and no other host`, () =>
      Effect.gen(function* () {
        const client = yield* clientOf()
        yield* (yield* Emulator).inject(fault)
        const first = yield* client.get(`https://${spot}${klines}`)
        assert.strictEqual(first.status, Number(name))
        const lanes = Effect.forEach([1, 2, 3, 4], () => client.get(`https://${spot}${klines}`), {
          concurrency: "unbounded"
        })
        const other = Effect.forEach([1, 2, 3], () => client.get(`https://${futures}/fapi/v1/ping`))
        yield* Effect.all([lanes, other], { concurrency: 2 })
        const [refusedAt, ...later] = yield* askedAt("/api/v3/klines")
        assert.strictEqual(later.length, 4)
        // The provider's log is written before we hear of the refusal.
        for (const at of later) assert.isAtLeast(at - refusedAt!, 3_000)
        for (const at of yield* askedAt("/fapi/v1/ping")) assert.isBelow(at - refusedAt!, 2_000)
      }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
    )
  }

  it.live("for longer than anybody waits: it is told so at once, and not asked", () =>
    Effect.gen(function* () {
      const client = yield* clientOf()
      yield* (yield* Emulator).inject(Fault.Banned({ retryAfterSeconds: 600 }))
      yield* client.get(`https://${spot}${klines}`)
      const error = yield* Effect.flip(client.get(`https://${spot}${klines}`))
      assert.match(error.message, /left alone for another (599|600) s/)
      assert.strictEqual((yield* askedAt("/api/v3/klines")).length, 1)
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )

  it.live("because it has shut us out: that is known until it answers again", () =>
    Effect.gen(function* () {
      const client = yield* clientOf()
      const { list } = yield* RequestBudgets.RequestBudgets
      const isBanned = Effect.map(list, (budgets) => budgets.get(spot)?.banned ?? false)
      yield* (yield* Emulator).inject(Fault.Banned({ retryAfterSeconds: 1 }))
      yield* client.get(`https://${spot}${klines}`)
      assert.isTrue(yield* isBanned)
      yield* client.get(`https://${spot}${klines}`)
      assert.isFalse(yield* isBanned)
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )

  it.live("while requests wait for it to work again: none of them is sent into a ban", () =>
    Effect.gen(function* () {
      const client = yield* clientOf()
      const { inject } = yield* Emulator
      const failures = Fault.Reset({ match: { path: "/api/v3/klines" }, times: Policy.defaults.breakerFailures })
      yield* inject(failures, Fault.Banned({ retryAfterSeconds: 2, match: { path: "/api/v3/klines" } }))
      const ask = Effect.result(client.get(`https://${spot}${klines}`))
      yield* Effect.forEach(Array.from({ length: Policy.defaults.breakerFailures }), () => ask)
      // The breaker is open: one of these tries whether the host works again, and is told of the ban.
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => ask, { concurrency: "unbounded" })
      const all = (yield* (yield* Emulator).requests).filter(({ path }) => path === "/api/v3/klines")
      const banned = all.filter(({ status }) => status === 418)
      assert.lengthOf(banned, 1)
      const later = all.filter(({ at, status }) => status === 200 && at >= banned[0]!.at)
      assert.lengthOf(later, 5)
      for (const { at } of later) assert.isAtLeast(at - banned[0]!.at, 2_000)
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )

  it.live("by one key: another key's requests go on", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [yield* clientOf(undefined, "a"), yield* clientOf(undefined, "b")]
      yield* (yield* Emulator).inject(Fault.RateLimited({ retryAfterSeconds: 600 }))
      yield* mine.get(`https://${spot}${klines}`)
      yield* Effect.flip(mine.get(`https://${spot}${klines}`))
      assert.strictEqual((yield* theirs.get(`https://${spot}${klines}`)).status, 200)
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )
})

describe("a budget", () => {
  const windowMillis = 2_000
  const limit = 100
  const budget: Source.RequestBudget = { limit, windowMillis, usedHeader, weightOf: () => 2 }
  const strict = emulator({ weightLimit: limit, weightWindowMillis: windowMillis, banAfter: 0 })

  /** Asks `count` times in four lanes; the statuses. */
  const ask = (client: HttpClient.HttpClient, count: number) =>
    Effect.forEach(
      Array.from({ length: count }),
      () => Effect.map(client.get(`https://${spot}${klines}`), ({ status }) => status),
      { concurrency: 4 }
    )

  it.live("is spent, and never overspent, though every refusal would be a ban", () =>
    Effect.gen(function* () {
      const statuses = yield* ask(yield* clientOf(budget), 100)
      assert.deepStrictEqual([...new Set(statuses)], [200])
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, strict)))
  )

  it.live("that others spend from too is seen in the provider's header", () =>
    Effect.gen(function* () {
      const { url } = yield* Emulator
      const other = yield* HttpClient.HttpClient
      // Told to slow down, it does.
      const stranger = Effect.forEach(Array.from({ length: 20 }), () =>
        Effect.flatMap(other.get(`${url}/api/v3/ping`), ({ status }) =>
          Effect.sleep(status === 429 ? windowMillis : 20)
        )
      )
      const [statuses] = yield* Effect.all([ask(yield* clientOf(budget), 80), stranger], { concurrency: 2 })
      assert.isFalse(statuses.includes(418))
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.provideMerge(inMemory, emulator({ weightLimit: limit, weightWindowMillis: windowMillis, banAfter: 5 })),
          NodeHttpClient.layerUndici
        )
      )
    )
  )

  it.live("is one for all processes on a Postgres database, and so is a pause", () =>
    Effect.gen(function* () {
      const { database } = yield* PostgresServer.PostgresServer
      const url = Redacted.make(yield* database)
      // Each as a process has it: its own connections, its own door.
      const processOf = Layer.build(
        Layer.fresh(door).pipe(Layer.provide(PostgresStorage.layer({ url, label: "test", mode: "write" })))
      )
      const [first, second] = [yield* processOf, yield* processOf]
      const clients = [
        yield* Effect.provideContext(clientOf(budget), Context.merge(yield* Effect.context<Emulator>(), first)),
        yield* Effect.provideContext(clientOf(budget), Context.merge(yield* Effect.context<Emulator>(), second))
      ]
      const statuses = yield* Effect.forEach(clients, (client) => ask(client, 80), { concurrency: 2 })
      // Each would spend all of it alone; one or two may be late at the end of a window on a busy machine.
      assert.notInclude(statuses.flat(), 418)
      assert.isAtMost(statuses.flat().filter((status) => status === 429).length, 2)
      yield* (yield* Emulator).inject(Fault.Banned({ retryAfterSeconds: 600 }))
      yield* clients[0]!.get(`https://${spot}${klines}`)
      const error = yield* Effect.flip(clients[1]!.get(`https://${spot}${klines}`))
      assert.match(error.message, /left alone for another/)
      // That it was a ban, too.
      assert.deepInclude(HttpReason.ofError(error), { _tag: "RateLimited", banned: true })
    }).pipe(
      Effect.provide(
        Layer.merge(
          emulator({ weightLimit: limit, weightWindowMillis: windowMillis, banAfter: 5 }),
          PostgresServer.PostgresServer.layer
        )
      )
    )
  )
})

describe("what is seen of a request", () => {
  const secret = "planted-0123456789"

  it.live("holds no key, whether in a query, a header or a cookie: spans, events, errors", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const { pubsub } = yield* Events.Events
      const events = yield* PubSub.subscribe(pubsub)
      const client = yield* clientOf()
      const { inject } = yield* Emulator
      yield* inject(
        Fault.ServerError({ status: 500 }),
        Fault.Reset(),
        Fault.Truncate(),
        Fault.Stall({ after: "nothing" }),
        Fault.Redirect({ to: "http://127.0.0.1:1/?apiKey=planted" }),
        Fault.Html()
      )
      const request = HttpClientRequest.get(`https://${spot}${klines}&apiKey=${secret}&crumb=${secret}`).pipe(
        HttpClientRequest.bearerToken(secret),
        HttpClientRequest.setHeader("cookie", `A3=${secret}`)
      )
      const seen: Array<unknown> = []
      for (let i = 0; i < 8; i++) {
        const result = yield* Effect.result(client.execute(request)).pipe(Effect.provideService(Tracer.Tracer, tracer))
        if (result._tag === "Failure") seen.push(result.failure.message)
      }
      seen.push(yield* Effect.map(PubSub.takeUpTo(events, 1_000), (all) => JSON.stringify(all)))
      seen.push(...spans.map((span) => [span.name, ...span.attributes].join(" ")))
      assert.isAtLeast(spans.length, 8)
      assert.isTrue(spans.every((span) => span.name === "SourceHttp.request"))
      for (const text of seen) assert.notInclude(String(text), "planted")
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )
})

describe("a clock of ours that is ahead of the provider's", () => {
  it.live("is noticed, by the dates of its answers", () =>
    Effect.gen(function* () {
      const client = yield* clientOf()
      const ahead = Effect.fnUntraced(function* (millis: number) {
        const counter = SourceHttp.noRequests()
        const clock = yield* Clock.Clock
        const fast = (now: number) => now + millis
        yield* client.get(`https://${spot}${klines}`).pipe(
          Effect.provideService(SourceHttp.RequestCounter, counter),
          Effect.provideService(Clock.Clock, {
            sleep: (duration) => clock.sleep(duration),
            currentTimeMillisUnsafe: () => fast(clock.currentTimeMillisUnsafe()),
            currentTimeMillis: Effect.map(clock.currentTimeMillis, fast),
            currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
            currentTimeNanos: clock.currentTimeNanos,
            monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
            monotonicTimeNanos: clock.monotonicTimeNanos
          })
        )
        return counter.clockAheadMillis!
      })
      assert.strictEqual(yield* ahead(0), 0)
      const seen = yield* ahead(10_000)
      // At least what it is, at most the second more that a date hides.
      assert.isAtLeast(seen, 10_000)
      assert.isAtMost(seen, 11_000)
      assert.strictEqual(yield* ahead(-10_000), 0)
    }).pipe(Effect.provide(Layer.provideMerge(inMemory, emulator())))
  )
})
