import { assert, describe, it } from "@effect/vitest"
import * as Follow from "@tidemark/backfill/Follow"
import * as TailSeries from "@tidemark/backfill/TailSeries"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-binance"

const minute = 60_000
const request = (symbol: string): Source.TailRequest => ({
  symbol,
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1m"
})

const limited: Source.SourcePlugin<unknown> = {
  ...(plugin as unknown as Source.SourcePlugin<unknown>),
  capabilities: { ...plugin.capabilities, tail: { timeframes: ["1m"], seriesPerConnection: 2, hosts: [] } }
}

const one = (symbol: string, venue = "spot"): TailSeries.TailSeries => ({
  series: { source: "binance", symbol, timeframe: "1m" },
  registered: { id: "binance", plugin: limited, source: {} as Source.Source },
  request: request(symbol),
  venue
})

const symbols = (groups: ReadonlyArray<TailSeries.Group>) =>
  groups.map(({ members }) => members.map(({ series }) => series.symbol))

describe("connections", () => {
  it("hold as many series of one venue as they may", () => {
    const groups = TailSeries.regroup([], [one("A"), one("B"), one("X", "futures"), one("C")])
    assert.deepStrictEqual(symbols(groups), [["A", "B"], ["C"], ["X"]])
  })

  it("stay as they are where what they hold does, whatever else comes and goes", () => {
    const before = TailSeries.regroup([], [one("A"), one("B"), one("C")])
    const same = TailSeries.regroup(before, [one("C"), one("B"), one("A")])
    assert.deepStrictEqual(same.map(TailSeries.keyOf), before.map(TailSeries.keyOf))
    const after = TailSeries.regroup(before, [one("A"), one("B"), one("D"), one("E")])
    assert.deepStrictEqual(symbols(after), [
      ["A", "B"],
      ["D", "E"]
    ])
    assert.strictEqual(TailSeries.keyOf(after[0]!), TailSeries.keyOf(before[0]!))
    assert.deepStrictEqual(TailSeries.regroup(before, []), [])
  })

  it("are made again only where they are small: what is new begins one beside those that are needed, and fills it", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => one(`S${i}`))
    const roomy = (series: TailSeries.TailSeries): TailSeries.TailSeries => ({
      ...series,
      registered: {
        ...series.registered,
        plugin: {
          ...limited,
          capabilities: { ...limited.capabilities, tail: { ...limited.capabilities.tail!, seriesPerConnection: 400 } }
        }
      }
    })
    // One more each time it is looked, as a backfill brings them up to date.
    let groups = TailSeries.regroup([], names(300).map(roomy))
    for (let count = 301; count <= 399; count++) {
      const before = groups.map(TailSeries.keyOf)
      groups = TailSeries.regroup(groups, names(count).map(roomy))
      assert.strictEqual(TailSeries.keyOf(groups[0]!), before[0])
      assert.lengthOf(groups, 2)
    }
    assert.deepStrictEqual(
      groups.map(({ members }) => members.length),
      [300, 99]
    )
    // A venue never has more of them than it needs, and one.
    for (let count = 400; count <= 1_300; count += 7) groups = TailSeries.regroup(groups, names(count).map(roomy))
    assert.isAtMost(groups.length, 5)
    assert.isTrue(groups.every(({ members }) => members.length <= 400))
    assert.strictEqual(
      TailSeries.keyOf(groups[0]!),
      TailSeries.keyOf(TailSeries.regroup([], names(300).map(roomy))[0]!)
    )
  })
})

describe("what a stream tells", () => {
  const begin = Date.parse("2024-01-01T00:00:00Z")
  const candle = (open: number, change: Partial<Record<keyof Candles.Candles, number>> = {}) => {
    const candles = Candles.allocate(1)
    const values = { openTime: open, open: 2, high: 3, low: 1, close: 2, volume: 5, ...change }
    for (const [column, value] of Object.entries(values)) candles[column as "open"][0] = value
    return candles
  }
  const fault = (candles: Candles.Candles, now = begin + minute) => Follow.fault(candles, request("A"), now)

  it("is a candle of the grid that has closed and is possible, or is of no use", () => {
    assert.isUndefined(fault(candle(begin)))
    // The provider's clock decides, which may be a little ahead of ours.
    assert.isUndefined(fault(candle(begin), begin + 30_000))
    assert.include(fault(candle(begin), begin - 30_000), "has not closed")
    assert.include(fault(candle(begin + 1)), "off the grid")
    assert.include(fault(Candles.empty), "no candle")
    assert.isDefined(fault(candle(begin, { high: 1, low: 3 })))
    assert.isDefined(fault(candle(begin, { volume: -1 })))
    for (const open of [Number.NaN, -1e15, 1e18]) assert.include(fault(candle(open)), "impossible time", String(open))
  })
})
