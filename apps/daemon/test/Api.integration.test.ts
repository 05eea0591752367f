/** Every endpoint as a program meets it: through the typed client, over a real server and a real database. */
import { assert, describe, it } from "@effect/vitest"
import type { Jobs } from "@tidemark/api"
import { Regime } from "@tidemark/regime/market"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, Redacted, Schema, Stream } from "effect"
import { database, problem, send, serve, type Serving, type Settings, settings } from "./serving.ts"

const day = 86_400_000
const hour = 3_600_000
const from = Date.UTC(2020, 0, 1)
const to = Date.UTC(2021, 0, 1)
const days = (to - from) / day
const symbol = "BTC/USDT"

const policies: Settings["policies"] = {
  calm: {
    kind: "market",
    symbol,
    weights: Object.fromEntries(Regime.all.map((regime) => [regime, { [symbol]: 0.5 }]))
  }
}

/** What a run says until its end, and its end. */
const followed = Effect.fnUntraced(function* ({ ask }: Serving, id: number) {
  const events = yield* ask(({ runs }) =>
    Effect.flatMap(runs.events({ params: { id } }), (stream) => Stream.runCollect(stream))
  )
  const last = events.at(-1)
  if (last?.type !== "end") return yield* Effect.die(`the events of run ${id} end with ${JSON.stringify(last)}`)
  return { lines: events.flatMap((one) => (one.type === "log" ? [one.line] : [])), run: last.run }
})

/** Does work once, and waits until it is done. */
const done = Effect.fnUntraced(function* (serving: Serving, payload: Jobs.Wanted) {
  const { id, status } = yield* serving.ask(({ runs }) => runs.start({ payload }))
  assert.strictEqual(status, "running")
  return yield* followed(serving, id)
})

const refused = <A, E extends { readonly _tag: string }>(asked: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(asked), ({ _tag }) => _tag)

