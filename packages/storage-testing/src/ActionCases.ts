/** What every storage does with corporate actions, as cases of its contract. */
import { assert, type Vitest } from "@effect/vitest"
import { ActionStore, CorporateAction, Instant } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect, Option } from "effect"

const { Dividend, Earnings, Split } = CorporateAction

const date = (text: string) => Option.getOrThrow(Instant.parse(text))
const decade = { from: date("2020-01-01"), to: date("2030-01-01") }

const four = new Split({ exDate: "2020-08-31", from: 1, to: 4 })
const regular = new Dividend({
  exDate: "2020-11-06",
  amount: 0.205,
  currency: "USD",
  declared: "2020-10-29",
  recorded: "2020-11-09",
  paid: "2020-11-12"
})
const special = new Dividend({ exDate: "2020-11-06", amount: 3 })
const report = new Earnings({ exDate: "2020-10-29", estimate: 0.7, reported: 0.73 })
const all = [four, report, regular, special]

let symbols = 0
const fresh = () => `ACT${symbols++}`

const write = (symbol: string, options: Partial<ActionStore.ActionsWrite> = {}) =>
  Effect.flatMap(ActionStore.ActionStore, (store) =>
    store.put({ source: "contract", symbol, interval: decade, actions: all, at: 1_000, ...options })
  )

const listed = (symbol: string, filter: ActionStore.ActionFilter = {}) =>
  Effect.flatMap(ActionStore.ActionStore, (store) =>
    Effect.map(store.list({ symbols: [symbol], ...filter }), (found) => found.map(({ action }) => action))
  )

const nothing: ActionStore.ActionsResult = { added: [], changed: [], removed: [] }

