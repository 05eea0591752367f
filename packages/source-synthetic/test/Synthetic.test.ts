import { assert, describe, it } from "@effect/vitest"
import { Candles, Timeframe } from "@tidemark/core"
import { Effect, Option, Schema } from "effect"
import { plugin } from "../src/index.ts"
import * as Rig from "./Rig.ts"

const { timeframes } = plugin.capabilities

/** Pairs of timeframes of which the shorter one fills the longer one on every calendar. */
const pairs = timeframes.flatMap((coarse) =>
  timeframes
    .filter((fine) => {
      const ratio = Timeframe.nominalMillis(coarse) / Timeframe.nominalMillis(fine)
      return ratio > 1 && (Timeframe.isIntraday(coarse) ? Number.isInteger(ratio) : fine !== "1w")
    })
    .map((fine) => ({ fine, coarse }))
)

/** The obvious aggregation, candle by candle. */
const aggregate = (openTime: Float64Array, fine: Required<Candles.Candles>): Candles.Candles => {
  const out = { ...Candles.allocate(openTime.length, { quoteVolume: true, trades: true }), openTime }
  openTime.forEach((open, row) => {
    const start = Candles.lowerBound(fine.openTime, open)
    const end = Candles.lowerBound(fine.openTime, openTime[row + 1] ?? Infinity)
    const sum = (column: Float64Array) => column.subarray(start, end).reduce((total, value) => total + value, 0)
    out.open[row] = fine.open[start]!
    out.high[row] = Math.max(...fine.high.subarray(start, end))
    out.low[row] = Math.min(...fine.low.subarray(start, end))
    out.close[row] = fine.close[end - 1]!
    out.volume[row] = sum(fine.volume)
    out.quoteVolume![row] = sum(fine.quoteVolume!)
    out.trades![row] = sum(fine.trades!)
  })
  return out
}

