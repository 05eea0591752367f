import { assert, describe, it } from "@effect/vitest"
import type { Candles } from "@tidemark/core"
import { Detector } from "../../src/structure/Detections.ts"
import { candles, hourMillis, of, start } from "./market.ts"

const timeOf = (row: number) => start + row * hourMillis

const detect = (rows: Candles.Candles): Detector => {
  const detector = new Detector(rows)
  for (let row = 0; row < rows.openTime.length; row++) detector.next()
  return detector
}

/** The definitions as they are written, over the candles up to `end`. */
const asWritten = ({ close, high, low, open }: Candles.Candles, end: number) => {
  const median = (values: ReadonlyArray<number>) => {
    const sorted = values.toSorted((a, b) => a - b)
    return (sorted[9]! + sorted[10]!) / 2
  }
  const span = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  const first = Math.max(0, end - 50)
  const blocks = span(first, end - 1).filter((row) => {
    const next = row + 1
    if (next < 19) return false
    const breaks =
      (close[row]! < open[row]! && close[next]! > high[row]!) || (close[row]! > open[row]! && close[next]! < low[row]!)
    return breaks && high[row]! - low[row]! >= 1.5 * median(span(next - 19, next + 1).map((i) => high[i]! - low[i]!))
  })
  const gaps = span(first + 1, end - 1).filter((row) => {
    const later = span(row + 2, end)
    const least = 0.001 * close[row]!
    const [up, down] = [low[row + 1]! - high[row - 1]!, low[row - 1]! - high[row + 1]!]
    return (
      (up >= least && later.every((i) => low[i]! > low[row + 1]!)) ||
      (down >= least && later.every((i) => high[i]! < high[row + 1]!))
    )
  })
  const highest = (rows: ReadonlyArray<number>) => Math.max(...rows.map((row) => high[row]!))
  const lowest = (rows: ReadonlyArray<number>) => Math.min(...rows.map((row) => low[row]!))
  const [recent, earlier] = [span(end - 3, end), span(end - 10, end - 3)]
  return {
    block: blocks.at(-1),
    gap: gaps.at(-1),
    isUp: end >= 10 && highest(recent) > highest(earlier),
    isDown: end >= 10 && lowest(recent) < lowest(earlier)
  }
}

describe("detections", () => {
  it("are what their definitions say, as of every candle", () => {
    const seen = { block: 0, gap: 0, none: 0, up: 0, down: 0, both: 0 }
    for (let seed = 0; seed < 5; seed++) {
      const rows = candles(300, seed)
      const detector = new Detector(rows)
      for (let end = 1; end <= 300; end++) {
        detector.next()
        const { block, gap, isDown, isUp } = asWritten(rows, end)
        const found = [detector.orderBlock(), detector.fairValueGap()].map((one) => one?.openTime)
        assert.deepStrictEqual(
          found,
          [block, gap].map((row) => (row === undefined ? undefined : timeOf(row))),
          `seed ${seed}, ${end} candles`
        )
        const direction = detector.breakOfStructure()?.direction
        if (isUp && isDown) assert.isDefined(direction)
        else assert.strictEqual(direction, isUp ? "bullish" : isDown ? "bearish" : undefined)
        seen.block += block === undefined ? 0 : 1
        seen.gap += gap === undefined ? 0 : 1
        seen.none += block === undefined && gap === undefined ? 1 : 0
        seen.up += isUp ? 1 : 0
        seen.down += isDown ? 1 : 0
        seen.both += isUp && isDown ? 1 : 0
      }
    }
    // Each of them has been there, and has not.
    for (const [name, count] of Object.entries(seen)) assert.isAbove(count, 10, name)
  })

  const quiet = Array.from({ length: 60 }, () => [100, 101, 99, 100])

  it("tell an order block that is wide and that a candle goes beyond, for as long as it lies within 50 candles", () => {
    const falling = [100, 100.5, 97, 97.25]
    const found = detect(of([...quiet, falling, [97.25, 104, 97.25, 103]])).orderBlock()
    assert.deepStrictEqual(found, {
      direction: "bullish",
      openTime: timeOf(60),
      top: 100.5,
      bottom: 97,
      brokenBy: timeOf(61),
      impulse: 1.75
    })
    assert.isNull(detect(of([...quiet, [100, 100.5, 97.75, 98], [98, 104, 97.25, 103]])).orderBlock())
    assert.isNull(detect(of([...quiet, falling, [97.25, 104, 97.25, 100.5]])).orderBlock())
    const later = (count: number) =>
      detect(of([...quiet, falling, [97.25, 104, 97.25, 103], ...quiet.slice(0, count)])).orderBlock()
    assert.strictEqual(later(48)?.openTime, timeOf(60))
    assert.isNull(later(49))
    const rising = [100, 103, 99.5, 102.75]
    const bearish = detect(of([...quiet, rising, [102.75, 103, 95, 96]])).orderBlock()
    assert.deepInclude(bearish, { direction: "bearish", top: 103, bottom: 99.5 })
  })

  it("tell a fair value gap of a thousandth, until a candle comes back to it", () => {
    const gap = [...quiet, [100, 103, 100, 103], [103, 104, 101.25, 104]]
    assert.deepStrictEqual(detect(of(gap)).fairValueGap(), {
      direction: "bullish",
      openTime: timeOf(60),
      top: 101.25,
      bottom: 101,
      size: 0.25 / 103
    })
    assert.isNotNull(detect(of([...gap, [104, 104, 101.5, 102]])).fairValueGap())
    assert.isNull(detect(of([...gap, [104, 104, 101.25, 102]])).fairValueGap())
    const after = (close: number, low: number) =>
      detect(of([...quiet, [100, 126, 100, close], [close, 130, low, 130]])).fairValueGap()
    assert.strictEqual(after(125, 101.125)?.size, 0.001)
    assert.isNull(after(126, 101.125))
  })

  it("tell a break both ways by the candle that came last, and in one candle by the way it went", () => {
    const direction = (last: ReadonlyArray<ReadonlyArray<number>>) => detect(of([...quiet, ...last])).breakOfStructure()
    assert.isNull(direction([]))
    assert.deepStrictEqual(direction([[100, 102, 99, 100]]), {
      direction: "bullish",
      openTime: timeOf(60),
      level: 101
    })
    const [up, down] = [
      [100, 102, 99, 100],
      [100, 101, 98, 100]
    ]
    assert.strictEqual(direction([up!, down!])?.direction, "bearish")
    assert.strictEqual(direction([down!, up!])?.direction, "bullish")
    assert.strictEqual(direction([[100, 102, 98, 99]])?.direction, "bearish")
    assert.strictEqual(direction([[100, 102, 98, 101]])?.direction, "bullish")
    assert.isNull(direction([up!, ...quiet.slice(0, 3)]))
  })
})
