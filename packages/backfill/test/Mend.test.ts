/** Whatever another tool does to the table: nothing is adopted, nothing is lost, and asking again brings all back. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Mend, Verify } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Candles, CandleStore, Coverage, Damage, Interval, type Series } from "@tidemark/core"
import { Storage } from "@tidemark/storage"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer, Random, Stream } from "effect"
import { SqlClient } from "effect/sql"

const connection = DuckDbStorage.connect({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))
const layer = Layer.merge(Storage.over(connection), connection)

const calendar = Calendars.get("24/7")
const hour = 3_600_000
const start = Date.UTC(2024, 0, 1)
const range = (from: number, to: number): Interval.Interval => ({ from: start + from * hour, to: start + to * hour })
const series: Series.Series = { source: "test", symbol: "BTC/USDT", timeframe: "1h" }

/** What the source answers: two ranges, with holes, and in the second some rows off the grid, one of them in a hole. */
const ranges = [range(0, 60), range(80, 140)]
/** In the second a page ends in the middle of a candle, as those of a file do. */
const pages = ranges.flatMap((one) => Interval.splitAt(one, [start + 100.5 * hour + 1]))
const lacking = new Set([10, 11, 12, 40, 100, 101])
const answeredOffGrid = [110.25, 110.5, 100.5]

const answer = (interval: Interval.Interval): Candles.Candles => {
  const opens = [...calendar.openTimes("1h", interval)].filter((open) => !lacking.has((open - start) / hour))
  const off = answeredOffGrid.map((at) => start + at * hour).filter((open) => Interval.contains(interval, open))
  const times = Float64Array.from([...opens, ...off]).sort()
  const candles = Candles.allocate(times.length)
  for (const column of Candles.required) candles[column].fill(1)
  candles.openTime.set(times)
  return candles
}

const fetch = Effect.flatMap(CandleStore.CandleStore, (store) =>
  store.write(
    pages.map((interval) => {
      const candles = answer(interval)
      return {
        series,
        provenance: "observed",
        interval,
        candles,
        holes: Damage.holes(calendar, "1h", interval, candles.openTime),
        countOpens: (one) => calendar.countOpens("1h", one),
        at: 1_000,
        reason: "test"
      }
    })
  )
)

const all = Candles.concat(ranges.map(answer))

const stored = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  return Candles.concat(yield* Stream.runCollect(store.read(series, Damage.everything)))
})

const kept = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ at: number; open: number }>`SELECT extract(epoch FROM open_time) AS at, open
    FROM stray_candles ORDER BY open_time`
  return rows.map(({ at, open }) => ({ hour: (at * 1_000 - start) / hour, isForeign: open !== 1 }))
})

/** An hour of the grid or beside it, in what is fetched, between, or beyond. */
const place = Effect.gen(function* () {
  const at = yield* Random.nextIntBetween(-20, 170)
  return (yield* Random.nextIntBetween(0, 3)) === 0 ? at + 0.25 : at
})

const text = (at: number) => new Date(start + at * hour).toISOString().replace("T", " ").slice(0, -1)

const tampering: Effect.Effect<string> = Effect.gen(function* () {
  const [from, to] = [yield* place, yield* place]
  const is = `open_time = TIMESTAMP '${text(from)}'`
  const insert = `INSERT INTO candles SELECT series_id, TIMESTAMP '${text(to)}', 2, 2, 2, 2, 2, NULL, NULL, ingested_at
    FROM candles ORDER BY open_time LIMIT 1`
  return [
    `DELETE FROM candles WHERE ${is}`,
    insert,
    `UPDATE candles SET open_time = TIMESTAMP '${text(to)}' WHERE ${is}`,
    `INSERT INTO candles SELECT * FROM candles WHERE ${is}`
  ][yield* Random.nextIntBetween(0, 3)]!
})

