import { assert, describe, it } from "@effect/vitest"
import { Candles, Interval, Timeframe } from "@tidemark/core"
import { Certificate } from "@tidemark/quality"
import { Effect, Schema, Stream } from "effect"

const minute = 60_000
const at = (text: string) => Date.parse(text)
const span: Interval.Interval = { from: at("2024-01-20T00:00Z"), to: at("2024-04-10T00:00Z") }

/** An hourly market with a price of its own each hour. */
const market = (change?: (open: number, price: number) => number): Candles.Candles => {
  const size = (span.to - span.from) / (60 * minute)
  const candles = Candles.allocate(size, { quoteVolume: true, trades: true })
  for (let i = 0; i < size; i++) {
    const open = span.from + i * 60 * minute
    const price = change?.(open, i + 1) ?? i + 1
    candles.openTime[i] = open
    for (const column of ["open", "high", "low", "close"] as const) candles[column][i] = price
    candles.volume[i] = 1
    candles.quoteVolume![i] = Number.NaN
    candles.trades![i] = 3
  }
  return candles
}

const inPieces = (candles: Candles.Candles, sizes: ReadonlyArray<number>) => {
  const pieces: Array<Candles.Candles> = []
  let from = 0
  for (let i = 0; from < Candles.length(candles); i++) {
    const to = Math.min(Candles.length(candles), from + (sizes[i % sizes.length] ?? 100))
    pieces.push(Candles.slice(candles, from, to))
    from = to
  }
  return Stream.fromIterable(pieces)
}

const rangesOf = (candles: Candles.Candles, sizes: ReadonlyArray<number> = [100]) =>
  Certificate.ranges("1h", span, inPieces(candles, sizes))

describe("a certificate", () => {
  it.effect("cuts at the months of the calendar, of days at its years, and counts every row once", () =>
    Effect.gen(function* () {
      const ranges = yield* rangesOf(market())
      assert.deepStrictEqual(
        ranges.map(({ from, rows, to }) => [from, to, rows]),
        [
          ["2024-01-20T00:00Z", "2024-02-01T00:00Z", 288],
          ["2024-02-01T00:00Z", "2024-03-01T00:00Z", 696],
          ["2024-03-01T00:00Z", "2024-04-01T00:00Z", 744],
          ["2024-04-01T00:00Z", "2024-04-10T00:00Z", 216]
        ]
      )
      assert.strictEqual(new Set(ranges.map(({ hash }) => hash)).size, 4)
      const days = Certificate.cut("1d", { from: at("2023-06-01T00:00Z"), to: at("2025-01-01T00:00Z") })
      assert.deepStrictEqual(
        days.map(({ from }) => new Date(from).toISOString().slice(0, 10)),
        ["2023-06-01", "2024-01-01"]
      )
    })
  )

  it.effect("names the one range in which one value is another, or a row is gone", () =>
    Effect.gen(function* () {
      const before = yield* rangesOf(market())
      const differs = (candles: Candles.Candles) =>
        Effect.map(rangesOf(candles), (after) => after.flatMap(({ hash }, i) => (hash === before[i]!.hash ? [] : [i])))
      const february = at("2024-02-29T23:00Z")
      assert.deepStrictEqual(yield* differs(market((open, price) => (open === february ? price + 1e-9 : price))), [1])
      const all = market()
      const without = [...all.openTime.keys()].filter((i) => all.openTime[i] !== at("2024-03-01T00:00Z"))
      assert.deepStrictEqual(yield* differs(Candles.pick(all, without)), [2])
      assert.deepStrictEqual(yield* differs(market()), [])
    })
  )

  it.effect.prop(
    "does not depend on the batches that rows come in",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 900 }))).check(Schema.isMinLength(1))],
    ([sizes]) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* rangesOf(market(), sizes), yield* rangesOf(market()))
      })
  )

  it.effect("is refused once a single figure, hash or field of it is another; its layout is nobody's business", () =>
    Effect.gen(function* () {
      const ranges = yield* rangesOf(market())
      const certificate = Certificate.make({
        tidemark_certificate: 1,
        created_at: "2024-05-01T00:00Z",
        series: [
          {
            source: "binance",
            symbol: "BTC/USDT",
            timeframe: "1h",
            provenance: "observed",
            from: "2024-01-20T00:00Z",
            to: "2024-04-10T00:00Z",
            expected: 1_944,
            rows: 1_944,
            gaps: [],
            revisions: { count: 0, last: null },
            verified: true,
            hash: "a".repeat(64),
            ranges
          }
        ]
      })
      const text = Certificate.toText(certificate)
      assert.deepStrictEqual(yield* Certificate.fromText(text), certificate)
      const { created_at, ...rest } = certificate
      assert.deepStrictEqual(yield* Certificate.fromText(JSON.stringify({ ...rest, created_at })), certificate)
      for (const [was, is] of [
        ['"rows": 288', '"rows": 289'],
        [ranges[1]!.hash, `0${ranges[1]!.hash.slice(1)}`],
        ['"verified": true', '"verified": false'],
        ["2024-05-01", "2024-05-02"],
        ['"gaps": []', '"gaps": [], "more": 1'],
        [certificate.digest, "b".repeat(64)]
      ] as const) {
        assert.include(text, was)
        assert.strictEqual((yield* Effect.flip(Certificate.fromText(text.replace(was, is))))._tag, "Edited", was)
      }
      const { digest: _, ...without } = certificate
      assert.strictEqual((yield* Effect.flip(Certificate.fromText(JSON.stringify(without))))._tag, "SchemaError")
    })
  )

  it("cuts any interval into ranges that follow one another", () => {
    for (const timeframe of Timeframe.standard) {
      const ranges = Certificate.cut(timeframe, span)
      assert.deepStrictEqual(Interval.normalize(ranges), [span])
    }
  })
})
