/** Gamma snapshots with their signals: kept once or replaced, and summed by session. */
import { assert, type Vitest } from "@effect/vitest"
import { Gamma } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect } from "effect"
import { dateOf, day, entry, fresh, hour, hours, signal, snapshot, start, unknown } from "./Options.ts"

const write = (entries: ReadonlyArray<Gamma.Entry>, replace = false, at = start + day) =>
  Effect.flatMap(Gamma.GammaStore, (store) => store.write(entries, { replace, at }))
const snapshots = (selection: Gamma.Selection) =>
  Effect.flatMap(Gamma.GammaStore, (store) => store.snapshots(selection))
const signals = (selection: Gamma.SignalSelection) =>
  Effect.flatMap(Gamma.GammaStore, (store) => store.signals(selection))
const daily = (selection: Gamma.Selection<Gamma.DailyPlace>) =>
  Effect.flatMap(Gamma.GammaStore, (store) => store.daily(selection))
const query = (text: string) => Effect.flatMap(Query.Query, ({ run }) => run(text))

/** Whether a query of the user's sees these, and as many as `snapshots`, `signals` and `daily`. */
const counted = (symbol: string) =>
  Effect.map(
    query(`SELECT (SELECT count(*) FROM gamma_snapshots WHERE symbol = '${symbol}') AS snapshots,
      (SELECT count(*) FROM gex_history WHERE symbol = '${symbol}') AS gex,
      (SELECT count(*) FROM gamma_history WHERE symbol = '${symbol}') AS levels,
      (SELECT CAST(coalesce(sum(snapshots), 0) AS BIGINT) FROM gamma_daily_summary WHERE symbol = '${symbol}') AS daily,
      (SELECT count(*) FROM regime_signals WHERE symbol = '${symbol}') AS signals`),
    ([row]) => ["snapshots", "gex", "levels", "daily", "signals"].map((name) => Number(row![name]))
  )

/** Pearson's, by its definition; null where there are fewer than three pairs or one side stands still. */
const correlation = (pairs: ReadonlyArray<readonly [number, number]>): number | null => {
  const mean = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  const sum = (of: (pair: readonly [number, number]) => number) => pairs.reduce((total, pair) => total + of(pair), 0)
  const [aa, bb] = [sum(([x]) => (x - a) ** 2), sum(([, y]) => (y - b) ** 2)]
  return pairs.length < 3 || aa === 0 || bb === 0 ? null : sum(([x, y]) => (x - a) * (y - b)) / Math.sqrt(aa * bb)
}

const close = (actual: number | null, expected: number | null, what: string) =>
  expected === null || actual === null
    ? assert.strictEqual(actual, expected, what)
    : assert.closeTo(actual, expected, Math.abs(expected) * 1e-12 + 1e-9, what)

