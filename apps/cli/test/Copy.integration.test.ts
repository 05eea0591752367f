/** `tidemark copy`: from DuckDB to Postgres and back, killed once on each way. */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Gamma, OptionChain } from "@tidemark/core"
import { PostgresServer } from "@tidemark/postgres"
import { Stores } from "@tidemark/runtime"
import * as Stored from "@tidemark/storage-testing/Options"
import { Effect } from "effect"
import { assertRefused } from "./refusal.ts"
import * as Market from "./market.ts"
import { contents, folder, type Options, parse, provider, query, type Row, run, spawn, until } from "./tidemark.ts"

interface CopyJson {
  readonly candles: number
  readonly copied: number
  readonly sync_entries: number
  readonly series: ReadonlyArray<Row & { readonly revisions: number }>
}

const minutes = 2_000_000
const seconds = 1_000

/** Two million minutes of one symbol, and a market of which one candle in seven was revised. */
const history = Effect.fnUntraced(function* (cwd: string, database: string) {
  const first = yield* provider({ datasets: Market.datasets() })
  const revised = yield* provider({ datasets: Market.datasets({ revised: true }) })
  const on = (url: string): Options => ({ cwd, env: { DATABASE_URL: database, BINANCE_BASE_URL: url } })
  const start = Date.UTC(2021, 0, 1)
  const end = new Date(start + minutes * 60_000).toISOString()
  const long = ["--symbols=LONG/USDT", "--timeframes=1m", "--source=synthetic", "--start=2021-01-01", `--end=${end}`]
  for (const [args, url] of [
    [["backfill", ...long], first.url],
    [Market.backfill, first.url],
    [[...Market.backfill, "--force"], revised.url]
  ] as const) {
    const ended = yield* run([...args, "--quiet"], on(url))
    assert.strictEqual(ended.code, 0, ended.stderr)
  }
  const added = yield* run(["symbols", "add", "SOL/USDT"], on(first.url))
  assert.strictEqual(added.code, 0, added.stderr)
})

const copy = (from: string, to: string) => ["copy", "--from", from, "--to", to, "--json"]

/** Kills the copy once something has arrived, then lets it finish. */
const killedOnce = Effect.fnUntraced(function* (
  from: string,
  to: string,
  options: Options,
  arrived: Effect.Effect<boolean>
) {
  const ended = yield* Effect.scoped(
    Effect.gen(function* () {
      const running = yield* spawn(copy(from, to), options)
      yield* until(arrived, (some) => some || !running.isAlive())
      yield* running.kill("SIGKILL")
      return yield* running.ended
    })
  )
  assert.strictEqual(ended.signal, "SIGKILL", `it ended before it was killed: ${ended.stderr}`)
  const again = yield* run(copy(from, to), options)
  assert.strictEqual(again.code, 0, again.stderr)
  const report = parse<CopyJson>(again)
  assert.isAbove(report.copied, 0)
  assert.isBelow(report.copied, report.candles, "what the killed copy brought is kept")
  return report
})

/** Everything of a DuckDB database that a user can see, by DuckDB's own means. */
const visible = (options: Options) =>
  Effect.all({
    values: query(
      `SELECT source, symbol, timeframe, provenance, count(*)::INTEGER AS candles,
        CAST(sum(hash(timestamp, open, high, low, close, volume, quote_volume, trades, ingested_at)) AS VARCHAR) AS hash
       FROM market_data GROUP BY ALL ORDER BY ALL`,
      options
    ),
    revisions: query(
      "SELECT symbol, count(*)::INTEGER AS n, CAST(sum(hash(r)) AS VARCHAR) AS hash FROM candle_revisions r GROUP BY 1 ORDER BY 1",
      options
    ),
    // Of a fetched run, only the last answer is kept: `first_ms` says nothing there.
    coverage: query(
      `SELECT s.symbol, s.timeframe, c.evidence, c.from_ms, c.to_ms, c.candles, c.confirmations, c.last_ms,
        CASE WHEN c.evidence = 'fetched' THEN NULL ELSE c.first_ms END AS first_ms
       FROM coverage c JOIN series s USING (series_id) ORDER BY ALL`,
      options
    ),
    symbols: query("SELECT * FROM symbols ORDER BY ALL", options),
    log: query("SELECT * FROM data_sync_log ORDER BY ALL", options)
  })