export const cases = (it: Vitest.MethodsNonLive<ActionStore.ActionStore | Query.Query>): void => {
  it.effect("A01 actions come back as they were told, and the same answer again changes nothing", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      const first = yield* write(symbol)
      assert.deepStrictEqual([first.changed, first.removed], [[], []])
      assert.sameDeepMembers([...first.added], all)
      assert.deepStrictEqual(yield* write(symbol, { actions: all.toReversed(), at: 2_000 }), nothing)
      assert.deepStrictEqual(yield* listed(symbol), [four, report, regular, special])
      const store = yield* ActionStore.ActionStore
      const stored = yield* store.list({ symbols: [symbol] })
      assert.deepStrictEqual([...new Set(stored.map(({ knownAt }) => knownAt))], [1_000])
    })
  )

  it.effect("A02 what an answer no longer has or has otherwise is kept with the time it was replaced", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      yield* write(symbol)
      const raised = new Dividend({ ...special, amount: 4 })
      const result = yield* write(symbol, { actions: [four, regular, raised], at: 2_000 })
      assert.deepStrictEqual(result, { added: [], changed: [{ before: special, after: raised }], removed: [report] })
      assert.deepStrictEqual(yield* listed(symbol), [four, regular, raised])
      assert.deepStrictEqual(yield* listed(symbol, { asOf: 1_999 }), all)
      assert.deepStrictEqual(yield* listed(symbol, { asOf: 2_000 }), [four, regular, raised])
      assert.deepStrictEqual(yield* listed(symbol, { asOf: 999 }), [])
      const back = yield* write(symbol, { at: 3_000 })
      assert.deepStrictEqual(back, { added: [report], changed: [{ before: raised, after: special }], removed: [] })
      assert.deepStrictEqual(yield* listed(symbol, { asOf: 2_500 }), [four, regular, raised])
    })
  )

  it.effect("A03 an answer says nothing of dates outside its interval", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      yield* write(symbol)
      const interval = { from: date("2020-09-01"), to: date("2020-11-06") }
      assert.deepStrictEqual(yield* write(symbol, { interval, actions: [], at: 2_000 }), {
        ...nothing,
        removed: [report]
      })
      assert.deepStrictEqual(yield* listed(symbol), [four, regular, special])
      const outside = new Split({ exDate: "2021-01-04", from: 1, to: 2 })
      assert.deepStrictEqual(yield* write(symbol, { interval, actions: [outside], at: 3_000 }), nothing)
    })
  )

  it.effect("A04 sources and symbols do not mix", () =>
    Effect.gen(function* () {
      const store = yield* ActionStore.ActionStore
      const [symbol, other] = [fresh(), fresh()]
      yield* write(symbol)
      yield* write(other, { actions: [four] })
      yield* write(symbol, { source: "second", actions: [], at: 2_000 })
      assert.lengthOf(yield* listed(symbol), 4)
      assert.deepStrictEqual(yield* store.list({ symbols: [symbol], source: "second" }), [])
      assert.deepStrictEqual(yield* listed(other), [four])
      assert.deepStrictEqual(yield* store.list({ symbols: [] }), [])
    })
  )

  it.effect("A05 kinds and dates choose", () =>
    Effect.gen(function* () {
      const symbol = fresh()
      yield* write(symbol)
      assert.deepStrictEqual(yield* listed(symbol, { kinds: ["split", "earnings"] }), [four, report])
      assert.deepStrictEqual(yield* listed(symbol, { from: date("2020-10-29"), to: date("2020-11-06") }), [report])
    })
  )

  it.effect("A06 it is known what was asked: how far, since when, and when last", () =>
    Effect.gen(function* () {
      const store = yield* ActionStore.ActionStore
      const symbol = fresh()
      const asked = Effect.map(store.asked({ symbols: [symbol] }), (found) =>
        found.map(({ firstAt, interval, lastAt }) => ({ firstAt, interval, lastAt }))
      )
      assert.deepStrictEqual(yield* asked, [])
      const [a, b, c, d] = ["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"].map(date)
      const empty = (from: number, to: number, at: number) => write(symbol, { interval: { from, to }, actions: [], at })
      yield* empty(b!, c!, 1_000)
      assert.deepStrictEqual(yield* asked, [{ interval: { from: b!, to: c! }, firstAt: 1_000, lastAt: 1_000 }])
      yield* empty(c!, d!, 2_000)
      assert.deepStrictEqual(yield* asked, [{ interval: { from: b!, to: d! }, firstAt: 1_000, lastAt: 2_000 }])
      yield* empty(a!, d!, 3_000)
      assert.deepStrictEqual(yield* asked, [{ interval: { from: a!, to: d! }, firstAt: 3_000, lastAt: 3_000 }])
      // What lies between two answers was never asked.
      yield* empty(date("2025-01-01"), date("2026-01-01"), 4_000)
      assert.deepStrictEqual(
        (yield* asked).map(({ interval }) => interval),
        [{ from: date("2025-01-01"), to: date("2026-01-01") }]
      )
    })
  )

  it.effect("A07 a split is unsettled until it is settled, and again when it is told otherwise", () =>
    Effect.gen(function* () {
      const store = yield* ActionStore.ActionStore
      const symbol = fresh()
      yield* write(symbol)
      const unsettled = Effect.map(store.unsettled("contract", symbol), (found) =>
        found.map(({ action, knownAt, replacedAt }) => [action, knownAt, replacedAt])
      )
      assert.deepStrictEqual(yield* unsettled, [[four, 1_000, undefined]])
      assert.deepStrictEqual(yield* store.unsettled("other", symbol), [])
      yield* store.settle("contract", symbol, "2020-08-30", 2_000)
      yield* store.settle("contract", symbol, four.exDate, 999)
      assert.lengthOf(yield* unsettled, 1)
      yield* store.settle("contract", symbol, four.exDate, 2_000)
      yield* write(symbol, { at: 3_000 })
      assert.deepStrictEqual(yield* unsettled, [])
      const five = new Split({ ...four, to: 5 })
      yield* write(symbol, { actions: [five], at: 4_000 })
      // Candles may be in line with what was told before.
      assert.sameDeepMembers(
        [...(yield* unsettled)],
        [
          [four, 1_000, 4_000],
          [five, 4_000, undefined]
        ]
      )
      yield* store.settle("contract", symbol, four.exDate, 4_000)
      assert.deepStrictEqual(yield* unsettled, [])
      yield* write(symbol, { actions: [], at: 5_000 })
      assert.deepStrictEqual(yield* unsettled, [[five, 4_000, 5_000]])
    })
  )

  it.effect("A08 users read the table by name: dates are dates", () =>
    Effect.gen(function* () {
      const query = yield* Query.Query
      const symbol = fresh()
      yield* write(symbol)
      yield* write(symbol, { actions: [four, regular], at: 2_000 })
      const standing = yield* query.run(
        `SELECT kind, extract(year FROM ex_date) AS year, ratio_from, ratio_to, amount, currency, source
         FROM corporate_actions WHERE symbol = '${symbol}' AND replaced_at IS NULL AND ex_date > DATE '2020-01-01'
         ORDER BY ex_date`
      )
      assert.deepStrictEqual(
        standing.map((row): Readonly<Record<string, unknown>> => ({ ...row, year: Number(row["year"]) })),
        [
          { kind: "split", year: 2020, ratio_from: 1, ratio_to: 4, amount: null, currency: null, source: "contract" },
          {
            kind: "dividend",
            year: 2020,
            ratio_from: null,
            ratio_to: null,
            amount: 0.205,
            currency: "USD",
            source: "contract"
          }
        ]
      )
      const replaced = yield* query.run(
        `SELECT eps_estimate, eps_reported, declared_date, record_date, pay_date, known_at, replaced_at
         FROM corporate_actions WHERE symbol = '${symbol}' AND replaced_at IS NOT NULL`
      )
      assert.lengthOf(replaced, 2)
    })
  )
}
