import { assert, describe, it } from "@effect/vitest"
import { Interval } from "@tidemark/core"
import { Schema } from "effect"

/** Sets are compared with the plainest model there is: which whole instants of 0..40 are inside. */
const Raw = Schema.Array(
  Schema.Struct({
    from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    length: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
  })
).check(Schema.isMaxLength(8))

const toIntervals = (raw: typeof Raw.Type) => raw.map(({ from, length }) => ({ from, to: from + length }))
const instants = (intervals: ReadonlyArray<Interval.Interval>): ReadonlySet<number> => {
  const inside = new Set<number>()
  for (const { from, to } of intervals) for (let at = from; at < to; at++) inside.add(at)
  return inside
}
const sorted = (inside: Iterable<number>) => [...inside].sort((a, b) => a - b)

const isSet = (set: Interval.IntervalSet) =>
  set.every((interval, i) => interval.from < interval.to && (i === 0 || interval.from > set[i - 1]!.to))

const runs = { arbitrary: { runs: 500 } }

describe("Interval", () => {
  it.prop(
    "sets stay sorted, disjoint and not adjacent, and hold what the model holds",
    { a: Raw, b: Raw },
    ({ a, b }) => {
      const left = Interval.normalize(toIntervals(a))
      const right = Interval.normalize(toIntervals(b))
      const inLeft = instants(toIntervals(a))
      const inRight = instants(toIntervals(b))
      const cases = [
        [left, inLeft],
        [Interval.union(left, right), new Set([...inLeft, ...inRight])],
        [Interval.intersection(left, right), new Set([...inLeft].filter((at) => inRight.has(at)))],
        [Interval.difference(left, right), new Set([...inLeft].filter((at) => !inRight.has(at)))]
      ] as const
      for (const [actual, expected] of cases) {
        assert.isTrue(isSet(actual))
        assert.deepStrictEqual(sorted(instants(actual)), sorted(expected))
      }
      assert.strictEqual(Interval.totalMillis(left), inLeft.size)
      for (let at = 0; at < 50; at++) assert.strictEqual(Interval.has(left, at), inLeft.has(at))
    },
    runs
  )

  it.prop(
    "what is split is whole when put together, and cut where it was asked",
    { raw: Raw, cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 }))) },
    ({ cuts, raw }) => {
      for (const interval of Interval.normalize(toIntervals(raw))) {
        const boundaries = [...cuts].sort((a, b) => a - b)
        const parts = Interval.splitAt(interval, boundaries)
        assert.deepStrictEqual(Interval.normalize(parts), [interval])
        const inner = new Set(boundaries.filter((cut) => cut > interval.from && cut < interval.to))
        assert.lengthOf(parts, inner.size + 1)
      }
    },
    runs
  )

  it("refuses what is empty, reversed or no whole number of milliseconds", () => {
    for (const [from, to] of [
      [1, 1],
      [2, 1],
      [0, 0.5],
      [Number.NaN, 1],
      [0, Infinity]
    ] as const) {
      assert.throws(() => Interval.make(from, to), RangeError)
    }
    assert.deepStrictEqual(Interval.make(-5, 5), { from: -5, to: 5 })
  })

  it("is half-open", () => {
    const interval = Interval.make(10, 20)
    assert.isTrue(Interval.contains(interval, 10))
    assert.isFalse(Interval.contains(interval, 20))
    assert.isFalse(Interval.overlaps(interval, { from: 20, to: 30 }))
    assert.isUndefined(Interval.intersect(interval, { from: 20, to: 30 }))
  })
})
