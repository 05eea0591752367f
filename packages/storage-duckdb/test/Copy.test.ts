import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import {
  ActionStore,
  Candles,
  CandleStore,
  CorporateAction,
  Coverage,
  Gamma,
  GapLedger,
  Interval,
  OptionChain,
  QualityStore,
  type Series
} from "@tidemark/core"
import { Copy, Storage } from "@tidemark/storage"
import { PieceRows } from "@tidemark/storage/copy/Side"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import * as Options from "@tidemark/storage-testing/Options"
import { type Context, Effect, Layer, Random, Stream } from "effect"
import { SqlClient } from "effect/sql"

const minute = 60_000
const start = Date.UTC(2020, 0, 1)

const all: ReadonlyArray<Series.Series> = ["A/USD", "B/USD"].map((symbol) => ({
  source: "test",
  symbol,
  timeframe: "1m"
}))

/** An answer with holes for a random range; later answers revise earlier ones. */
const answer = Effect.fnUntraced(function* (series: Series.Series, at: number) {
  const from = start + (yield* Random.nextIntBetween(0, 80)) * minute
  const to = from + (yield* Random.nextIntBetween(1, 30)) * minute
  const times: Array<number> = []
  for (let time = from; time < to; time += minute) if ((yield* Random.nextIntBetween(0, 5)) > 0) times.push(time)
  const candles = Candles.allocate(times.length)
  const price = yield* Random.nextIntBetween(1, 4)
  for (const [i, time] of times.entries()) {
    candles.openTime[i] = time
    for (const column of [candles.open, candles.high, candles.low, candles.close]) column[i] = price
    candles.volume[i] = i
  }
  const expected = Float64Array.from({ length: (to - from) / minute }, (_, i) => from + i * minute)
  const holes = Candles.missingRuns(expected, candles.openTime).map((run) => ({
    from: expected[run.start]!,
    to: expected[run.end - 1]! + minute,
    opens: run.end - run.start
  }))
  const page: CandleStore.PageWrite = {
    series,
    provenance: "observed",
    interval: { from, to },
    candles,
    holes,
    countOpens: (interval) => (interval.to - interval.from) / minute,
    at,
    reason: "test"
  }
  return page
})

const inMemory = Layer.build(DuckDbStorage.connect({ path: ":memory:", mode: "write" })).pipe(
  Effect.provide(NodeServices.layer)
)

const storeOf = (context: Context.Context<Storage.Connection>) =>
  Effect.provide(CandleStore.CandleStore, Storage.over(Layer.succeedContext(context)))

/** Takes the oldest of every series away; what is fetched of it again leaves pruned runs between fetched ones. */
const pruneSome = Effect.fnUntraced(function* (store: CandleStore.CandleStore["Service"]) {
  for (const series of all) {
    const before = start + (yield* Random.nextIntBetween(20, 60)) * minute
    yield* store.prune(series, { before, at: 8_600, countOpens: ({ from, to }) => (to - from) / minute })
    yield* store.write([yield* answer(series, 8_700)])
  }
})

/** Everything that a store says of its history. */
const contentOf = Effect.fnUntraced(function* (context: Context.Context<Storage.Connection>) {
  const store = yield* storeOf(context)
  const whole = { from: start, to: start + 300 * minute }
  return yield* Effect.forEach(all, (series) =>
    Effect.all({
      coverage: store.coverage(series),
      revisions: store.revisions(series, whole),
      now: Stream.runCollect(store.read(series, whole)),
      before: Stream.runCollect(store.read(series, whole, { asOf: 4_500 }))
    })
  )
})

class Killed extends Error {}

