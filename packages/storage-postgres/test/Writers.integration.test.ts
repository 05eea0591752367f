/** Several writers at once: the same rows, no deadlock, no lost coverage. */
import { assert, it } from "@effect/vitest"
import { Candles, CandleStore, Coverage } from "@tidemark/core"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, Random, Stream } from "effect"
import { fetched, page, series, using, write } from "./rig.ts"

const { PostgresServer: Server } = PostgresServer

const symbols = ["A/USD", "B/USD", "C/USD"]

it.layer(Server.layer)("several writers", (it) => {
  it.effect("six processes that open an empty database at once make its schema once", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      const list = Effect.flatMap(CandleStore.CandleStore, (store) => store.list)
      const lists = yield* Effect.forEach(Array.from({ length: 6 }), () => using(url)(list), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(lists.flat(), [])
    })
  )

  it.effect("write the same series in any order, and end as one writer would", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      // Each writer has all pages of all series, in an order of its own, a few pages of each series a transaction.
      const writer = Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        for (let from = 0; from < 400; from += 20) {
          const shuffled = yield* Random.shuffle(
            symbols.flatMap((symbol) => [[symbol, from] as const, [symbol, from + 10] as const])
          )
          yield* store.write(shuffled.map(([symbol, at]) => page(at, 10, { series: series(symbol) })))
        }
      })
      yield* Effect.forEach([1, 2, 3, 4], (seed) => writer.pipe(using(url), Random.withSeed(seed)), {
        concurrency: "unbounded"
      })
      yield* Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const whole = page(0, 400)
        for (const symbol of symbols) {
          const of = series(symbol)
          assert.deepStrictEqual(yield* fetched(of), [400])
          assert.isTrue(
            Candles.equals(Candles.concat(yield* Stream.runCollect(store.read(of, whole.interval))), {
              ...whole.candles,
              quoteVolume: new Float64Array(400).fill(Number.NaN),
              trades: new Float64Array(400).fill(Number.NaN)
            })
          )
          assert.deepStrictEqual(yield* store.revisions(of, whole.interval), [])
        }
      }).pipe(using(url))
    })
  )

  it.effect("who works on a series alone keeps the others out, and no count goes wrong", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* using(url)(write(page(0, 10)))
      const readThenWrite = (from: number) =>
        Effect.gen(function* () {
          const store = yield* CandleStore.CandleStore
          yield* store.exclusively(
            series(),
            Effect.gen(function* () {
              const before = Coverage.rows(yield* store.coverage(series()))
              yield* store.write([page(from, 10)])
              assert.strictEqual(Coverage.rows(yield* store.coverage(series())), before + 10)
            })
          )
        }).pipe(using(url))
      yield* Effect.forEach([1, 2, 3, 4, 5, 6], (i) => readThenWrite(i * 10), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* using(url)(fetched()), [70])
    })
  )
})
