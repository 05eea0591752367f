import { assert, describe, it } from "@effect/vitest"
import { Candles, CorporateAction, Interval } from "@tidemark/core"
import { Anomalies, Anomaly } from "@tidemark/quality"
import { Effect, Schema } from "effect"
import { type Clean, clean, plant, type Row, toCandles } from "./plant.ts"

const find = (context: Anomaly.Context, rows: ReadonlyArray<Row>, sizes: ReadonlyArray<number> = [10_000]) => {
  const scan = Anomalies.scan(context)
  const candles = toCandles(rows)
  for (let from = 0, i = 0; from < rows.length; i++) {
    const to = Math.min(rows.length, from + sizes[i % sizes.length]!)
    scan.push(Candles.slice(candles, from, to))
    from = to
  }
  return scan.finish()
}

/** Figures are part of the result: the tests' own console would keep them. */
const say = (line: string) => Effect.sync(() => void process.stdout.write(`${line}\n`))

/** Around the clock and in sessions, from minutes to days. */
const universe = (seed: number) =>
  Effect.all([
    clean(seed, "BTC/USDT", "1m", "2024-01-01", "2024-02-10"),
    clean(seed, "ETH/USDT", "15m", "2023-01-01", "2024-08-01"),
    clean(seed, "DOGE/USDT", "1h", "2019-01-01", "2024-10-01"),
    clean(seed, "AAPL", "1m", "2023-01-01", "2024-05-01"),
    clean(seed, "MSFT", "5m", "2019-10-01", "2024-05-01"),
    clean(seed, "NVDA", "30m", "1992-01-01", "2024-05-01"),
    clean(seed, "SPY", "1d", "1972-01-01", "2024-05-01")
  ])

describe("planted defects", () => {
  it.effect(
    "are found with their kind and place, and nothing is found where none was planted",
    () =>
      Effect.gen(function* () {
        const figures = new Map<string, { planted: number; found: number }>()
        let [total, found, falsely, candles] = [0, 0, 0, 0]
        for (const [i, series] of (yield* universe(7)).entries()) {
          const { planted, rows } = plant(series, series.context.timeframe === "1d" ? 4 : 17, 100 + i)
          const anomalies = find(series.context, rows)
          candles += rows.length
          for (const { interval, kind } of planted) {
            const figure = figures.get(kind) ?? { planted: 0, found: 0 }
            figures.set(kind, figure)
            figure.planted++
            total++
            if (anomalies.some((one) => one.kind === kind && Interval.overlaps(one.interval, interval))) {
              figure.found++
              found++
            } else yield* say(`missed: ${series.name} ${kind} at ${new Date(interval.from).toISOString()}`)
          }
          const strange = anomalies.filter(
            (one) => !planted.some(({ interval }) => Interval.overlaps(one.interval, interval))
          )
          falsely += strange.length
          for (const one of strange) yield* say(`false: ${series.name} ${one.kind} ${one.evidence}`)
        }
        for (const [kind, figure] of figures) yield* say(`${kind}: ${figure.found} of ${figure.planted}`)
        yield* say(`${found} of ${total} found, ${falsely} false in ${candles} candles`)
        assert.isAtLeast(total, 1_000)
        assert.strictEqual(figures.size, Anomaly.kinds.length)
        assert.isAtLeast(found / total, 0.99)
        assert.isAtMost(falsely / candles, 1 / 10_000)
      }),
    120_000
  )
})

describe("clean data", () => {
  it.effect(
    "has no anomalies",
    () =>
      Effect.gen(function* () {
        let rows = 0
        for (const seed of [1, 2]) {
          for (const series of yield* universe(seed)) {
            rows += series.rows.length
            assert.deepStrictEqual(find(series.context, series.rows), [], series.name)
          }
        }
        assert.isAbove(rows, 500_000)
      }),
    120_000
  )
})

describe("what is found", () => {
  it.effect.prop(
    "does not depend on the batches that rows come in",
    {
      sizes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40_000 }))).check(
        Schema.isMinLength(1)
      )
    },
    ({ sizes }) =>
      Effect.gen(function* () {
        const series = yield* clean(3, "AAPL", "5m", "2021-01-01", "2024-05-01")
        const { rows } = plant(series, 10, 5)
        const whole = find(series.context, rows, [rows.length])
        assert.isAbove(whole.length, 90)
        assert.deepStrictEqual(find(series.context, rows, sizes), whole)
      }),
    { arbitrary: { runs: 12 }, timeout: 60_000 }
  )

  const kindsOf = (series: Clean, change: (rows: Array<Row>) => void) => {
    const rows = series.rows.map((row) => ({ ...row }))
    change(rows)
    return find(series.context, rows).map(({ kind }) => kind)
  }
  const scaled = (row: Row, by: number): Row => ({ ...row, o: row.o * by, h: row.h * by, l: row.l * by, c: row.c * by })

  it.effect("is no move that stays, no known split, no quiet hour of a quiet market", () =>
    Effect.gen(function* () {
      const crypto = yield* clean(4, "BTC/USDT", "1m", "2024-01-01", "2024-01-10")
      const stays = (by: number) =>
        kindsOf(crypto, (rows) => {
          for (let i = 5_000; i < rows.length; i++) rows[i] = scaled(rows[i]!, by)
        })
      assert.deepStrictEqual(stays(0.6), [])
      assert.deepStrictEqual(stays(2), [])
      const share = yield* clean(4, "AAPL", "1d", "2010-01-01", "2024-01-01")
      const at = share.rows.findIndex(({ t }) => t > Date.parse("2020-08-31T00:00:00Z"))
      const split = (rows: Array<Row>) => {
        for (let i = 0; i < at; i++) rows[i] = scaled(rows[i]!, 4)
      }
      assert.deepStrictEqual(kindsOf(share, split), ["split-jump"])
      const four = new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: 4 })
      const known: Clean = { ...share, context: { ...share.context, splits: [four] } }
      assert.deepStrictEqual(kindsOf(known, split), [])
      // Every third minute without a trade: a run of ten is chance, one of two hundred is not.
      const quiet = (run: number) =>
        kindsOf(crypto, (rows) => {
          for (let i = 1; i < rows.length; i++) {
            const { c } = rows[i - 1]!
            const isStill = i % 3 === 0 || (i > 6_000 && i < 6_000 + run)
            if (isStill) rows[i] = { t: rows[i]!.t, o: c, h: c, l: c, c, v: 0 }
          }
        })
      assert.deepStrictEqual(quiet(10), [])
      assert.deepStrictEqual(quiet(200), ["zero-volume"])
    })
  )

  it.effect("of a few candles is only what is impossible", () =>
    Effect.gen(function* () {
      const series = yield* clean(4, "BTC/USDT", "1h", "2024-01-01", "2024-01-01T05:00Z")
      const few: Clean = { ...series, rows: series.rows.slice(0, 1) }
      assert.deepStrictEqual(
        kindsOf(few, () => undefined),
        []
      )
      assert.deepStrictEqual(
        kindsOf(few, (rows) => void (rows[0] = { ...rows[0]!, v: -1 })),
        ["impossible-value"]
      )
      assert.deepStrictEqual(
        kindsOf({ ...series, rows: [] }, () => undefined),
        []
      )
    })
  )
})
