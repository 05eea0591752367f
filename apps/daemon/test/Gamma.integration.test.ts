/** Options in the daemon: what its API tells of them. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Gamma, Instrument, type Source } from "@tidemark/core"
import { GammaBackfill, type Simulator } from "@tidemark/gamma/history"
import { Backfill, SourceRegistry } from "@tidemark/backfill"
import { Reading } from "@tidemark/runtime"
import { Effect } from "effect"
import { database, problem, send, serve, settings, withStores } from "./serving.ts"

const at = (text: string): number => Date.parse(text)
const calendar = Calendars.get("XNYS")
const subject: Source.Subject = { symbol: "SPY", assetClass: "equity", calendar }
const interval = { from: at("2024-06-03"), to: at("2024-06-08") }
const symbol = "SPY"

/** A week of simulated chains. */
const week = Effect.gen(function* () {
  const { source } = yield* (yield* SourceRegistry.SourceRegistry).get("synthetic")
  const simulator: Simulator.Simulator = { source, subject }
  const instrument = new Instrument.Instrument({
    ...subject,
    calendar: "XNYS",
    sources: [{ source: "synthetic" }],
    active: true
  })
  const timeframes = ["1h", "1d"] as const
  const targets = timeframes.map((timeframe) => ({ instrument, timeframe }))
  yield* Backfill.run({ targets, window: { from: at("2024-03-01"), to: interval.to }, force: false, repair: false })
  return yield* GammaBackfill.run({
    symbol,
    calendar,
    interval,
    method: "recomputed",
    force: false,
    simulator,
    appliedBy: Reading.appliedBy
  })
})