describe("synthetic candles", () => {
  it.effect.prop(
    "are the same however the window is cut",
    {
      symbol: Rig.TestSymbol,
      timeframe: Schema.Literals(timeframes),
      start: Rig.Minute,
      length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 })),
      cut: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99 }))
    },
    Effect.fnUntraced(function* ({ cut, length, start, symbol, timeframe }) {
      const from = start * 60_000
      const span = timeframe.endsWith("1M") || timeframe === "1w" ? length % 8 : length
      const to = from + 60_000 + span * Timeframe.nominalMillis(timeframe)
      const middle = from + Math.floor(((to - from) * cut) / 100)
      const whole = yield* Rig.candles(yield* Rig.make(), Rig.request(symbol, timeframe, from, to))
      const source = yield* Rig.make()
      const right = yield* Rig.candles(source, Rig.request(symbol, timeframe, middle, to))
      const left = yield* Rig.candles(source, Rig.request(symbol, timeframe, from, middle))
      assert.isTrue(Candles.equals(Candles.concat([left, right]), whole))
      const { calendar, interval } = Rig.request(symbol, timeframe, from, Math.min(to, Rig.now))
      if (to < Rig.now - Timeframe.nominalMillis("1M")) {
        assert.deepStrictEqual(whole.openTime, calendar.openTimes(timeframe, interval))
      }
      assert.isUndefined(Candles.invalidity(whole, { from, to }))
    }),
    { arbitrary: { runs: 120 }, timeout: 60_000 }
  )

  it.effect(
    "of longer timeframes are exact aggregates of every shorter one",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      assert.isAbove(pairs.length, 60)
      for (const symbol of Rig.TestSymbol.literals) {
        for (const { coarse, fine } of pairs) {
          // A span with changes of clocks, half days and, for stocks, a holiday.
          const { calendar } = Rig.request(symbol, coarse, "2023-11-01", "2023-12-01")
          const from = calendar.openAtOrAfter(coarse, Date.parse("2023-11-01T00:00Z"))
          const last = calendar.openAtOrBefore(coarse, from + 27 * 86_400_000)
          const to = calendar.closeOf(coarse, last)
          const expected = aggregate(
            calendar.openTimes(coarse, { from, to }),
            yield* Rig.candles(source, Rig.request(symbol, fine, from, to))
          )
          const actual = yield* Rig.candles(source, Rig.request(symbol, coarse, from, to))
          assert.isAbove(Candles.length(actual), 0)
          assert.isTrue(Candles.equals(actual, expected), `${symbol} ${fine} → ${coarse}`)
        }
      }
    }),
    60_000
  )

  it.effect(
    "are sums in which no bit is lost, in whatever order they are added",
    Effect.fnUntraced(function* () {
      for (const symbol of Rig.TestSymbol.literals) {
        const { quoteVolume, volume } = yield* Rig.candles(
          yield* Rig.make(),
          Rig.request(symbol, "1m", "2024-05-01", "2024-06-01")
        )
        for (const column of [volume, quoteVolume]) {
          const forwards = column!.reduce((sum, value) => sum + value, 0)
          const backwards = column!.reduceRight((sum, value) => sum + value, 0)
          const sorted = column!.toSorted().reduce((sum, value) => sum + value, 0)
          assert.strictEqual(backwards, forwards)
          assert.strictEqual(sorted, forwards)
        }
      }
    })
  )

  it.effect(
    "belong to seed and symbol, not to the source that was made",
    Effect.fnUntraced(function* () {
      const day = (symbol: string) => Rig.request(symbol, "5m", "2024-07-01", "2024-07-02")
      const one = yield* Rig.candles(yield* Rig.make(1), day("BTC/USDT"))
      assert.isTrue(Candles.equals(one, yield* Rig.candles(yield* Rig.make(1), day("BTC/USDT"))))
      const others = [
        yield* Rig.candles(yield* Rig.make(2), day("BTC/USDT")),
        yield* Rig.candles(yield* Rig.make(-2), day("BTC/USDT")),
        yield* Rig.candles(yield* Rig.make(1 + 2 ** 32), day("BTC/USDT")),
        yield* Rig.candles(yield* Rig.make(1), day("FOO/USDT")),
        yield* Rig.candles(yield* Rig.make(1), day("BAR/USDT"))
      ]
      const shapes = [one, ...others].map(({ close }) => close.map((price) => price / close[0]!).join())
      assert.strictEqual(new Set(shapes).size, shapes.length)
      // A golden value: another one means that every history that users generated changes.
      assert.deepStrictEqual(
        [one.openTime[0], one.open[0], one.high[0], one.low[0], one.close[0]],
        [Date.parse("2024-07-01T00:00Z"), 53_832.14, 53_944.71, 53_813.44, 53_876.72]
      )
    })
  )

  it.effect(
    "are generated by the source's own symbol where the instrument names one",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const asked = Rig.request("FOO/USDT", "1h", "2024-07-01", "2024-07-02")
      const aliased = yield* Rig.candles(source, { ...asked, sourceSymbol: "BAR/USDT" })
      const named = yield* Rig.candles(source, Rig.request("BAR/USDT", "1h", "2024-07-01", "2024-07-02"))
      assert.isTrue(Candles.equals(aliased, named))
    })
  )

  it.effect(
    "do not depend on what a source was asked for before",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const early = (symbol: string) => Rig.request(symbol, "1h", "1971-03-01", "1971-03-02")
      const before = yield* Rig.candles(source, early("BTC/USDT"))
      // More instruments than a source remembers the paths of.
      for (let i = 0; i < 70; i++) yield* Rig.candles(source, early(`S${i}/USDT`))
      assert.isTrue(Candles.equals(yield* Rig.candles(source, early("BTC/USDT")), before))
      const late = Rig.request("BTC/USDT", "1h", "2024-03-01", "2024-03-02")
      for (const asked of [early("S69/USDT"), early("AAPL"), late]) {
        const fresh = yield* Rig.candles(yield* Rig.make(), asked)
        assert.isAbove(Candles.length(fresh), 0)
        assert.isTrue(Candles.equals(yield* Rig.candles(source, asked), fresh))
      }
    })
  )
})

describe("sessions", () => {
  const opens = (symbol: string, timeframe: Timeframe.Timeframe, from: string, to: string) =>
    Effect.gen(function* () {
      const { openTime } = yield* Rig.candles(yield* Rig.make(), Rig.request(symbol, timeframe, from, to))
      return [...openTime].map((open) => new Date(open).toISOString().slice(5, 16))
    })

  it.effect(
    "of New York: half days are short, and hours move with its clocks",
    Effect.fnUntraced(function* () {
      assert.deepStrictEqual(yield* opens("AAPL", "1h", "2024-07-03", "2024-07-05"), [
        "07-03T13:30",
        "07-03T14:30",
        "07-03T15:30",
        "07-03T16:30"
      ])
      assert.strictEqual((yield* opens("AAPL", "1m", "2024-07-03", "2024-07-05")).length, 210)
      assert.deepStrictEqual(yield* opens("AAPL", "1d", "2024-03-07", "2024-03-13"), [
        "03-07T14:30",
        "03-08T14:30",
        "03-11T13:30",
        "03-12T13:30"
      ])
    })
  )

  it.effect(
    "of currencies: the weekend is empty, and still answered for",
    Effect.fnUntraced(function* () {
      const collected = yield* Rig.pages(yield* Rig.make(), Rig.request("EUR/USD", "1m", "2024-07-06", "2024-07-07"))
      assert.strictEqual(collected.length, 1)
      assert.strictEqual(Candles.length(collected[0]!.candles), 0)
      assert.deepStrictEqual(collected[0]!.interval, Rig.request("EUR/USD", "1m", "2024-07-06", "2024-07-07").interval)
    })
  )
})

