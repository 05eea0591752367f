import { assert, describe, it } from "@effect/vitest"
import { Coverage, Interval } from "@tidemark/core"
import { Schema } from "effect"

/** A world of 30 candles of one millisecond; the source has those of `has`. */
const Answers = Schema.Array(
  Schema.Struct({
    from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 28 })),
    length: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })),
    has: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 39 })))
  })
).check(Schema.isMaxLength(12))

const holesOf = (interval: Interval.Interval, has: ReadonlySet<number>): ReadonlyArray<Coverage.Hole> =>
  Interval.normalize(
    Array.from({ length: interval.to - interval.from }, (_, i) => interval.from + i)
      .filter((at) => !has.has(at))
      .map((at) => ({ from: at, to: at + 1 }))
  ).map((hole) => ({ ...hole, opens: hole.to - hole.from }))

const answer = (interval: Interval.Interval, holes: ReadonlyArray<Coverage.Hole>, at: number, rowsAdded = 0) => ({
  interval,
  holes,
  at,
  rowsAdded,
  countOpens: ({ from, to }: Interval.Interval) => to - from
})

describe("Coverage", () => {
  it.prop(
    "after any answers, a fetched candle is a counted row or in one empty run, confirmed as often as it was lacking",
    { answers: Answers },
    ({ answers }) => {
      let coverage = Coverage.none
      const rows = new Set<number>()
      const asked = new Set<number>()
      const lacking = new Map<number, number>()
      answers.forEach(({ from, has, length }, i) => {
        const interval = { from, to: from + length }
        const present = new Set(has)
        let added = 0
        for (let at = interval.from; at < interval.to; at++) {
          asked.add(at)
          const had = rows.has(at)
          if (present.has(at)) {
            rows.add(at)
            lacking.delete(at)
            if (!had) added++
          } else {
            rows.delete(at)
            lacking.set(at, (lacking.get(at) ?? 0) + 1)
            if (had) added--
          }
        }
        coverage = Coverage.record(coverage, answer(interval, holesOf(interval, present), i, added))
      })
      assert.strictEqual(Coverage.rows(coverage), rows.size)
      const fetched = Coverage.fetchedSet(coverage)
      assert.deepStrictEqual(
        coverage.fetched.map(({ from, to }) => ({ from, to })),
        fetched
      )
      for (let at = 0; at < 45; at++) {
        assert.strictEqual(Interval.has(fetched, at), asked.has(at))
        const runs = coverage.empty.filter((run) => Interval.contains(run, at))
        assert.lengthOf(runs, lacking.has(at) ? 1 : 0)
        // A run that is asked again in part with its neighbours counts from the least confirmed of them.
        if (runs[0] !== undefined) assert.isAtMost(runs[0].confirmations, lacking.get(at)!)
      }
      for (const run of coverage.empty) assert.strictEqual(run.opens, run.to - run.from)
    },
    { arbitrary: { runs: 500 } }
  )

  it("counts how often the same hole was confirmed, and since when", () => {
    const hole = { from: 3, to: 6, opens: 3 }
    let coverage = Coverage.record(Coverage.none, answer({ from: 0, to: 10 }, [hole], 100, 7))
    coverage = Coverage.record(coverage, answer(hole, [hole], 200))
    coverage = Coverage.record(coverage, answer(hole, [hole], 300))
    assert.deepStrictEqual(coverage.empty, [{ ...hole, confirmations: 3, firstAt: 100, lastAt: 300 }])
  })

  it.prop(
    "what is marked as stale stays so until an answer covers it, and is fetched as before",
    { answers: Answers, marks: Answers },
    ({ answers, marks }) => {
      let coverage = Coverage.none
      const stale = new Map<number, number>()
      answers.forEach(({ from, length }, i) => {
        coverage = Coverage.record(coverage, answer({ from, to: from + length }, [], i))
        for (let at = from; at < from + length; at++) stale.delete(at)
        const mark = marks[i]
        if (mark === undefined) return
        const run = { from: mark.from, to: mark.from + mark.length, since: 100 + i, at: i }
        const fetched = Coverage.fetchedSet(coverage)
        coverage = Coverage.markStale(coverage, [run])
        assert.deepStrictEqual(Coverage.fetchedSet(coverage), fetched)
        for (let at = run.from; at < run.to; at++) if (Interval.has(fetched, at)) stale.set(at, run.since)
      })
      for (let at = 0; at < 45; at++) {
        const runs = coverage.stale.filter((run) => Interval.contains(run, at))
        assert.deepStrictEqual(
          runs.map(({ since }) => since),
          stale.has(at) ? [stale.get(at)] : []
        )
        const isSettled = Interval.has(Coverage.settledSet(coverage), at)
        assert.strictEqual(isSettled, Interval.has(Coverage.fetchedSet(coverage), at) && !stale.has(at))
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("a hole that is wider than what was confirmed before starts anew", () => {
    const narrow = { from: 3, to: 4, opens: 1 }
    const wide = { from: 3, to: 6, opens: 3 }
    let coverage = Coverage.record(Coverage.none, answer({ from: 0, to: 10 }, [narrow], 100, 9))
    coverage = Coverage.record(coverage, answer({ from: 0, to: 10 }, [wide], 200, -2))
    assert.deepStrictEqual(coverage.empty, [{ ...wide, confirmations: 1, firstAt: 200, lastAt: 200 }])
  })

  it.prop(
    "after any answers and cuts, a candle is fetched, pruned or neither, as the last of them says; counts stay true",
    { answers: Answers, cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 44 }))) },
    ({ answers, cuts }) => {
      let coverage = Coverage.none
      const [rows, fetched, pruned, lacking] = [
        new Set<number>(),
        new Set<number>(),
        new Set<number>(),
        new Set<number>()
      ]
      let [went, cameAgain] = [0, false]
      answers.forEach(({ from, has, length }, i) => {
        const interval = { from, to: from + length }
        const before = rows.size
        for (let at = interval.from; at < interval.to; at++) {
          fetched.add(at)
          if (pruned.delete(at)) cameAgain = true
          if (has.includes(at)) {
            rows.add(at)
            lacking.delete(at)
          } else {
            rows.delete(at)
            lacking.add(at)
          }
        }
        coverage = Coverage.record(coverage, answer(interval, holesOf(interval, new Set(has)), i, rows.size - before))
        const cut = cuts[i]
        if (cut === undefined) return
        const taken = Coverage.fetchedBefore(coverage, cut).map((part) => ({
          ...part,
          rows: [...rows].filter((at) => Interval.contains(part, at)).length
        }))
        const countOpens = ({ from, to }: Interval.Interval) => to - from
        coverage = Coverage.prune(coverage, { before: cut, at: 100 + i, taken, countOpens })
        for (const at of fetched) {
          if (at >= cut) continue
          fetched.delete(at)
          pruned.add(at)
          lacking.delete(at)
          if (rows.delete(at)) went++
        }
        // To the same instant once more: nothing is left to take.
        assert.deepStrictEqual(Coverage.fetchedBefore(coverage, cut), [])
        assert.deepStrictEqual(Coverage.prune(coverage, { before: cut, at: 200, taken: [], countOpens }), coverage)
      })
      const has = (runs: ReadonlyArray<Interval.Interval>, at: number) =>
        runs.filter((run) => Interval.contains(run, at))
      for (let at = 0; at < 45; at++) {
        assert.lengthOf(has(coverage.fetched, at), fetched.has(at) ? 1 : 0)
        assert.lengthOf(has(coverage.pruned, at), pruned.has(at) ? 1 : 0)
        assert.lengthOf(has(coverage.empty, at), lacking.has(at) ? 1 : 0)
      }
      for (const run of coverage.empty) assert.strictEqual(run.opens, run.to - run.from)
      assert.strictEqual(Coverage.rows(coverage), rows.size)
      // Touching runs are one, and until one is fetched again in part they know how many rows went.
      const pieces = coverage.pruned.map(({ from, to }) => ({ from, to }))
      if (!cameAgain) {
        assert.deepStrictEqual(pieces, Interval.normalize(pieces))
        assert.strictEqual(
          coverage.pruned.reduce((sum, run) => sum + run.rows, 0),
          went
        )
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it("what is left of a pruned run has its share of the rows, and begins and ends what was ever fetched", () => {
    const pruned = [{ from: 0, to: 100, rows: 90, at: 7 }]
    const coverage = Coverage.record({ ...Coverage.none, pruned }, answer({ from: 60, to: 80 }, [], 9, 20))
    assert.deepStrictEqual(coverage.pruned, [
      { from: 0, to: 60, rows: 54, at: 7 },
      { from: 80, to: 100, rows: 18, at: 7 }
    ])
    assert.deepStrictEqual(Coverage.extent(coverage), { from: 0, to: 100 })
    assert.isUndefined(Coverage.extent(Coverage.none))
  })
})