describe("the API", () => {
  it.live(
    "tells the history in pages, the days, the newest chain by strike, and signals of what was observed alone",
    () =>
      Effect.gen(function* () {
        const given = settings(yield* database)
        yield* withStores(given)(week)
        const serving = yield* serve(given)
        const { ask } = serving
        // What was not observed is given to nobody who did not ask for it.
        for (const path of ["history", "daily", "profile"]) {
          const refused = yield* send(serving, { path: `/api/v1/gamma/${path}?symbol=SPY` })
          assert.include(problem(refused, 404), "provenance=synthetic")
        }
        const simulated = { provenance: ["synthetic"] as const }
        const whole = yield* ask(({ gamma }) => gamma.history({ query: { symbol, ...simulated } }))
        assert.lengthOf(whole.rows, 20)
        assert.isNull(whole.next)
        const rows = []
        let after: string | undefined
        do {
          const query = { symbol, ...simulated, limit: 7, ...(after === undefined ? {} : { after }) }
          const page = yield* ask(({ gamma }) => gamma.history({ query }))
          rows.push(...page.rows)
          after = page.next ?? undefined
        } while (after !== undefined)
        assert.deepStrictEqual(rows, whole.rows)
        const newest = yield* ask(({ gamma }) => gamma.history({ query: { symbol, ...simulated, last: 3 } }))
        assert.deepStrictEqual(newest, { rows: whole.rows.slice(-3), next: null })
        const tuesday = { start: at("2024-06-04"), end: at("2024-06-05") }
        assert.deepStrictEqual(
          (yield* ask(({ gamma }) => gamma.history({ query: { symbol, ...simulated, ...tuesday } }))).rows,
          whole.rows.slice(4, 8)
        )
        const days = yield* ask(({ gamma }) => gamma.daily({ query: { symbol, ...simulated, limit: 3 } }))
        assert.deepStrictEqual(
          days.rows.map(({ open_gex, session }) => [session, open_gex]),
          [0, 4, 8].map((i) => [whole.rows[i]!.session, whole.rows[i]!.net_gex])
        )
        const rest = yield* ask(({ gamma }) => gamma.daily({ query: { symbol, ...simulated, after: days.next! } }))
        assert.lengthOf(rest.rows, 2)

        const { expiries, profile, snapshot, strikes } = yield* ask(({ gamma }) =>
          gamma.profile({ query: { symbol, ...simulated } })
        )
        assert.deepStrictEqual(snapshot, whole.rows.at(-1)!)
        const sum = (all: ReadonlyArray<{ readonly call_gex: number; readonly put_gex: number }>) =>
          all.reduce((total, one) => total + one.call_gex + one.put_gex, 0)
        assert.approximately(sum(strikes), snapshot.net_gex!, 1e-9 * snapshot.gross_gex!)
        assert.approximately(sum(expiries), snapshot.net_gex!, 1e-9 * snapshot.gross_gex!)
        const open = (
          all: ReadonlyArray<{ readonly call_open_interest: number; readonly put_open_interest: number }>
        ) => all.reduce((total, one) => total + one.call_open_interest + one.put_open_interest, 0)
        assert.isAbove(open(expiries), 0)
        assert.strictEqual(open(expiries), open(strikes))
        assert.lengthOf(profile, 60)
        const earlier = yield* ask(({ gamma }) =>
          gamma.profile({ query: { symbol, ...simulated, at: at("2024-06-05T16:00Z") } })
        )
        assert.deepStrictEqual(earlier.snapshot, whole.rows[9]!)
        const implied = yield* ask(({ gamma }) => gamma.profile({ query: { symbol, ...simulated, method: "implied" } }))
        assert.deepInclude(implied.snapshot, { method: "implied", provenance: "synthetic" })

        assert.deepStrictEqual((yield* ask(({ gamma }) => gamma.signals({ query: {} }))).rows, [])
        assert.deepStrictEqual(yield* ask(({ gamma }) => gamma.performance({ query: {} })), [])
        const signals = yield* ask(({ gamma }) => gamma.signals({ query: simulated }))
        assert.lengthOf(signals.rows, 20)
        const performance = yield* ask(({ gamma }) => gamma.performance({ query: simulated }))
        assert.strictEqual(
          performance.reduce((total, { pending, resolved }) => total + pending + resolved, 0),
          20
        )

        // A key that no page has given has its place too.
        const place = (...parts: ReadonlyArray<unknown>) => Buffer.from(JSON.stringify(parts)).toString("base64url")
        const endless = { symbol, ...simulated, after: place(1e300, "", "", "", "") }
        assert.lengthOf((yield* ask(({ gamma }) => gamma.daily({ query: endless }))).rows, 0)
        const early = { symbol, ...simulated, after: place(-1e300, "", "", "") }
        assert.lengthOf((yield* ask(({ gamma }) => gamma.history({ query: early }))).rows, 20)

        const none = yield* send(serving, { path: "/api/v1/gamma/profile?symbol=QQQ" })
        assert.include(problem(none, 404), "tidemark gamma snapshot --symbol QQQ")
        assert.lengthOf((yield* ask(({ gamma }) => gamma.history({ query: { symbol: "QQQ" } }))).rows, 0)
        for (const path of [
          "history?symbol=SPY&after=nonsense",
          `history?symbol=SPY&after=${Buffer.from(JSON.stringify([0, "\0", "", ""])).toString("base64url")}`,
          "history?symbol=SPY&start=2024-02-01&end=2024-01-01",
          "history",
          "profile?symbol=SPY&method=model",
          "daily?symbol=SPY&limit=0"
        ]) {
          problem(yield* send(serving, { path: `/api/v1/gamma/${path}` }), 400)
        }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})

describe("what there is nothing of", () => {
  it.live(
    "is an empty page where it lies outside the range, and not found where it was not observed or has no chain",
    () =>
      Effect.gen(function* () {
        const given = settings(yield* database)
        yield* withStores(given)(
          Effect.gen(function* () {
            yield* week
            const store = yield* Gamma.GammaStore
            const [snapshot] = yield* store.snapshots({ symbols: [symbol], last: 1 })
            const changes = [
              { symbol, origin: "chain-observed", source: "cboe" },
              { symbol: "QQQ", origin: "modelled", method: "model", source: "yahoo" }
            ] as const
            const entries = changes.map((change) => ({ snapshot: { ...snapshot!, ...change }, signal: undefined }))
            yield* store.write(entries, { replace: false, at: interval.to })
          })
        )
        const serving = yield* serve(given)
        for (const path of ["history", "daily"]) {
          const early = yield* send(serving, { path: `/api/v1/gamma/${path}?symbol=SPY&end=2020-01-01` })
          assert.deepInclude(JSON.parse(early.body), { rows: [], next: null })
          const unasked = yield* send(serving, { path: `/api/v1/gamma/${path}?symbol=QQQ` })
          assert.include(problem(unasked, 404), "provenance=modelled")
        }
        const profile = Effect.fnUntraced(function* (query: string) {
          return problem(yield* send(serving, { path: `/api/v1/gamma/profile?${query}` }), 404)
        })
        assert.include(yield* profile("symbol=QQQ"), "its rows are modelled, and a model has no strikes")
        assert.include(yield* profile("symbol=QQQ&provenance=modelled"), "a model has no strikes")
        // It has a row that was observed; the chains are simulated.
        assert.include(yield* profile("symbol=SPY"), "provenance=synthetic")
        assert.include(
          yield* profile("symbol=SPY&provenance=synthetic&at=2020-01-01"),
          "2020-01-01T00:00Z or before; the newest is of 2024-06-07T19:45Z"
        )
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})

describe("pages of signals", () => {
  it.live(
    "have each of them once, however many are of one moment",
    () =>
      Effect.gen(function* () {
        const given = settings(yield* database)
        const symbols = Array.from({ length: 1_250 }, (_, i) => `S${String(i).padStart(4, "0")}`)
        yield* withStores(given)(
          Effect.gen(function* () {
            yield* week
            const store = yield* Gamma.GammaStore
            const newest = { symbols: [symbol], last: 1 }
            const [[snapshot], [signal]] = [yield* store.snapshots(newest), yield* store.signals(newest)]
            const entries = symbols.map((one): Gamma.Entry => ({
              snapshot: { ...snapshot!, symbol: one, origin: "chain-observed" },
              signal: signal!
            }))
            yield* store.write(entries, { replace: false, at: interval.to })
          })
        )
        const { ask } = yield* serve(given)
        const found: Array<string> = []
        let after: string | undefined
        do {
          const query = { limit: 60, ...(after === undefined ? {} : { after }) }
          const page = yield* ask(({ gamma }) => gamma.signals({ query }))
          found.push(...page.rows.map((row) => row.symbol))
          after = page.next ?? undefined
        } while (after !== undefined)
        assert.deepStrictEqual(found, symbols)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})