describe("pages", () => {
  it.effect(
    "follow one another without a hole, none larger than promised, and end with the request",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      for (const symbol of ["BTC/USDT", "AAPL", "EUR/USD"]) {
        for (const timeframe of ["1m", "30m", "1d", "1M"] as const) {
          const asked = Rig.request(symbol, timeframe, "2023-01-01T00:00:30Z", "2024-02-29T10:00:30Z")
          const collected = yield* Rig.pages(source, asked)
          let at = asked.interval.from
          for (const { candles, interval } of collected) {
            assert.strictEqual(interval.from, at)
            assert.isUndefined(Candles.invalidity(candles, interval))
            assert.isAtMost(Candles.length(candles), plugin.capabilities.pageSize)
            at = interval.to
          }
          assert.strictEqual(at, asked.interval.to)
          if (timeframe === "1m") assert.isAtLeast(collected.length, 10)
        }
      }
    })
  )

  it.effect(
    "end where the candles are no longer final",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const cases = [
        // 2025-06-02T12:34:56Z, a Monday.
        { symbol: "BTC/USDT", timeframe: "1m", end: "2025-06-02T12:34Z" },
        { symbol: "BTC/USDT", timeframe: "1h", end: "2025-06-02T12:00Z" },
        { symbol: "BTC/USDT", timeframe: "1w", end: "2025-06-02T00:00Z" },
        { symbol: "BTC/USDT", timeframe: "1M", end: "2025-06-01T00:00Z" },
        { symbol: "AAPL", timeframe: "1m", end: "2025-06-02T13:30Z" }
      ] as const
      for (const { end, symbol, timeframe } of cases) {
        const collected = yield* Rig.pages(source, Rig.request(symbol, timeframe, "2025-04-20", "2030-01-01"))
        assert.strictEqual(collected.at(-1)!.interval.to, Date.parse(end), `${symbol} ${timeframe}`)
        assert.isAbove(Candles.length(collected.at(-1)!.candles), 0)
      }
      const ahead = yield* Rig.pages(source, Rig.request("BTC/USDT", "1m", "2025-06-02T12:34Z", "2025-06-03"))
      assert.deepStrictEqual(ahead, [])
      for (const instant of [-60_000, 60_000]) {
        assert.deepStrictEqual(yield* Rig.pages(source, Rig.request("BTC/USDT", "1m", instant, instant)), [])
      }
    })
  )

  it.effect(
    "are refused, with the reason, before 1970 and below a minute",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const early = yield* Effect.flip(Rig.pages(source, Rig.request("BTC/USDT", "1d", "1969-01-01", "1971-01-01")))
      assert.strictEqual(early.reason._tag, "RetentionLimit")
      const seconds = yield* Effect.flip(Rig.pages(source, Rig.request("BTC/USDT", "1s", "2024-01-01", "2024-01-02")))
      assert.strictEqual(seconds.reason._tag, "Unsupported")
      assert.include(seconds.message, "BTC/USDT 2024-01-01T00:00Z")
    })
  )
})

describe("plugin", () => {
  it("is marked as synthetic, calls no host, and has a seed of its own accord", () => {
    assert.strictEqual(plugin.capabilities.provenance, "synthetic")
    assert.deepStrictEqual(plugin.capabilities.hosts, [])
    assert.deepStrictEqual(Schema.decodeUnknownSync(plugin.config)({}), { seed: 1 })
    assert.deepStrictEqual(Schema.decodeUnknownSync(plugin.config)({ seed: 7 }), { seed: 7 })
    assert.throws(() => Schema.decodeUnknownSync(plugin.config)({ seed: 1.5 }))
  })

  it.effect(
    "has candles from the first session of 1970",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      for (const symbol of Rig.TestSymbol.literals) {
        for (const timeframe of ["1m", "1d", "1w", "1M"] as const) {
          const asked = Rig.request(symbol, timeframe, 0, "1970-04-01")
          const { openTime } = yield* Rig.candles(source, asked)
          assert.deepStrictEqual(yield* source.extent!(asked, timeframe), Option.some({ first: openTime[0]! }))
        }
      }
    })
  )
})