export const cases = (it: Vitest.MethodsNonLive<Gamma.GammaStore | Query.Query>): void => {
  it.effect("X01 every field of a snapshot and its signal comes back, and what is not known as null", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const full = snapshot(symbol, start + 1)
      const bare = snapshot(symbol, start + hour, { ...unknown, method: "vendor", origin: "synthetic" })
      const resolved = signal(full, { outcome: "won", outcomePrice: 480, move: 0.0164, resolvedAt: start + 4 * day })
      const vague = signal(bare, {
        price: null,
        rsi: [null, null, null, null, null],
        rsiScore: null,
        threshold: null,
        reasons: []
      })
      const entries = [
        { snapshot: full, signal: resolved },
        { snapshot: bare, signal: vague }
      ]
      assert.deepStrictEqual(yield* write(entries), { inserted: 2, replaced: 0, kept: 0 })
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), [full, bare])
      assert.deepStrictEqual(yield* signals({ symbols: [symbol] }), [resolved, vague])
    })
  )

  it.effect("X02 of a symbol, a source, a moment and a method there is one: what is there stays with its signal", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const first = snapshot(symbol, start)
      const others = [
        snapshot(symbol, start, { method: "vendor" }),
        snapshot(symbol, start, { source: "other" }),
        snapshot(symbol, start + 1)
      ]
      yield* write([entry(first)])
      const again = { ...first, netGex: 1 }
      assert.deepStrictEqual(yield* write([entry(again, { pattern: "NEUTRAL" }), ...others.map((one) => entry(one))]), {
        inserted: 3,
        replaced: 0,
        kept: 1
      })
      const found = yield* snapshots({ symbols: [symbol], methods: ["recomputed"], sources: ["contract"] })
      assert.deepStrictEqual(found, [first, others[2]!])
      assert.lengthOf(yield* signals({ symbols: [symbol], patterns: ["LIBERATION"] }), 4)
      // Twice in one call: as if they had come one after the other.
      const twice = [entry(snapshot(symbol, start + 9, { spot: 1 })), entry(snapshot(symbol, start + 9, { spot: 2 }))]
      assert.deepStrictEqual(yield* write(twice), { inserted: 1, replaced: 0, kept: 1 })
      assert.strictEqual((yield* snapshots({ symbols: [symbol], last: 1 }))[0]!.spot, 1)
    })
  )

  it.effect("X03 replacing puts a snapshot with its signal in place of both, and of no other", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const old = hours(symbol, 5)
      yield* write(old.map((one) => entry(one)))
      const renewed = snapshot(symbol, start + hour, { netGex: 7 })
      const silent = snapshot(symbol, start + 2 * hour, { netGex: 8 })
      const added = snapshot(symbol, start + 9 * hour)
      const result = yield* write(
        [entry(renewed, { pattern: "NEUTRAL" }), { snapshot: silent, signal: undefined }, entry(added)],
        true
      )
      assert.deepStrictEqual(result, { inserted: 1, replaced: 2, kept: 0 })
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), [
        old[0]!,
        renewed,
        silent,
        old[3]!,
        old[4]!,
        added
      ])
      assert.deepStrictEqual(
        (yield* signals({ symbols: [symbol] })).map(({ at, pattern }) => [(at - start) / hour, pattern]),
        [
          [0, "LIBERATION"],
          [1, "NEUTRAL"],
          [3, "LIBERATION"],
          [4, "LIBERATION"],
          [9, "LIBERATION"]
        ]
      )
      assert.deepStrictEqual(yield* counted(symbol), [6, 6, 6, 6, 5])
    })
  )

  it.effect("X04 all of a call or none", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const [first, ...rest] = hours(symbol, 4)
      yield* write([entry(first!)])
      const replacing = entry({ ...first!, netGex: 7 })
      const broken = entry(rest[2]!, { confidence: Number.NaN })
      const exit = yield* Effect.exit(write([replacing, ...rest.slice(0, 2).map((one) => entry(one)), broken], true))
      assert.strictEqual(exit._tag, "Failure")
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), [first!])
      assert.deepStrictEqual(yield* signals({ symbols: [symbol] }), [signal(first!)])
      yield* write(rest.map((one) => entry(one)))
      assert.deepStrictEqual(yield* counted(symbol), [4, 4, 4, 4, 4])
    })
  )

  it.effect("X05 gives what is selected, ascending, and of the newest only so many", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const other = fresh()
      const ours = hours(symbol, 6).map((one, i) => ({
        ...one,
        method: i % 2 === 0 ? ("recomputed" as const) : ("vendor" as const),
        origin: i < 3 ? ("chain-observed" as const) : ("synthetic" as const)
      }))
      yield* write(
        [...ours, ...hours(other, 2)].toReversed().map((one, i) => entry(one, i % 2 ? {} : { outcome: "lost" }))
      )
      const told = (selection: Gamma.Selection) =>
        Effect.map(snapshots({ symbols: [symbol], ...selection }), (found) =>
          found.map(({ at, symbol: of }) => `${of === symbol ? "" : "other "}${(at - start) / hour}`)
        )
      assert.deepStrictEqual(yield* told({}), ["0", "1", "2", "3", "4", "5"])
      assert.deepStrictEqual(yield* told({ last: 2 }), ["4", "5"])
      assert.deepStrictEqual(yield* told({ last: 0 }), [])
      assert.deepStrictEqual(yield* told({ first: 2 }), ["0", "1"])
      assert.deepStrictEqual(yield* told({ first: 0 }), [])
      assert.deepStrictEqual(yield* told({ last: 9, methods: ["vendor"] }), ["1", "3", "5"])
      assert.deepStrictEqual(yield* told({ origins: Gamma.observed }), ["0", "1", "2"])
      assert.deepStrictEqual(yield* told({ origins: [] }), [])
      assert.deepStrictEqual(yield* told({ sources: ["other"] }), [])
      assert.deepStrictEqual(yield* told({ interval: { from: start + hour, to: start + 3 * hour } }), ["1", "2"])
      assert.deepStrictEqual(yield* told({ symbols: [symbol, other], last: 6 }), ["1", "other 1", "2", "3", "4", "5"])
      const lost = yield* signals({ symbols: [symbol], outcomes: ["lost"], origins: ["synthetic"] })
      assert.deepStrictEqual(
        lost.map(({ at }) => (at - start) / hour),
        [3, 5]
      )
      assert.lengthOf(yield* signals({ symbols: [symbol], patterns: ["NEUTRAL"] }), 0)
      assert.lengthOf(yield* signals({ symbols: [symbol], patterns: ["NEUTRAL", "LIBERATION"], last: 4 }), 4)
    })
  )

  it.effect("X06 a session is told by its first and last snapshot, and by how exposure and price went together", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const of = (session: number, values: ReadonlyArray<readonly [number | null, number | null]>, change = {}) =>
        values.map(([netGex, spot], i) =>
          snapshot(symbol, start + session * day + i * hour, {
            netGex,
            spot,
            makerState: netGex === null ? null : netGex > 0 ? "long_gamma" : "short_gamma",
            ...change
          })
        )
      const rows = [
        ...of(0, [
          [2e9, 470],
          [-1e9, 465.5],
          [3.5e9, 471],
          [-2.5e9, 469.25]
        ]),
        ...of(1, [
          [0, 470],
          [1e9, 471]
        ]),
        ...of(2, [
          [-4e8, 470],
          [1e8, 470],
          [2e8, 470]
        ]),
        ...of(3, [
          [5e8, 470],
          [5e8, 471],
          [5e8, 472]
        ]),
        ...of(4, [
          [-1e9, 470],
          [null, 471],
          [2e9, 472],
          [1e9, null],
          [0.5e9, 474]
        ]),
        ...of(5, [
          [null, 470],
          [1e9, null]
        ]),
        ...of(6, [[1e9, 470]]),
        ...of(7, [
          [1e9, 470],
          [2e9, 470],
          [4e9, 470],
          [null, 471]
        ]),
        ...of(0, [[1, 2]], { method: "vendor" })
      ]
      yield* write(rows.toReversed().map((one) => entry(one)))
      const expected = [...Map.groupBy(rows, ({ method, session }) => `${session} ${method}`).values()]
        .map((group): Gamma.Daily => {
          const [first, last] = [group[0]!, group.at(-1)!]
          const change = first.netGex === null || last.netGex === null ? null : last.netGex - first.netGex
          return {
            symbol,
            source: "contract",
            method: first.method,
            origin: "chain-observed",
            session: first.session,
            snapshots: group.length,
            openGex: first.netGex,
            closeGex: last.netGex,
            change,
            changePercent: change === null || first.netGex === 0 ? null : (100 * change) / Math.abs(first.netGex!),
            openPrice: first.spot,
            closePrice: last.spot,
            priceCorrelation: correlation(
              group.flatMap(({ netGex, spot }) => (netGex === null || spot === null ? [] : [[netGex, spot] as const]))
            ),
            makerState: last.makerState
          }
        })
        .toSorted((a, b) => (a.session < b.session ? -1 : a.session > b.session ? 1 : a.snapshots - b.snapshots))
      const found = yield* daily({ symbols: [symbol] })
      const byCount = found.toSorted((a, b) =>
        a.session < b.session ? -1 : a.session > b.session ? 1 : a.snapshots - b.snapshots
      )
      assert.lengthOf(found, expected.length)
      for (const [i, one] of expected.entries()) {
        const { change, changePercent, priceCorrelation, ...rest } = one
        const { change: c, changePercent: p, priceCorrelation: r, ...others } = byCount[i]!
        assert.deepStrictEqual(others, rest)
        close(c, change, `${one.session} change`)
        close(p, changePercent, `${one.session} percent`)
        close(r, priceCorrelation, `${one.session} correlation`)
      }
      assert.isAtLeast(expected.filter(({ priceCorrelation }) => priceCorrelation !== null).length, 2)
      const sessions = found.map(({ session }) => session)
      assert.deepStrictEqual(sessions, sessions.toSorted())
      const some = { symbols: [symbol], methods: ["recomputed" as const] }
      assert.deepStrictEqual(
        (yield* daily({ ...some, last: 2 })).map(({ session }) => session),
        [dateOf(start + 6 * day), dateOf(start + 7 * day)]
      )
      // A session is whole or not there: it counts where its last snapshot does.
      assert.deepStrictEqual(
        (yield* daily({ ...some, interval: { from: start + hour, to: start + 2 * day + hour } })).map(
          ({ session, snapshots }) => [session, snapshots]
        ),
        [
          [dateOf(start), 4],
          [dateOf(start + day), 2]
        ]
      )
    })
  )

  it.effect("X16 what lies outside of the hours of a session counts to no session", () =>
    Effect.gen(function* () {
      const { daily, snapshots } = yield* Gamma.GammaStore
      const symbol = fresh()
      const rows = hours(symbol, 4).map((one, i) => (i === 3 ? { ...one, hours: "outside" as const } : one))
      yield* write(rows.map((one) => entry(one)))
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), rows)
      const [day, ...others] = yield* daily({ symbols: [symbol] })
      assert.deepStrictEqual([day!.snapshots, day!.closeGex, others.length], [3, rows[2]!.netGex, 0])
    })
  )

  it.effect("X07 the views agree with one another and with what a program reads", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const rows = [0, 1, 2].flatMap((i) => hours(symbol, 4, start + i * day))
      yield* write(rows.map((one) => entry(one)))
      const [sums] = yield* query(`SELECT
        (SELECT sum(net_gex) FROM gex_history WHERE symbol = '${symbol}') AS gex,
        (SELECT sum(net_gex) FROM gamma_history WHERE symbol = '${symbol}') AS levels,
        (SELECT sum(g.close_gex) FROM gamma_daily_summary g WHERE g.symbol = '${symbol}') AS closes,
        (SELECT sum(g.net_gex) FROM gex_history g JOIN gamma_daily_summary d ON d.symbol = g.symbol
          AND d.session = g.session AND d.source = g.source AND d.method = g.method AND d.close_at = g.timestamp
          WHERE g.symbol = '${symbol}') AS last`)
      const total = (of: ReadonlyArray<Gamma.Snapshot>) => of.reduce((sum, { netGex }) => sum + netGex!, 0)
      assert.deepStrictEqual([sums!["gex"], sums!["levels"]], [total(rows), total(rows)])
      const lasts = rows.filter((_, i) => i % 4 === 3)
      assert.deepStrictEqual([sums!["closes"], sums!["last"]], [total(lasts), total(lasts)])
      const [row] = yield* query(`SELECT g.provenance, g.maker_state, g.flip, l.flips, l.atm_iv, l.contracts, s.pattern,
          s.rsi_1h, s.outcome
        FROM gex_history g JOIN gamma_history l ON l.symbol = g.symbol AND l.timestamp = g.timestamp
        JOIN regime_signals s ON s.symbol = g.symbol AND s.timestamp = g.timestamp
        WHERE g.symbol = '${symbol}' AND g.session = DATE '2024-01-03' ORDER BY g.timestamp LIMIT 1`)
      assert.deepStrictEqual(
        { ...row, contracts: Number(row!["contracts"]) },
        {
          provenance: "chain-observed",
          maker_state: "long_gamma",
          flip: 465.125,
          flips: "[465.125,480.1]",
          atm_iv: 0.123_4,
          contracts: 3_000,
          pattern: "LIBERATION",
          rsi_1h: null,
          outcome: "pending"
        }
      )
    })
  )

  it.effect("X08 outcomes are written once, and only of what waits for them", () =>
    Effect.gen(function* () {
      const store = yield* Gamma.GammaStore
      const symbol = fresh()
      const made = hours(symbol, 4)
      yield* write(made.map((one, i) => entry(one, i === 0 ? { outcome: "lost", outcomePrice: 1 } : {})))
      const told = (one: Gamma.Snapshot, outcome: Gamma.Outcome) =>
        signal(one, { outcome, outcomePrice: 481.5, move: 0.02, resolvedAt: start + 5 * day })
      const [a, b, c] = made as [Gamma.Snapshot, Gamma.Snapshot, Gamma.Snapshot]
      const elsewhere = snapshot(fresh(), start)
      const asked = [told(a, "won"), told(b, "won"), told(c, "pending"), told(elsewhere, "won")]
      assert.strictEqual(yield* store.resolve(asked), 1)
      assert.strictEqual(yield* store.resolve(asked), 0)
      assert.strictEqual(yield* store.resolve([]), 0)
      const [first, second, third, fourth] = yield* signals({ symbols: [symbol] })
      assert.deepStrictEqual([first!.outcome, first!.outcomePrice], ["lost", 1])
      assert.deepStrictEqual(
        second,
        signal(b, { outcome: "won", outcomePrice: 481.5, move: 0.02, resolvedAt: start + 5 * day })
      )
      assert.deepStrictEqual([third!.outcome, fourth!.outcome], ["pending", "pending"])
    })
  )

  it.effect("X12 the outcome of a signal is not written to another that has taken its place meanwhile", () =>
    Effect.gen(function* () {
      const store = yield* Gamma.GammaStore
      const symbol = fresh()
      const [one, two] = hours(symbol, 2) as [Gamma.Snapshot, Gamma.Snapshot]
      yield* write([entry(one), entry(two)])
      const found = (yield* signals({ symbols: [symbol] })).map((made): Gamma.Signal => ({ ...made, outcome: "won" }))
      yield* write([entry(one, { direction: "bearish" })], true)
      assert.strictEqual(yield* store.resolve(found), 1)
      assert.deepStrictEqual(yield* signals({ symbols: [symbol] }), [
        signal(one, { direction: "bearish" }),
        signal(two, { outcome: "won" })
      ])
    })
  )

  it.effect("X13 what has no exposure gives way to what has one, with its signal, and to nothing else", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const [a, b, c] = hours(symbol, 3) as [Gamma.Snapshot, Gamma.Snapshot, Gamma.Snapshot]
      const bare = (one: Gamma.Snapshot, reason: string) => ({ ...one, netGex: null, reason })
      yield* write([entry(bare(a, "first")), entry(bare(b, "first")), entry(c)])
      const next = [entry(a, { pattern: "NEUTRAL" }), entry(bare(b, "second")), entry({ ...c, netGex: 7 })]
      assert.deepStrictEqual(yield* write(next), { inserted: 0, replaced: 1, kept: 2 })
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), [a, bare(b, "first"), c])
      assert.deepStrictEqual(
        (yield* signals({ symbols: [symbol] })).map(({ pattern }) => pattern),
        ["NEUTRAL", "LIBERATION", "LIBERATION"]
      )
      const other = fresh()
      const twice = [entry(bare({ ...a, symbol: other }, "first")), entry({ ...a, symbol: other })]
      assert.deepStrictEqual(yield* write(twice), { inserted: 1, replaced: 0, kept: 1 })
      assert.deepStrictEqual(yield* snapshots({ symbols: [other] }), [{ ...a, symbol: other }])
      assert.deepStrictEqual(yield* counted(other), [1, 1, 1, 1, 1])
    })
  )

  it.effect("X14 goes on behind a place, by texts' code points: many symbols of one moment, each once", () =>
    Effect.gen(function* () {
      // Not in the order of any dictionary: "a" comes behind "Z", and what is longer behind what it begins with.
      const group = fresh()
      const symbols = ["^Z", "Z", "a", "B/C", "B", "é", "_", ...Array.from({ length: 30 }, (_, i) => `S${i}`)]
      const sources = [`${group}-b`, `${group}-B`]
      const all = symbols.flatMap((symbol) =>
        sources.flatMap((source) =>
          (["vendor", "recomputed"] as const).map((method) => snapshot(`${symbol}`, start + 17, { source, method }))
        )
      )
      const later = snapshot("A", start + 2 * day, { source: sources[0]! })
      const rows = [later, ...all]
      yield* write(rows.map((one) => entry(one)))
      const compare = (a: ReadonlyArray<string | number>, b: ReadonlyArray<string | number>) => {
        const i = a.findIndex((part, at) => part !== b[at])
        return i === -1 ? 0 : a[i]! < b[i]! ? -1 : 1
      }
      const place = ({ at, method, source, symbol }: Gamma.Place): Gamma.Place => ({ at, symbol, source, method })
      const order = ({ at, method, source, symbol }: Gamma.Place) => [at, symbol, source, method]
      const expected = rows.map(place).toSorted((a, b) => compare(order(a), order(b)))
      const paged = Effect.fnUntraced(function* <Row, After>(
        read: (of: Gamma.Selection<After>) => Effect.Effect<ReadonlyArray<Row>, unknown, Gamma.GammaStore>,
        placeOf: (row: Row) => After
      ) {
        const found: Array<Row> = []
        for (;;) {
          const last = found.at(-1)
          const page = yield* read({
            sources,
            interval: { from: start, to: start + 9 * day },
            first: 10,
            after: last === undefined ? undefined : placeOf(last)
          })
          found.push(...page)
          if (page.length < 10) return found
        }
      })
      assert.deepStrictEqual((yield* paged(snapshots, place)).map(place), expected)
      assert.deepStrictEqual((yield* paged(signals, place)).map(place), expected)
      const dayPlace = ({ method, origin, session, source, symbol }: Gamma.DailyPlace): Gamma.DailyPlace => ({
        session,
        symbol,
        source,
        method,
        origin
      })
      assert.deepStrictEqual(
        (yield* paged(daily, dayPlace)).map(dayPlace),
        expected.map((one) => dayPlace({ ...one, session: dateOf(one.at), origin: "chain-observed" }))
      )
      // Behind a place where there is no row, and the newest of what is behind it.
      const [, , third] = expected
      assert.deepStrictEqual(
        (yield* snapshots({ sources, after: { ...third!, method: "s" as Gamma.Method }, first: 1 })).map(place),
        [expected[3]!]
      )
      assert.deepStrictEqual((yield* snapshots({ sources, after: third!, last: 1 })).map(place), [expected.at(-1)!])
      assert.deepStrictEqual(yield* snapshots({ sources, after: expected.at(-1)! }), [])
    })
  )

  it.effect("X15 counts signals by pattern, origin, method and outcome, of what is selected", () =>
    Effect.gen(function* () {
      const { counts } = yield* Gamma.GammaStore
      const symbol = fresh()
      const outcomes = ["won", "lost", "pending"] as const
      const rows = hours(symbol, 60).map((one, i) =>
        entry(i % 5 === 0 ? { ...one, method: "vendor", origin: "vendor-reported" } : one, {
          pattern: i % 2 === 0 ? "NEUTRAL" : "LIBERATION",
          outcome: outcomes[i % 3]!
        })
      )
      yield* write(rows)
      const told = (found: ReadonlyArray<Gamma.Count>) =>
        Object.fromEntries(
          found.map(({ signals, ...kind }) => [JSON.stringify(Object.entries(kind).toSorted()), signals])
        )
      for (const selection of [
        {},
        { patterns: ["NEUTRAL"] as const },
        { outcomes: ["won"] as const, origins: Gamma.observed },
        { methods: ["vendor"] as const, interval: { from: start + 7 * hour, to: start + 31 * hour } },
        { origins: ["synthetic"] as const }
      ]) {
        const found = yield* signals({ symbols: [symbol], ...selection })
        const groups = Map.groupBy(found, ({ method, origin, outcome, pattern }) =>
          JSON.stringify(Object.entries({ method, origin, outcome, pattern }).toSorted())
        )
        assert.deepStrictEqual(
          told(yield* counts({ symbols: [symbol], ...selection })),
          Object.fromEntries([...groups].map(([kind, of]) => [kind, of.length]))
        )
      }
    })
  )

  it.effect("X09 models come newest first, each once", () =>
    Effect.gen(function* () {
      const store = yield* Gamma.GammaStore
      const symbol = fresh()
      const model = (id: string, fittedAt: number): Gamma.Model => ({
        id: `${symbol} ${id}`,
        symbol,
        fittedOn: "chain-observed",
        source: "contract",
        from: start,
        to: start + day,
        rows: 252,
        coefficients: [0.1 + 0.2, -1e-12, 3],
        rSquared: 0.61,
        lowest: -40e9,
        highest: 60e9,
        fittedAt
      })
      const models = [model("a", start), model("b", start + 2 * day), model("c", start + day)]
      yield* Effect.forEach(models, store.keepModel)
      yield* store.keepModel({ ...models[0]!, rows: 1 })
      assert.deepStrictEqual(yield* store.models(symbol), [models[1]!, models[2]!, models[0]!])
      assert.deepStrictEqual(yield* store.models(fresh()), [])
    })
  )

  it.effect("X10 writers of the same moments at once leave each once", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const made = hours(symbol, 30)
      const results = yield* Effect.forEach(
        Array.from({ length: 6 }, (_, i) => i),
        (i) =>
          write(
            made.map((one) => entry({ ...one, spot: i })),
            i % 2 === 0
          ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(
        results.reduce((sum, { inserted }) => sum + inserted, 0),
        30
      )
      const found = yield* snapshots({ symbols: [symbol] })
      assert.lengthOf(found, 30)
      assert.lengthOf(new Set(found.map(({ spot }) => spot)), 1)
      assert.deepStrictEqual(yield* counted(symbol), [30, 30, 30, 30, 30])
    })
  )

  it.effect("X11 a thousand at once", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const made = hours(symbol, 1_000)
      assert.strictEqual((yield* write(made.map((one) => entry(one)))).inserted, 1_000)
      assert.strictEqual(
        (yield* write(
          made.map((one) => entry(one)),
          true
        )).replaced,
        1_000
      )
      const store = yield* Gamma.GammaStore
      assert.strictEqual(yield* store.resolve(made.map((one) => signal(one, { outcome: "won" }))), 1_000)
      assert.deepStrictEqual(yield* snapshots({ symbols: [symbol] }), made)
      assert.deepStrictEqual(yield* counted(symbol), [1_000, 1_000, 1_000, 1_000, 1_000])
    })
  )
}