describe("a table that something else has changed", () => {
  for (const seed of Array.from({ length: 40 }, (_, i) => i)) {
    it.effect(`is mended, whatever was done to it (${seed})`, () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const sql = yield* SqlClient.SqlClient
        yield* fetch
        const ledger = yield* store.coverage(series)
        for (let i = yield* Random.nextIntBetween(1, 5); i > 0; i--) yield* sql.unsafe(yield* tampering)
        const before = Candles.length(yield* stored)
        yield* store.exclusively(series, Mend.whole(series, calendar))
        const after = yield* stored
        const coverage = yield* store.coverage(series)
        // Nothing is gone, nothing of another is left, and the ledger counts what is there.
        assert.strictEqual(Candles.length(after) + (yield* kept).length, before)
        assert.isTrue(after.open.every((price) => price === 1))
        assert.strictEqual(Coverage.rows(coverage), Candles.length(after))
        assert.deepStrictEqual(yield* Damage.look(series, calendar, coverage, [Damage.everything]), Damage.none)
        // The ledger learns nothing from the table.
        const more = Interval.difference(Coverage.fetchedSet(coverage), Coverage.fetchedSet(ledger))
        assert.deepStrictEqual(more, [])
        assert.isTrue(
          coverage.empty.every((run) => ledger.empty.some((old) => JSON.stringify(old) === JSON.stringify(run)))
        )
        yield* fetch
        assert.isTrue(Candles.equals(yield* stored, all))
      }).pipe(Random.withSeed(`tampering-${seed}`), Effect.provide(layer))
    )
  }

  it.effect("that was not changed stays as it is, rows beside the grid too that the source has answered", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      yield* fetch
      const ledger = yield* store.coverage(series)
      assert.deepStrictEqual(yield* Mend.whole(series, calendar), { coverage: ledger, notes: [] })
      assert.isTrue(Candles.equals(yield* stored, all))
      // The sums differ, since nothing on the grid accounts for these rows; the opens themselves do not.
      assert.deepStrictEqual(yield* Damage.find(series, calendar, ledger, range(105, 120)), Damage.none)
      assert.deepStrictEqual(yield* Damage.find(series, calendar, ledger, range(0, 60)), Damage.none)
    }).pipe(Effect.provide(layer))
  )

  it.effect("says how many rows were taken out, of what, where they are, and what to run", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const sql = yield* SqlClient.SqlClient
      yield* fetch
      for (const at of [10, 70, 12]) {
        yield* sql.unsafe(`INSERT INTO candles SELECT series_id, TIMESTAMP '${text(at)}', 2, 2, 2, 2, 2, NULL, NULL,
          ingested_at FROM candles LIMIT 1`)
      }
      const { coverage, notes } = yield* store.exclusively(series, Mend.whole(series, calendar))
      assert.deepStrictEqual(notes, [
        "3 rows from 2024-01-01T10:00Z to 2024-01-03T22:00Z that no answer of test accounts for were taken out of the " +
          'table and kept: tidemark query "SELECT * FROM stray_candles"; see whether anything is missing now: ' +
          Verify.verifyCommand(series)
      ])
      assert.deepStrictEqual(
        (yield* kept).map(({ hour, isForeign }) => [hour, isForeign]),
        [
          [10, true],
          [12, true],
          [70, true]
        ]
      )
      // The holes keep their evidence.
      assert.deepStrictEqual(
        coverage.empty.map(({ confirmations, opens }) => [opens, confirmations]),
        [
          [3, 1],
          [1, 1],
          [1, 1],
          [1, 1]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "with one row too many beside the grid is asked again for all that lie there: nobody knows which is it",
    () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const sql = yield* SqlClient.SqlClient
        yield* fetch
        yield* sql.unsafe(
          `UPDATE candles SET open_time = TIMESTAMP '${text(120.5)}' WHERE open_time = TIMESTAMP '${text(120)}'`
        )
        const { coverage } = yield* store.exclusively(series, Mend.whole(series, calendar))
        assert.deepStrictEqual(Coverage.fetchedSet(coverage), [
          range(0, 60),
          range(80, 100),
          range(101, 110),
          range(111, 120),
          range(121, 140)
        ])
        assert.deepStrictEqual(
          (yield* kept).map(({ hour }) => hour),
          [100.5, 110, 110.25, 110.5, 120.5]
        )
        yield* fetch
        assert.isTrue(Candles.equals(yield* stored, all))
      }).pipe(Effect.provide(layer))
  )

  it.effect("is looked at as a whole once something is wrong where a run has written, and not before", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const sql = yield* SqlClient.SqlClient
      yield* fetch
      const insert = (at: number) =>
        sql.unsafe(`INSERT INTO candles SELECT series_id, TIMESTAMP '${text(at)}', 2, 2, 2, 2, 2, NULL, NULL,
          ingested_at FROM candles LIMIT 1`)
      yield* insert(20.5)
      yield* insert(101)
      assert.lengthOf((yield* Mend.within(series, calendar, [range(30, 60)])).notes, 0)
      assert.lengthOf(yield* kept, 0)
      const { coverage, notes } = yield* Mend.within(series, calendar, [range(10, 30)])
      assert.lengthOf(notes, 1)
      assert.deepStrictEqual(
        (yield* kept).map(({ hour }) => hour),
        [20.5, 101]
      )
      assert.deepStrictEqual(coverage, yield* store.coverage(series))
    }).pipe(Effect.provide(layer))
  )

  it.effect("is looked at again where a row was moved within what is fetched, though no count differs", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const sql = yield* SqlClient.SqlClient
      yield* fetch
      yield* sql.unsafe(
        `UPDATE candles SET open_time = TIMESTAMP '${text(20.5)}' WHERE open_time = TIMESTAMP '${text(20)}'`
      )
      const ledger = yield* store.coverage(series)
      const found = yield* Damage.find(series, calendar, ledger, range(0, 60))
      assert.deepStrictEqual(found, {
        lost: [range(20, 21)],
        stray: [{ from: range(20.5, 21).from, to: range(20.5, 21).from + 1 }]
      })
      assert.deepStrictEqual(yield* Damage.find(series, calendar, ledger, range(21, 60)), Damage.none)
      assert.strictEqual(
        Damage.mendCommand(series, calendar, ledger, found),
        "tidemark backfill --symbols BTC/USDT --timeframes 1h --source test --start 2024-01-01T20:00Z " +
          "--end 2024-01-01T21:00Z --force"
      )
    }).pipe(Effect.provide(layer))
  )
})
