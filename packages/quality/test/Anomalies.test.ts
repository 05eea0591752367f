import { assert, describe, it } from "@effect/vitest"
import { Candles, Interval } from "@tidemark/core"
import { Anomalies, Anomaly } from "@tidemark/quality"
import { Effect, Schema } from "effect"
import { plant } from "./plant.ts"
import { clean, find, toCandles, universe } from "./series.ts"

/** Figures are part of the result: the tests' own console would keep them. */
const say = (line: string) => Effect.sync(() => void process.stdout.write(`${line}\n`))

/** How many defects of a kind are planted in each series at most. */
const countPerSeries = (rows: number): number => Math.min(12, Math.floor((rows - 300) / (Anomaly.kinds.length * 400)))

/** Whether a finding lies where the defect is, give or take the candle before and after it. */
const isAt = (interval: Interval.Interval, planted: Interval.Interval, candles: Candles.Candles): boolean => {
  if (!Interval.overlaps(interval, planted)) return false
  const first = candles.openTime[Math.max(0, Candles.lowerBound(candles.openTime, planted.from) - 1)]!
  const after = Candles.lowerBound(candles.openTime, planted.to)
  const last = candles.openTime[Math.min(candles.openTime.length - 1, after)]!
  return interval.from >= Math.min(first, planted.from) && interval.to <= Math.max(last, planted.to) + 1
}

describe("planted defects", () => {
  it.effect(
    "are found by kind and place, and nothing is found where none was planted",
    () =>
      Effect.gen(function* () {
        const figures = new Map(Anomaly.kinds.map((kind) => [kind, { planted: 0, found: 0, falsely: 0, beside: 0 }]))
        const sum = (figure: "planted" | "found" | "falsely" | "beside") =>
          [...figures.values()].reduce((total, each) => total + each[figure], 0)
        let candles = 0
        for (const [i, series] of (yield* universe(7)).entries()) {
          const { planted, rows } = plant(series, countPerSeries(Candles.length(series.candles)), 100 + i)
          const anomalies = find(series.context, toCandles(rows))
          candles += rows.length
          const matched = new Set<Anomaly.Anomaly>()
          for (const { interval, kind } of planted) {
            const figure = figures.get(kind)!
            figure.planted++
            const match = anomalies.find((one) => one.kind === kind && isAt(one.interval, interval, series.candles))
            if (match === undefined) {
              yield* say(`missed: ${series.name} ${kind} ${Interval.format(interval)}`)
              continue
            }
            figure.found++
            matched.add(match)
          }
          for (const one of anomalies) {
            if (matched.has(one)) continue
            const isBeside = planted.some(({ interval }) => isAt(one.interval, interval, series.candles))
            figures.get(one.kind)![isBeside ? "beside" : "falsely"]++
            yield* say(
              `${isBeside ? "beside" : "false"}: ${series.name} ${one.kind} ${Interval.format(one.interval)} ${one.evidence}`
            )
          }
        }
        for (const [kind, { beside, falsely, found, planted }] of figures) {
          yield* say(`${kind}: ${found} of ${planted} found, ${falsely} false, ${beside} beside another defect`)
        }
        yield* say(
          `${sum("found")} of ${sum("planted")} found, ${sum("falsely")} false in ${candles} candles, ` +
            `${sum("beside")} beside another defect`
        )
        for (const [kind, { planted }] of figures) assert.isAtLeast(planted, 60, kind)
        assert.isAtLeast(sum("planted"), 1_000)
        assert.isAtLeast(sum("found") / sum("planted"), 0.99)
        assert.isAtMost(sum("falsely") / candles, 1 / 10_000)
        // A defect that is found as what it is, is not found as something else too.
        assert.isAtMost(sum("beside") / sum("planted"), 0.02)
      }),
    180_000
  )
})

describe("clean data", () => {
  it.effect(
    "has no anomalies, in more than a million candles",
    () =>
      Effect.gen(function* () {
        let rows = 0
        for (const seed of [1, 2]) {
          for (const { candles, context, name } of yield* universe(seed)) {
            rows += Candles.length(candles)
            assert.deepStrictEqual(find(context, candles), [], name)
          }
        }
        assert.isAbove(rows, 1_000_000)
      }),
    180_000
  )
})

const shuffled = Effect.gen(function* () {
  const series = yield* clean(3, "AAPL", "5m", "2021-01-01", "2023-10-01")
  const candles = toCandles(plant(series, 12, 5).rows)
  return { context: series.context, candles, whole: find(series.context, candles, [Candles.length(candles)]) }
})
let prepared: Effect.Success<typeof shuffled> | undefined

describe("what is found", () => {
  it.effect.prop(
    "does not depend on the batches that rows come in",
    {
      sizes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60_000 }))).check(
        Schema.isMinLength(1)
      )
    },
    ({ sizes }) =>
      Effect.gen(function* () {
        const { candles, context, whole } = (prepared ??= yield* shuffled)
        assert.isAbove(Candles.length(candles), 50_000)
        assert.isAbove(new Set(whole.map(({ kind }) => kind)).size, 10)
        assert.deepStrictEqual(find(context, candles, sizes), whole)
      }),
    { arbitrary: { runs: 40 }, timeout: 120_000 }
  )

  it.effect("is in the order of time, with a sentence and figures that are numbers", () =>
    Effect.gen(function* () {
      const { whole } = (prepared ??= yield* shuffled)
      whole.forEach(({ evidence, figures, interval, kind }, i) => {
        assert.isAtLeast(interval.from, whole[Math.max(0, i - 1)]!.interval.from)
        assert.isBelow(interval.from, interval.to)
        assert.match(evidence, /^[a-z0-9-].{12}/, kind)
        assert.isAbove(Object.keys(figures).length, 0, kind)
      })
    })
  )

  it.effect("needs no rows", () =>
    Effect.gen(function* () {
      const { context } = yield* clean(4, "BTC/USDT", "1h", "2024-01-01", "2024-01-02")
      const scan = Anomalies.scan(context)
      scan.push(Candles.empty)
      assert.deepStrictEqual(scan.finish(), [])
    })
  )
})
