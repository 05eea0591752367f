/** Works of the daemon as somebody wants them: what they do, and how they say that they did not. */
import { assert, describe, it } from "@effect/vitest"
import type { Jobs } from "@tidemark/api"
import { ActionStore, CorporateAction } from "@tidemark/core"
import { Emulator, Equity } from "@tidemark/emulator"
import { Context, Effect, Layer } from "effect"
import { database, serve, type Serving, settings, withStores } from "./serving.ts"

/** Does work once, and waits until it is done. */
const done = Effect.fnUntraced(function* ({ ask }: Serving, payload: Jobs.Wanted) {
  const { id } = yield* ask(({ runs }) => runs.start({ payload }))
  for (;;) {
    const run = yield* ask(({ runs }) => runs.get({ params: { id } }))
    if (run.ended_at !== null) return run
    yield* Effect.sleep("20 millis")
  }
})

describe("the work `backfill`", () => {
  it.live(
    "says of what is older than it is kept that a prune would take it away, in its log and in that of the daemon",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve(settings(yield* database))
        const old = { symbols: ["BTC/USDT"], source: "synthetic", start: "2020-01-01", end: "2020-01-02" } as const
        const warned = yield* done(serving, { ...old, timeframes: ["1m"] })
        assert.strictEqual(warned.status, "succeeded", warned.log)
        for (const log of [warned.log, serving.log()]) {
          assert.include(log, "synthetic BTC/USDT 1m: 2020-01-01T00:00Z → 2020-01-02T00:00Z is older than")
          assert.include(log, "the next prune would take it away")
        }
        const kept = yield* done(serving, { ...old, timeframes: ["1d"] })
        assert.notInclude(kept.log, "prune")
      }),
    60_000
  )

  it.live(
    "that is cancelled counts only what it has fetched as asked for",
    () =>
      Effect.gen(function* () {
        const { ask } = yield* serve(settings(yield* database))
        const { id } = yield* ask(({ runs }) =>
          runs.start({
            payload: {
              symbols: ["BTC/USDT"],
              timeframes: ["1m"],
              source: "synthetic",
              start: "1990-01-01",
              end: "2020-01-01"
            }
          })
        )
        const covered = Effect.map(
          ask(({ coverage }) => coverage.coverage({ query: {} })),
          (rows) => rows[0]
        )
        while (((yield* covered)?.candles ?? 0) === 0) yield* Effect.sleep("10 millis")
        // It is asked for while it is wanted.
        assert.isAbove((yield* covered)!.unfetched, 10_000_000)
        yield* ask(({ runs }) => runs.cancel({ params: { id } }))
        const after = (yield* covered)!
        assert.isAbove(after.candles, 0)
        // Several pieces are fetched at a time: what is missing between them was asked for, what lies behind was not.
        assert.isBelow(after.unfetched, 1_000_000)
        const { gaps } = yield* ask(({ coverage }) => coverage.gaps({ query: {} }))
        assert.isTrue(gaps.every(({ to }) => to! <= after.to!))
      }),
    60_000
  )
})

describe("the work `actions`", () => {
  it.live(
    "asks for the actions of shares, keeps them, and names those that it cannot have",
    () =>
      Effect.gen(function* () {
        const apple = Equity.synthetic({
          symbol: "AAPL",
          actions: [new CorporateAction.Split({ exDate: "2024-06-10", from: 1, to: 4 })]
        })
        const emulator = Context.get(yield* Layer.build(Emulator.layer({ datasets: [], equities: [apple] })), Emulator)
        const given = {
          ...settings(yield* database),
          variables: { POLYGON_BASE_URL: emulator.url, POLYGON_API_KEY: "a-key", POLYGON_PLAN: "paid" }
        }
        yield* Effect.scoped(
          Effect.gen(function* () {
            const serving = yield* serve(given)
            const first = yield* done(serving, { work: "actions", symbols: ["AAPL"], source: "polygon" })
            assert.strictEqual(first.status, "succeeded", first.log)
            assert.deepInclude(first.result as object, { symbols: 1, failed: 0, added: 1 })
            const again = yield* done(serving, { work: "actions", symbols: ["AAPL"], source: "polygon" })
            assert.deepInclude(again.result as object, { added: 0, changed: 0, removed: 0 })
            const both = yield* done(serving, { work: "actions", symbols: ["AAPL", "BTC/USDT"], source: "polygon" })
            assert.strictEqual(both.status, "incomplete")
            assert.include(both.log, "BTC/USDT")
          })
        )
        const kept = yield* withStores(given)(
          Effect.flatMap(ActionStore.ActionStore, ({ list }) => list({ symbols: ["AAPL"] }))
        )
        assert.deepStrictEqual(
          kept.map(({ action }) => action.exDate),
          ["2024-06-10"]
        )
      }),
    60_000
  )
})

describe("the work `jump`", () => {
  it.live(
    "derives the model of every series that is long enough; a short one is a matter only where it is named",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve(settings(yield* database))
        for (const [symbol, start] of [
          ["BTC/USDT", "2015-01-01"],
          ["ETH/USDT", "2019-01-01"]
        ] as const) {
          const common = { timeframes: ["1d"], source: "synthetic", end: "2020-01-01" } as const
          const { status } = yield* done(serving, { ...common, symbols: [symbol], start })
          assert.strictEqual(status, "succeeded")
        }
        const all = yield* done(serving, { work: "jump" })
        assert.strictEqual(all.status, "succeeded", all.log)
        assert.include(all.log, "1 of 2 series have a model")
        const { inserted } = all.result as { readonly inserted: number }
        assert.isAbove(inserted, 1_260)
        // Nothing is new.
        assert.deepInclude((yield* done(serving, { work: "jump" })).result as object, { inserted: 0, updated: 0 })
        const named = yield* done(serving, { work: "jump", symbols: ["ETH/USDT"] })
        assert.strictEqual(named.status, "incomplete")
        assert.include(named.log, "no model: needs")
        const fitted = yield* done(serving, { work: "jump", symbols: ["BTC/USDT"], lambda: 5, train_end: "2017-01-01" })
        assert.strictEqual(fitted.status, "succeeded", fitted.log)
        assert.isAbove((fitted.result as { readonly updated: number }).updated, 0)
      }),
    60_000
  )

  it.live("is told nothing that means nothing to it", () =>
    Effect.gen(function* () {
      const { ask } = yield* serve(settings(yield* database))
      const refused = (payload: Jobs.Wanted) =>
        Effect.map(Effect.flip(ask(({ runs }) => runs.start({ payload }))), (error) =>
          "detail" in error ? String(error.detail) : String(error)
        )
      assert.include(yield* refused({ work: "jump", days: 5 }), "days means nothing to jump; it is for backfill")
      assert.include(yield* refused({ work: "market", lambda: 5 }), "it is for jump")
      assert.include(yield* refused({ work: "gaps", start: "2020-01-01" }), "start means nothing to gaps")
      assert.include(
        yield* refused({ work: "jump", train_start: "2020-01-01", train_end: "2019-01-01" }),
        "train_start 2020-01-01 is not before train_end 2019-01-01"
      )
    })
  )
})