describe("copy", () => {
  for (const seed of Array.from({ length: 8 }, (_, i) => `copy-${i}`)) {
    it.live(`in pieces of any size, stopped at any of them, ends as what it copies (${seed})`, () =>
      Effect.gen(function* () {
        const from = yield* inMemory
        const to = yield* inMemory
        const source = yield* storeOf(from)
        for (let at = 1; at <= 8; at++) {
          for (const series of all) yield* source.write([yield* answer(series, at * 1_000)])
        }
        yield* source.setListedAt(all[0]!, "observed", start)
        assert.isNotEmpty(
          yield* source.markStale(all[1]!, { since: start + 60 * minute, at: 8_500, storedBefore: 9_000 })
        )
        yield* pruneSome(source).pipe(Random.withSeed(`${seed}-pruned`))
        const content = yield* contentOf(from)
        assert.isNotEmpty(content.flatMap(({ coverage }) => coverage.pruned))
        const pieceRows = yield* Random.nextIntBetween(1, 12)
        for (let stops = 0; ; stops++) {
          let left = yield* Random.nextIntBetween(2, 8)
          const onProgress = () => (--left === 0 ? Effect.die(new Killed()) : Effect.void)
          const exit = yield* Copy.run({ from, to, onProgress }).pipe(
            Effect.provideService(PieceRows, pieceRows),
            Effect.catchDefect((defect) => (defect instanceof Killed ? Effect.succeed(undefined) : Effect.die(defect)))
          )
          for (const { coverage, rows } of yield* (yield* storeOf(to)).list) {
            assert.strictEqual(rows, Coverage.rows(coverage), "what is there is a history of its own")
            const beyond = Interval.difference(Interval.normalize(coverage.stale), Coverage.fetchedSet(coverage))
            assert.deepStrictEqual(beyond, [], "nothing is stale that is not there")
            const there = Interval.intersection(Interval.normalize(coverage.pruned), Coverage.fetchedSet(coverage))
            assert.deepStrictEqual(there, [], "nothing is pruned that is there")
          }
          if (exit === undefined) {
            assert.isBelow(stops, 200, "it does not go on from where it was")
            continue
          }
          break
        }
        assert.deepStrictEqual(yield* contentOf(to), content)
        // The source grows at its end; the next copy brings what is new.
        for (const series of all) {
          const grown = yield* answer(series, 9_000)
          const shift = 120 * minute
          yield* source.write([
            {
              ...grown,
              interval: { from: start + 110 * minute, to: grown.interval.to + shift },
              candles: { ...grown.candles, openTime: grown.candles.openTime.map((time) => time + shift) },
              holes: []
            }
          ])
        }
        yield* Copy.run({ from, to, onProgress: () => Effect.void }).pipe(Effect.provideService(PieceRows, pieceRows))
        assert.deepStrictEqual(yield* contentOf(to), yield* contentOf(from))
        const again = yield* Copy.run({ from, to, onProgress: () => Effect.void })
        assert.strictEqual(
          again.series.reduce((sum, series) => sum + series.copied, 0),
          0
        )
      }).pipe(Effect.scoped, Random.withSeed(seed))
    )
  }

  it.live("brings a series of which everything was pruned", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const source = yield* storeOf(from)
      yield* source.write(yield* Effect.forEach(all, (series) => answer(series, 1_000)))
      for (const series of all)
        yield* source.prune(series, { before: start + 300 * minute, at: 2_000, countOpens: () => 0 })
      for (const copied of [0, 1]) {
        const report = yield* Copy.run({ from, to, onProgress: () => Effect.void })
        assert.deepStrictEqual(
          report.series.map(({ candles }) => candles),
          [0, 0],
          `copy ${copied}`
        )
        assert.deepStrictEqual(yield* contentOf(to), yield* contentOf(from))
      }
    }).pipe(Effect.scoped, Random.withSeed("pruned"))
  )

  it.live("knows every table of the schema", () =>
    Effect.gen(function* () {
      const context = yield* inMemory
      const rows = yield* Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ name: string }>`SELECT table_name AS name FROM information_schema.tables
          WHERE table_type = 'BASE TABLE' AND table_name <> 'tidemark_migrations' ORDER BY 1`
      ).pipe(Effect.provide(context))
      assert.deepStrictEqual(
        rows.map((row) => row.name),
        [...Copy.tables, ...Copy.left].sort()
      )
    }).pipe(Effect.scoped)
  )

  it.live(
    "brings gaps, outages and findings with what was acknowledged, and leaves what the target has looked at",
    () =>
      Effect.gen(function* () {
        const from = yield* inMemory
        const to = yield* inMemory
        const storesOf = (context: Context.Context<Storage.Connection>) =>
          Effect.provide(
            Effect.all({ gaps: GapLedger.GapLedger, quality: QualityStore.QualityStore }),
            Storage.over(Layer.succeedContext(context))
          )
        const source = yield* storesOf(from)
        const target = yield* storesOf(to)
        const series = (symbol: string) => ({ source: "test", symbol, timeframe: "1h" }) as const
        const span = { from: start, to: start + 60 * minute }
        const gap = (symbol: string, evidence: string) => ({
          series: series(symbol),
          interval: span,
          missing: 1,
          cause: "unexplained" as const,
          evidence: [evidence],
          attempts: 3,
          nextAction: "ask"
        })
        const check = (symbol: string, evidence: string) => ({
          series: series(symbol),
          months: [
            {
              month: start,
              expected: 10,
              actual: 9,
              open: { unfetched: 0, "source-failure": 0, unexplained: 1 },
              hasAnomalies: true
            }
          ],
          findings: [{ kind: "spike", severity: "warning" as const, interval: span, evidence, figures: { ratio: 2 } }]
        })
        for (const symbol of ["AAA", "BBB"]) {
          yield* source.gaps.record([{ series: series(symbol), gaps: [gap(symbol, "of the source")] }], 1_000)
          yield* source.quality.record(check(symbol, "of the source"), 1_000)
          yield* source.quality.acknowledge(series(symbol), span, "right", 2_000)
        }
        yield* source.gaps.recordOutages("v", [{ ...span, venue: "v", origin: "inferred", evidence: "3 of 3" }], 1_000)
        yield* source.gaps.recordCandidates([
          {
            series: series("AAA"),
            source: "other",
            interval: span,
            missing: 1,
            has: 1,
            asked: { from: start - 100 * minute, to: start + 160 * minute },
            compared: 198,
            lacking: 2,
            differing: 3,
            medianOff: 0.000_2,
            tolerance: 0.001,
            basis: "prices as both give them",
            verdict: "uncompared",
            detail: "no splits",
            askedAt: 1_000
          }
        ])
        yield* target.gaps.record([{ series: series("BBB"), gaps: [gap("BBB", "of the target")] }], 5_000)
        yield* target.quality.record(check("BBB", "of the target"), 5_000)
        const copy = Copy.run({ from, to, onProgress: () => Effect.void })
        yield* copy
        yield* copy
        const gaps = yield* target.gaps.list
        assert.deepStrictEqual(
          gaps.map((one) => [one.series.symbol, one.evidence[0], one.detectedAt]),
          [
            ["AAA", "of the source", 1_000],
            ["BBB", "of the target", 5_000]
          ]
        )
        const findings = yield* target.quality.findings
        assert.deepStrictEqual(
          findings.map((one) => [one.series.symbol, one.evidence, one.acknowledged?.note]),
          [
            ["AAA", "of the source", "right"],
            ["BBB", "of the target", undefined]
          ]
        )
        assert.deepStrictEqual(yield* target.gaps.outages, yield* source.gaps.outages)
        assert.lengthOf(yield* target.gaps.candidates, 1)
        assert.deepStrictEqual(yield* target.gaps.candidates, yield* source.gaps.candidates)
        const months = yield* Effect.provide(
          Effect.flatMap(
            SqlClient.SqlClient,
            (sql) => sql<{ months: number }>`SELECT count(*)::INT AS months FROM data_quality`
          ),
          to
        )
        assert.strictEqual(months[0]!.months, 2)
      }).pipe(Effect.scoped)
  )

  it.live("brings option chains, gamma and models, and leaves what the target has but for outcomes it waits for", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const storesOf = (context: Context.Context<Storage.Connection>) =>
        Effect.provide(
          Effect.all({ chains: OptionChain.OptionChainStore, gamma: Gamma.GammaStore }),
          Storage.over(Layer.succeedContext(context))
        )
      const [source, target] = [yield* storesOf(from), yield* storesOf(to)]
      const written = (context: Context.Context<Storage.Connection>) =>
        Effect.provide(
          Effect.flatMap(
            SqlClient.SqlClient,
            (sql) => sql`SELECT symbol, method, g.timestamp, g.created_at, s.created_at AS signalled_at
              FROM gamma_snapshots g LEFT JOIN regime_signals s USING (symbol, source, method, timestamp) ORDER BY ALL`
          ),
          context
        )
      const [symbol, theirs] = [Options.fresh(), Options.fresh()]
      const chains = Array.from({ length: 70 }, (_, i) =>
        Options.chain({ symbol, at: Options.start + i * Options.hour })
      )
      yield* source.chains.keep(chains, 1_000)
      const years = Array.from({ length: 5 }, (_, i) =>
        Options.snapshot(symbol, Options.start + i * 200 * Options.day, { method: i === 3 ? "vendor" : "recomputed" })
      )
      const silent = Options.snapshot(symbol, Options.start + 1)
      yield* source.gamma.write(
        years.map((one) => Options.entry(one)),
        { replace: false, at: 1_000 }
      )
      yield* source.gamma.write([{ snapshot: silent, signal: undefined }], { replace: false, at: 2_000 })
      const model: Gamma.Model = {
        id: "a model",
        symbol,
        fittedOn: "synthetic",
        source: "test",
        from: 1,
        to: 2,
        rows: 3,
        coefficients: [0.1],
        rSquared: 0.5,
        lowest: -40e9,
        highest: 60e9,
        fittedAt: 4
      }
      yield* source.gamma.keepModel(model)
      const own = { ...Options.snapshot(theirs, Options.start), netGex: null }
      yield* target.gamma.write([Options.entry(own, { pattern: "NEUTRAL" })], { replace: false, at: 3_000 })
      const won = (one: Gamma.Snapshot) =>
        Options.signal(one, { outcome: "won", outcomePrice: 1, move: 2, resolvedAt: 3 })
      yield* source.gamma.write([{ snapshot: { ...own, netGex: 2 }, signal: won(own) }], { replace: false, at: 1_000 })

      const copy = Copy.run({ from, to, onProgress: () => Effect.void })
      assert.isFalse(yield* Copy.isEmpty(from))
      const first = yield* copy
      assert.deepStrictEqual([first.optionChains, first.gammaSnapshots], [70, 6])
      const all = { symbols: [symbol] }
      const kept = { chains: yield* target.chains.list({}), gamma: yield* target.gamma.snapshots(all) }
      assert.deepStrictEqual(kept, { chains: yield* source.chains.list({}), gamma: yield* source.gamma.snapshots(all) })
      assert.deepStrictEqual(yield* target.chains.read(chains[69]!), chains[69]!)
      assert.deepStrictEqual(yield* target.gamma.signals(all), yield* source.gamma.signals(all))
      assert.deepStrictEqual(yield* target.gamma.models(symbol), [model])
      const ofBoth = (rows: ReadonlyArray<object>) => rows.filter((row) => "symbol" in row && row.symbol === symbol)
      assert.deepStrictEqual(ofBoth(yield* written(to)), ofBoth(yield* written(from)))

      yield* source.gamma.resolve([won(years[0]!), won(years[4]!)])
      const second = yield* copy
      assert.deepStrictEqual([second.optionChains, second.gammaSnapshots], [0, 0])
      assert.deepStrictEqual(yield* target.gamma.signals(all), yield* source.gamma.signals(all))
      assert.lengthOf(yield* target.gamma.signals({ ...all, outcomes: ["won"] }), 2)
      assert.deepStrictEqual(yield* target.gamma.snapshots({ symbols: [theirs] }), [own])
      assert.deepStrictEqual(yield* target.gamma.signals({ symbols: [theirs] }), [
        Options.signal(own, { pattern: "NEUTRAL" })
      ])
    }).pipe(Effect.scoped)
  )

  it.live("brings corporate actions with what they replaced, and leaves what the target has asked later", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const actionsOf = (context: Context.Context<Storage.Connection>) =>
        Effect.provide(ActionStore.ActionStore, Storage.over(Layer.succeedContext(context)))
      const source = yield* actionsOf(from)
      const target = yield* actionsOf(to)
      const interval = { from: start, to: start + 366 * 86_400_000 }
      const split = (ratio: number) => new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: ratio })
      const put = (store: typeof source, symbol: string, ratio: number, at: number) =>
        store.put({ source: "test", symbol, interval, actions: [split(ratio)], at })
      yield* put(source, "AAA", 2, 1_000)
      yield* put(source, "AAA", 4, 2_000)
      yield* source.settle("test", "AAA", "2020-08-31", 2_500)
      yield* put(source, "BBB", 2, 1_000)
      yield* put(target, "BBB", 3, 5_000)
      yield* put(target, "CCC", 3, 5_000)
      const copy = Copy.run({ from, to, onProgress: () => Effect.void })
      assert.strictEqual((yield* copy).actions, 2)
      for (const asOf of [1_500, 2_500]) {
        const filter = { symbols: ["AAA"], asOf }
        assert.deepStrictEqual(yield* target.list(filter), yield* source.list(filter))
        assert.lengthOf(yield* target.list(filter), 1)
      }
      assert.deepStrictEqual(yield* target.asked({ symbols: ["AAA"] }), yield* source.asked({ symbols: ["AAA"] }))
      // Other candles may be there: whether they are in line with the split is not copied.
      const unsettled = yield* target.unsettled("test", "AAA")
      assert.sameDeepMembers(
        unsettled.map(({ action }) => action),
        [split(2), split(4)]
      )
      const others = yield* target.list({ symbols: ["BBB", "CCC"] })
      assert.deepStrictEqual(
        others.map(({ action }) => action),
        [split(3), split(3)]
      )
      assert.strictEqual((yield* copy).actions, 0)
    }).pipe(Effect.scoped)
  )

  it.live("takes nothing away that somebody else writes to the target meanwhile", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const pages = yield* Effect.forEach(all, (series) => answer(series, 1_000))
      yield* (yield* storeOf(from)).write(pages)
      const target = yield* storeOf(to)
      const others = yield* Effect.forEach(all, (series) => answer(series, 2_000))
      let written = false
      const onProgress = () => {
        if (written) return Effect.void
        written = true
        return Effect.orDie(Effect.asVoid(target.write(others)))
      }
      const error = yield* Effect.flip(Copy.run({ from, to, onProgress }))
      assert.include(error.message, "was written to by somebody else")
      const rows = (yield* target.list).map((entry) => entry.rows)
      assert.deepStrictEqual(
        rows,
        others.map((page) => Candles.length(page.candles))
      )
    }).pipe(Effect.scoped, Random.withSeed("meanwhile"))
  )

  it.live("of a source that is written to meanwhile takes what it knew, and the next copy the rest", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const source = yield* storeOf(from)
      const [series] = all as [Series.Series]
      const page = yield* answer(series, 1_000)
      yield* source.write([page])
      const shift = 200 * minute
      const later: CandleStore.PageWrite = {
        ...page,
        interval: { from: page.interval.to, to: page.interval.to + shift },
        candles: { ...page.candles, openTime: page.candles.openTime.map((time) => time + 40 * minute) },
        holes: [],
        at: 2_000
      }
      let written = false
      const onProgress = () => {
        if (written) return Effect.void
        written = true
        return Effect.orDie(Effect.asVoid(source.write([later])))
      }
      const first = yield* Copy.run({ from, to, onProgress })
      assert.strictEqual(first.series[0]!.candles, Candles.length(page.candles))
      yield* Copy.run({ from, to, onProgress })
      assert.deepStrictEqual(yield* contentOf(to), yield* contentOf(from))
    }).pipe(Effect.scoped, Random.withSeed("live source"))
  )

  it.live("refuses to go on in a history that is another", () =>
    Effect.gen(function* () {
      const from = yield* inMemory
      const to = yield* inMemory
      const onProgress = () => Effect.void
      const pages = yield* Effect.forEach(all, (series) => answer(series, 1_000))
      yield* (yield* storeOf(from)).write(pages)
      const [page] = pages
      const other = { ...page!, candles: { ...page!.candles, close: page!.candles.close.map((price) => price + 1) } }
      yield* (yield* storeOf(to)).write([other])
      const before = yield* contentOf(to)
      const error = yield* Effect.flip(Copy.run({ from, to, onProgress }))
      assert.strictEqual(error._tag, "CopyError")
      assert.include(error.message, "test A/USD 1m: has other candles")
      assert.deepStrictEqual(yield* contentOf(to), before)
    }).pipe(Effect.scoped, Random.withSeed("another"))
  )
})
