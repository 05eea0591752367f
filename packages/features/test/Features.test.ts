import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles } from "@tidemark/core"
import { Annual, Features, PointInTime } from "@tidemark/features"
import { Effect, Schema } from "effect"
import { candles } from "./market.ts"

const barsPerYear = 525_960

const all = (rows: Candles.Candles) => new Features.Run(barsPerYear).push(rows)

const columnOf = ({ columns }: Features.Batch, name: string): Float64Array => {
  const at = Features.names.indexOf(name)
  assert.isAtLeast(at, 0, name)
  return columns[at]!
}

/** One batch of several. */
const join = (batches: ReadonlyArray<Features.Batch>): Features.Batch => {
  const joined = (of: (batch: Features.Batch) => Float64Array) =>
    Float64Array.from(batches.flatMap((batch) => [...of(batch)]))
  return {
    openTime: joined((batch) => batch.openTime),
    columns: Features.names.map((_, i) => joined((batch) => batch.columns[i]!)),
    inputHash: joined((batch) => batch.inputHash),
    reasons: batches.flatMap((batch) => [...batch.reasons])
  }
}

/** A candle's features are known once it is there. */
const factsOf = ({ columns, inputHash, openTime, reasons }: Features.Batch) =>
  Array.from(openTime, (open, row) => ({
    knownAfter: row + 1,
    open,
    values: columns.map((column) => column[row]),
    hash: inputHash[row],
    reason: reasons[row]
  }))

const size = 400
const Row = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size }))
const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