const story = Effect.fnUntraced(function* (url: string) {
  const serving = yield* serve({ ...settings(url), policies })
  const { ask } = serving

  // Nothing is stored yet.
  assert.deepStrictEqual(yield* ask(({ coverage }) => coverage.coverage({ query: {} })), [])
  assert.strictEqual(
    yield* refused(ask(({ candles }) => candles.page({ query: { symbol, timeframe: "1d" } }))),
    "NotFound"
  )
  const kinds = { market: "market", structure: "structure" } as const
  assert.strictEqual(
    yield* refused(ask(({ regimes }) => regimes.current({ params: { kind: kinds.market }, query: { symbol } }))),
    "NotFound"
  )

  // Candles are fetched by a run that can be followed.
  const fetching = yield* done(serving, {
    symbols: [symbol],
    timeframes: ["4h", "1d"],
    source: "synthetic",
    start: "2020-01-01",
    end: "2021-01-01"
  })
  assert.deepInclude(fetching.run, { status: "succeeded", log: fetching.lines.join("\n") })
  assert.include(fetching.lines.at(-1), "2 series, 2 complete, 0 failed")
  assert.deepInclude(fetching.run.result as object, { series: 2, complete: 2, inserted: days * 7 })
  assert.deepStrictEqual(yield* followed(serving, fetching.run.id), fetching)

  const covered = yield* ask(({ coverage }) => coverage.coverage({ query: { symbols: [symbol], timeframes: ["1d"] } }))
  assert.lengthOf(covered, 1)
  assert.deepInclude(covered[0]!, {
    source: "synthetic",
    provenance: "synthetic",
    from,
    to,
    candles: days,
    recorded: days,
    missing: 0,
    unfetched: 0
  })
  assert.deepStrictEqual(
    yield* ask(({ coverage }) =>
      coverage.coverage({ query: { symbols: [symbol], timeframes: ["1d"], counted: true } })
    ),
    covered
  )
  assert.lengthOf(yield* ask(({ coverage }) => coverage.coverage({ query: { source: "binance" } })), 0)
  // What was said before anything was written is not said again.
  assert.lengthOf(yield* ask(({ coverage }) => coverage.coverage({ query: {} })), 2)
  assert.deepStrictEqual(yield* ask(({ coverage }) => coverage.gaps({ query: {} })), { gaps: [], next: null })
  const after = yield* ask(({ coverage }) =>
    coverage.gaps({ query: { timeframes: ["1d"], start: from - 5 * day, end: to, causes: ["unfetched"] } })
  )
  assert.deepStrictEqual(
    after.gaps.map(({ cause, from, missing, to }) => ({ cause, from, missing, to })),
    [{ cause: "unfetched", from: from - 5 * day, missing: 5, to: from }]
  )

  // Pages follow one another without a gap or a doublet, in every format.
  const unasked = yield* send(serving, { path: `/api/v1/candles?symbol=${symbol}&timeframe=1d` })
  assert.include(problem(unasked, 404), "`include=synthetic`")
  const early = `/api/v1/candles?symbol=${symbol}&timeframe=1d&include=synthetic&start=2019-12-30&end=2020-01-02`
  problem(yield* send(serving, { path: early }), 422)
  assert.strictEqual((yield* send(serving, { path: `${early}&allow_gaps=true` })).status, 200)
  const opens: Array<number> = []
  let start: number | undefined = from
  while (start !== undefined) {
    const page = yield* ask(({ candles }) =>
      candles.page({ query: { symbol, timeframe: "1d", include: "synthetic", start: start!, end: to, limit: 100 } })
    )
    if (typeof page !== "object" || !("columns" in page)) return yield* Effect.die("no columns")
    for (const { close, open_time, provenance, source } of page.columns) {
      assert.deepStrictEqual([source, provenance, close.length], ["synthetic", "synthetic", open_time.length])
      opens.push(...open_time)
    }
    start = page.next ?? undefined
  }
  assert.deepStrictEqual(
    opens,
    Array.from({ length: days }, (_, i) => from + i * day)
  )
  const rows = yield* ask(({ candles }) =>
    candles.page({
      query: { symbol: "btc/usdt", timeframe: "4h", resample: "1d", include: "synthetic", limit: 3, layout: "rows" }
    })
  )
  if (typeof rows !== "object" || !("rows" in rows)) return yield* Effect.die("no rows")
  assert.deepStrictEqual(
    rows.rows.map(({ timestamp }) => timestamp),
    [from, from + day, from + 2 * day]
  )
  assert.strictEqual(rows.next, from + 3 * day)
  const asFile = (format: string) =>
    send(serving, { path: `/api/v1/candles?symbol=BTC/USDT&timeframe=1d&include=synthetic&limit=10&format=${format}` })
  const next = "</api/v1/candles?symbol=BTC%2FUSDT&timeframe=1d&include=synthetic&limit=10&format="
  for (const [format, type, first] of [
    ["csv", "text/csv; charset=utf-8", "symbol,timeframe,timestamp,"],
    ["arrow", "application/vnd.apache.arrow.stream", "\ufffd"],
    ["parquet", "application/vnd.apache.parquet", "PAR1"]
  ] as const) {
    const { body, headers, status } = yield* asFile(format)
    assert.deepStrictEqual([status, headers["content-type"]], [200, type])
    assert.isTrue(body.startsWith(first), `${format}: ${body.slice(0, 60)}`)
    assert.strictEqual(headers["link"], `${next}${format}&start=2020-01-11T00%3A00Z>; rel="next"`)
  }

  // What follows from the candles.
  for (const work of ["features", "market", "structure"]) {
    const { run } = yield* done(serving, { work })
    assert.strictEqual(run.status, "succeeded", `${work}: ${run.log} ${JSON.stringify(run.result)}`)
  }
  const current = yield* ask(({ regimes }) => regimes.current({ params: { kind: "market" }, query: { symbol } }))
  assert.deepInclude(current, { symbol, timeframe: "1d", provenance: "synthetic", timestamp: to - day, known_at: to })
  assert.property(current.values, "confidence")
  const history = yield* ask(({ regimes }) =>
    regimes.history({ params: { kind: "structure" }, query: { symbol, start: to - 2 * day, limit: 5 } })
  )
  assert.deepStrictEqual(
    history.rows.map(({ timestamp }) => timestamp),
    Array.from({ length: 5 }, (_, i) => to - 2 * day + i * 4 * hour)
  )
  assert.strictEqual(history.next, to - 2 * day + 20 * hour)
  const performance = yield* ask(({ regimes }) =>
    regimes.performance({ params: { kind: "market" }, query: { symbol } })
  )
  const shares = Object.values(performance.share).reduce<number>((sum, share) => sum + (share ?? 0), 0)
  assert.closeTo(shares, 1, 1e-9)
  const distribution = yield* ask(({ regimes }) => regimes.distribution({ params: { kind: "market" }, query: {} }))
  assert.strictEqual(distribution.counts[current.regime!], 1)
  const allocation = yield* ask(({ regimes }) => regimes.allocation({ params: { policy: "calm" } }))
  assert.deepStrictEqual([allocation.regime, allocation.weights], [current.regime, { [symbol]: 0.5 }])
  assert.strictEqual(
    yield* refused(ask(({ regimes }) => regimes.allocation({ params: { policy: "nobody's" } }))),
    "NotFound"
  )

  // How the store is.
  const status = yield* ask(({ quality }) => quality.status({ query: {} }))
  assert.deepInclude(status, { series: 2, candles: days * 7, runs: 1, failed: 0 })
  assert.lengthOf(status.details, 2)
  assert.isNull((yield* ask(({ quality }) => quality.findings({ query: { all: true } }))).next)
  assert.isArray(yield* ask(({ alerts }) => alerts.list({ query: { all: true } })))
  const certificate = yield* ask(({ quality }) => quality.certificate({ query: { timeframes: ["1d"] } }))
  assert.lengthOf(certificate.series, 1)
  const again = yield* ask(({ quality }) => quality.certificate({ query: { timeframes: ["1d"] } }))
  assert.deepStrictEqual(again.series, certificate.series)
  const sources = yield* ask(({ sources }) => sources.list())
  assert.includeMembers(
    sources.map(({ id }) => id),
    ["binance", "synthetic"]
  )

  // The list of symbols.
  const listing = yield* ask(({ symbols }) => symbols.list())
  assert.isTrue(listing.built_in)
  const added = yield* ask(({ symbols }) => symbols.add({ payload: { symbol: "ETH/USDT", sources: ["synthetic"] } }))
  assert.deepInclude(added, { symbol: "ETH/USDT", sources: ["synthetic"], active: true })
  assert.strictEqual(yield* refused(ask(({ symbols }) => symbols.add({ payload: { symbol: "ETH/USDT" } }))), "Conflict")
  const changed = yield* ask(({ symbols }) =>
    symbols.change({ params: { symbol: "eth/usdt" }, payload: { active: false, listed: "2017-08-17" } })
  )
  assert.deepInclude(changed, { sources: ["synthetic"], active: false, listed: "2017-08-17" })
  assert.deepStrictEqual((yield* ask(({ symbols }) => symbols.list())).symbols, [changed])
  yield* ask(({ symbols }) => symbols.remove({ params: { symbol: "ETH/USDT" } }))
  assert.strictEqual(
    yield* refused(ask(({ symbols }) => symbols.remove({ params: { symbol: "ETH/USDT" } }))),
    "NotFound"
  )

  // Jobs.
  const job = yield* ask(({ jobs }) =>
    jobs.put({
      params: { name: "nightly" },
      payload: {
        work: "backfill",
        cron: "0 2 * * *",
        is_paused: true,
        settings: { symbols: [symbol], source: "synthetic" }
      }
    })
  )
  assert.deepInclude(job, { name: "nightly", is_paused: true, next_at: null, last_run: null })
  const woken = yield* ask(({ jobs }) =>
    jobs.change({ params: { name: "nightly" }, payload: { is_paused: false, settings: { days: 1 } } })
  )
  assert.deepInclude(woken, { cron: "0 2 * * *", settings: { days: 1 } })
  assert.strictEqual(woken.next_at! % day, 2 * hour)
  assert.deepStrictEqual(yield* ask(({ jobs }) => jobs.get({ params: { name: "nightly" } })), woken)
  for (const payload of [{ work: "nothing" }, { cron: "every day" }, { time_zone: "Atlantis" }]) {
    assert.strictEqual(
      yield* refused(ask(({ jobs }) => jobs.change({ params: { name: "nightly" }, payload }))),
      "BadRequestProblem"
    )
  }
  const names = (yield* ask(({ jobs }) => jobs.list())).map(({ name }) => name)
  assert.includeMembers(names, ["nightly", "incremental", "retention"])
  const looked = yield* ask(({ jobs }) => jobs.run({ params: { name: "gaps" } }))
  assert.strictEqual((yield* followed(serving, looked.id)).run.status, "succeeded")
  const { last_run } = yield* ask(({ jobs }) => jobs.get({ params: { name: "gaps" } }))
  assert.strictEqual(last_run?.id, looked.id)
  yield* ask(({ jobs }) => jobs.remove({ params: { name: "nightly" } }))
  assert.strictEqual(yield* refused(ask(({ jobs }) => jobs.get({ params: { name: "nightly" } }))), "NotFound")
  assert.deepStrictEqual(
    (yield* ask(({ runs }) => runs.list({ query: { job: "gaps" } }))).map(({ id }) => id),
    [looked.id]
  )
  assert.deepInclude(yield* ask(({ runs }) => runs.get({ params: { id: looked.id } })), { id: looked.id, job: "gaps" })
  assert.strictEqual(yield* refused(ask(({ runs }) => runs.get({ params: { id: 999_999 } }))), "NotFound")
  assert.strictEqual(yield* refused(ask(({ runs }) => runs.events({ params: { id: 999_999 } }))), "NotFound")
  assert.strictEqual(yield* refused(ask(({ runs }) => runs.cancel({ params: { id: looked.id } }))), "Conflict")

  // Keys, last: from the first on everybody needs one.
  const first = yield* ask(({ keys }) => keys.create({ payload: { name: "first", scope: "write" } }))
  const key = Redacted.make(first.key)
  assert.strictEqual(yield* refused(ask(({ keys }) => keys.list())), "Unauthorized")
  assert.deepStrictEqual(
    (yield* ask(({ keys }) => keys.list(), key)).map(({ id, revoked_at }) => [id, revoked_at]),
    [[first.id, null]]
  )
  assert.strictEqual(yield* refused(ask(({ keys }) => keys.revoke({ params: { id: "x" } }), key)), "NotFound")
  yield* ask(({ keys }) => keys.revoke({ params: { id: first.id } }), key)

  // The documentation, and what watchers ask.
  const { body, status: documented } = yield* send(serving, { path: "/openapi.json" })
  assert.strictEqual(documented, 200)
  const { paths } = Schema.decodeSync(
    Schema.fromJsonString(Schema.Struct({ paths: Schema.Record(Schema.String, Schema.Unknown) }))
  )(body)
  assert.isAtLeast(Object.keys(paths).length, 20)
  const page = yield* send(serving, { path: "/docs" })
  assert.include(page.headers["content-type"], "text/html")
  assert.notMatch(page.body, /(src|href)="https?:/)
  for (const path of ["/health/live", "/health/ready"]) {
    assert.strictEqual((yield* send(serving, { path })).body, '{"status":"ok"}')
  }
  problem(yield* send(serving, { path: "/health" }), 404)
})

describe("the API", () => {
  it.live("answers every question over DuckDB", () => Effect.flatMap(database, story), 120_000)

  it.live(
    "answers every question over Postgres",
    () =>
      Effect.flatMap(PostgresServer.PostgresServer, (server) => Effect.flatMap(server.database, story)).pipe(
        Effect.provide(PostgresServer.PostgresServer.layer)
      ),
    120_000
  )
})