describe("copy", () => {
  it.live(
    "two million candles there and back, killed on each way, are the same to the last bit",
    () =>
      Effect.gen(function* () {
        const server = yield* PostgresServer.make()
        const cwd = yield* folder
        const [a, b, postgres] = ["duckdb:./a.duckdb", "duckdb:./b.duckdb", yield* server.database]
        yield* history(cwd, a)
        const options: Options = { cwd }
        const name = new URL(postgres).pathname.slice(1)
        const inPostgres = (sql: string) =>
          Effect.map(server.execute([sql], name), ([rows]) => Number(Object.values(rows![0]!)[0]))
        const there = yield* killedOnce(
          a,
          postgres,
          options,
          Effect.map(
            inPostgres("SELECT coalesce(max(n_live_tup), 0) FROM pg_stat_user_tables WHERE relname = 'candles'"),
            (rows) => rows > 200_000
          )
        )
        assert.strictEqual(there.candles, minutes + Market.candles)
        assert.strictEqual(there.candles, yield* inPostgres("SELECT count(*) FROM candles"))
        const back = yield* killedOnce(
          postgres,
          b,
          options,
          Effect.sync(() => existsSync(join(cwd, "b.duckdb")) && statSync(join(cwd, "b.duckdb")).size > 8_000_000)
        )
        const hashes = (report: CopyJson) => report.series.map((one) => ({ ...one, copied: 0 }))
        assert.deepStrictEqual(hashes(back), hashes(there))
        assert.strictEqual(
          back.series.reduce((sum, series) => sum + series.revisions, 0),
          Market.revisedCandles
        )
        const [before, after] = [
          yield* visible({ cwd, env: { DATABASE_URL: a } }),
          yield* visible({ cwd, env: { DATABASE_URL: b } })
        ]
        assert.deepStrictEqual(after, before)

        // A third copy has nothing to do, and what is not the same is not overwritten.
        const third = parse<CopyJson>(yield* run(copy(a, postgres), options))
        assert.deepStrictEqual({ copied: third.copied, log: third.sync_entries }, { copied: 0, log: 0 })
        yield* server.execute(["UPDATE candles SET close = close + 1 WHERE open_time = '2024-01-02'"], name)
        const refused = yield* run(copy(a, postgres), options)
        assertRefused(refused, 1, ["has other candles", "an empty database"])
      }).pipe(Effect.scoped),
    240 * seconds
  )

  it.live(
    "option chains, gamma, signals and models there and back are the same, and a second copy has nothing to do",
    () =>
      Effect.gen(function* () {
        const server = yield* PostgresServer.make()
        const cwd = yield* folder
        const [a, b] = ["a", "b"].map((name) => `duckdb:${join(cwd, name)}.duckdb`) as [string, string]
        const postgres = yield* server.database
        const on = (url: string) => Effect.provide(Stores.layer(url, "update"))
        const chains = Array.from({ length: 40 }, (_, i) =>
          Stored.chain({ symbol: "SPY", at: Stored.start + i * Stored.hour, contracts: Stored.quotes(500) })
        )
        const model: Gamma.Model = {
          id: "a model",
          symbol: "SPY",
          fittedOn: "chain-observed",
          source: "test",
          from: 1,
          to: 2,
          rows: 3,
          coefficients: [0.1 + 0.2, -1],
          rSquared: 0.5,
          lowest: -40e9,
          highest: 60e9,
          fittedAt: 4
        }
        yield* Effect.gen(function* () {
          const gamma = yield* Gamma.GammaStore
          yield* (yield* OptionChain.OptionChainStore).keep(chains, 1_000)
          const entries = Stored.hours("SPY", 300).map((one) => Stored.entry(one))
          yield* gamma.write(entries, { replace: false, at: 2_000 })
          const bare = Stored.snapshot("SPY", Stored.start + 1, Stored.unknown)
          yield* gamma.write([{ snapshot: bare, signal: undefined }], { replace: false, at: 3_000 })
          yield* gamma.keepModel(model)
        }).pipe(Effect.provide(Stores.layer(a, "write")))
        const told = Effect.gen(function* () {
          const gamma = yield* Gamma.GammaStore
          const store = yield* OptionChain.OptionChainStore
          return {
            chains: yield* store.list({}),
            read: yield* Effect.forEach(chains, store.read),
            snapshots: yield* gamma.snapshots({}),
            signals: yield* gamma.signals({}),
            models: yield* gamma.models("SPY")
          }
        })
        const counts = (from: string, to: string) =>
          Effect.map(run(copy(from, to), { cwd }), (ended) => {
            assert.strictEqual(ended.code, 0, ended.stderr)
            const { gamma_snapshots, option_chains } = parse<Row>(ended)
            return [option_chains, gamma_snapshots]
          })
        assert.deepStrictEqual(yield* counts(a, postgres), [40, 301])
        assert.deepStrictEqual(yield* counts(postgres, b), [40, 301])
        assert.deepStrictEqual(yield* counts(a, postgres), [0, 0])
        const there = yield* on(a)(told)
        assert.deepStrictEqual([there.snapshots.length, there.signals.length, there.models], [301, 300, [model]])
        assert.deepStrictEqual(there.read, chains)
        assert.deepStrictEqual(yield* on(postgres)(told), there)
        assert.deepStrictEqual(yield* on(b)(told), there)
        const shown = yield* run(["query", "SELECT data FROM option_chains LIMIT 1"], { cwd, env: { DATABASE_URL: b } })
        assert.match(shown.stdout, /^[\d,]+ bytes$/m)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60 * seconds
  )

  it.live("refuses what makes no sense, and makes nothing", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const before = yield* contents(cwd)
      const same = yield* run(copy("duckdb:./a.duckdb", "./a.duckdb"), { cwd })
      assertRefused(same, 2, ["the same database"])
      const nothing = yield* run(copy("duckdb:./a.duckdb", "duckdb:./b.duckdb"), { cwd })
      assertRefused(nothing, 2, ["There is no database duckdb:./a.duckdb to copy"])
      assert.deepStrictEqual(yield* contents(cwd), before)
    }).pipe(Effect.scoped)
  )
})