describe("a feature", () => {
  it.effect.prop(
    "is the same with and without the future",
    { seed: Seed, cut: Row },
    ({ cut, seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        const facts = (end: number) => factsOf(all(Candles.slice(rows, 0, end)))
        assert.isUndefined(PointInTime.leak(size, facts, [cut]))
      }),
    { arbitrary: { runs: 200 } }
  )

  it("that looks ahead by one candle, or at the whole sample, is found out", () => {
    const rows = candles(size, 11)
    const peeking = (end: number) => {
      const batch = all(Candles.slice(rows, 0, end))
      const next = columnOf(batch, "rsi_14").map((value, i, column) => column[i + 1] ?? value)
      return factsOf({ ...batch, columns: [next] })
    }
    const ranked = (end: number) => {
      const batch = all(Candles.slice(rows, 0, end))
      const highest = Math.max(...columnOf(batch, "sma_20").filter((value) => !Number.isNaN(value)))
      return factsOf({ ...batch, columns: [columnOf(batch, "sma_20").map((value) => value / highest)] })
    }
    assert.deepInclude(PointInTime.leak(size, peeking, [200]), { cut: 200 })
    assert.deepInclude(PointInTime.leak(size, ranked, [100, 200, 300]), { cut: 100 })
  })

  it.effect.prop(
    "does not depend on the batches that candles come in, nor on having been saved between them",
    { seed: Seed, cuts: Schema.Array(Row) },
    ({ cuts, seed }) =>
      Effect.sync(() => {
        const rows = candles(size, seed)
        const ends = [0, ...cuts.toSorted((a, b) => a - b), size]
        let saved: Features.Saved | undefined
        const batches = ends.slice(1).map((end, i) => {
          const run = new Features.Run(barsPerYear, saved)
          const batch = run.push(Candles.slice(rows, ends[i]!, end))
          saved = JSON.parse(JSON.stringify(run.save())) as Features.Saved
          return batch
        })
        assert.deepStrictEqual(join(batches), all(rows))
      }),
    { arbitrary: { runs: 100 } }
  )

  it("is told for a year by the calendar: every day of it, or its sessions", () => {
    const perYear = (id: "24/7" | "XNYS" | "24/5", timeframe: "1d" | "1h" | "1m") =>
      Annual.barsPerYear(Calendars.get(id), timeframe)
    assert.strictEqual(perYear("24/7", "1d"), 365.25)
    assert.strictEqual(perYear("24/7", "1m"), 525_960)
    assert.closeTo(perYear("XNYS", "1d"), 251.65, 0.05)
    assert.closeTo(perYear("XNYS", "1h") / perYear("XNYS", "1d"), 7, 0.05)
    const rows = candles(100, 1)
    const [day, year] = [new Features.Run(1).push(rows), new Features.Run(365.25).push(rows)]
    for (const name of ["volatility_20", "parkinson_20", "garman_klass_20", "rogers_satchell_20", "yang_zhang_20"]) {
      const ratio = columnOf(year, name)[99]! / columnOf(day, name)[99]!
      assert.closeTo(ratio, Math.sqrt(365.25), 1e-9, name)
    }
  })

  it("has the volatility of its definition, worked out here step by step", () => {
    const rows = candles(60, 7)
    const { close, high, low, open } = rows
    const [at, n, perYear] = [59, 20, 252]
    const window = Array.from({ length: n }, (_, i) => at - n + 1 + i)
    const sum = (term: (i: number) => number) => window.reduce((total, i) => total + term(i), 0)
    const sample = (term: (i: number) => number) => {
      const center = sum(term) / n
      return sum((i) => (term(i) - center) ** 2) / (n - 1)
    }
    const ln = Math.log
    const hl = (i: number) => ln(high[i]! / low[i]!)
    const co = (i: number) => ln(close[i]! / open[i]!)
    const rs = (i: number) =>
      ln(high[i]! / close[i]!) * ln(high[i]! / open[i]!) + ln(low[i]! / close[i]!) * ln(low[i]! / open[i]!)
    const k = 0.34 / (1.34 + (n + 1) / (n - 1))
    const expected = {
      volatility_20: Math.sqrt(perYear * sample((i) => ln(close[i]! / close[i - 1]!))),
      parkinson_20: Math.sqrt((perYear / (4 * n * ln(2))) * sum((i) => hl(i) ** 2)),
      garman_klass_20: Math.sqrt((perYear / n) * sum((i) => 0.5 * hl(i) ** 2 - (2 * ln(2) - 1) * co(i) ** 2)),
      rogers_satchell_20: Math.sqrt((perYear / n) * sum(rs)),
      yang_zhang_20: Math.sqrt(
        perYear * (sample((i) => ln(open[i]! / close[i - 1]!)) + k * sample(co) + ((1 - k) * sum(rs)) / n)
      )
    }
    const batch = new Features.Run(perYear).push(rows)
    for (const [name, value] of Object.entries(expected))
      assert.closeTo(columnOf(batch, name)[at]! / value, 1, 1e-9, name)
  })

  it("that is not there says why: too few candles, or a formula without a value", () => {
    const rows = candles(250, 3)
    const batch = all({ ...rows, volume: new Float64Array(250).fill(5) })
    assert.include(batch.reasons[0], "warm-up: return_simple, return_log, volatility_20")
    assert.match(batch.reasons[198]!, /^warm-up: ema_200; undefined: volume_z_20$/)
    assert.strictEqual(batch.reasons[199], "undefined: volume_z_20")
    assert.strictEqual(columnOf(batch, "volume_ratio_20")[199], 1)
    for (const [i, name] of Features.names.entries()) {
      const column = batch.columns[i]!
      assert.isTrue(
        column.every((value) => Number.isFinite(value) || Number.isNaN(value)),
        name
      )
    }
  })

  it("of prices that stand still is a number where its definition has one", () => {
    const still = candles(250, 3)
    const fifty = new Float64Array(250).fill(50)
    const nothing = new Float64Array(250)
    const batch = all({ ...still, open: fifty, high: fifty, low: fifty, close: fifty, volume: nothing })
    const last = (name: string) => columnOf(batch, name)[249]
    assert.deepStrictEqual(
      ["return_log", "volatility_20", "parkinson_20", "yang_zhang_20", "atr_14", "adx_14", "macd", "slope_14"].map(
        last
      ),
      [0, 0, 0, 0, 0, 0, 0, 0]
    )
    assert.deepStrictEqual(["rsi_14", "ema_200", "bollinger_upper"].map(last), [100, 50, 50])
    assert.strictEqual(batch.reasons[249], "undefined: volume_z_20, volume_ratio_20")
  })

  it("does not go on over a candle that is none, and prices that are not positive have no logarithm", () => {
    const rows = candles(300, 5)
    const broken = rows.close.slice()
    broken[100] = Number.NaN
    const batch = all({ ...rows, close: broken })
    assert.strictEqual(batch.reasons[100], "no prices")
    const after = all(Candles.slice(rows, 101, 300))
    assert.deepStrictEqual(
      batch.columns.map((column) => column.slice(101)),
      after.columns
    )
    const negative = rows.low.slice()
    negative[250] = -1
    const below = all({ ...rows, low: negative })
    assert.strictEqual(
      below.reasons[250],
      "undefined: parkinson_20, garman_klass_20, rogers_satchell_20, yang_zhang_20"
    )
    assert.isNull(below.reasons[270])
  })

  it("goes with a hash of the candles it follows from, which a change in any of them changes", () => {
    const rows = candles(100, 9)
    const { inputHash } = all(rows)
    assert.strictEqual(new Set(inputHash).size, 100)
    assert.isTrue(inputHash.every((hash) => Number.isSafeInteger(hash) && hash >= 0))
    for (const name of ["open", "high", "low", "close", "volume", "openTime"] as const) {
      const column = rows[name].slice()
      column[40] = column[40]! + (name === "openTime" ? 1 : 1e-9)
      const changed = all({ ...rows, [name]: column }).inputHash
      assert.deepStrictEqual(changed.slice(0, 40), inputHash.slice(0, 40))
      assert.isTrue(
        changed.slice(40).every((hash, i) => hash !== inputHash[40 + i]),
        name
      )
    }
  })
})
