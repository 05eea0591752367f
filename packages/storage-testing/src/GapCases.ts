/** What every storage does with gaps, outages and findings, as cases of its contract. */
import { assert, type Vitest } from "@effect/vitest"
import { type Candidate, type Gap, GapLedger, type Outage, QualityStore, type Series } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect } from "effect"

const hour = 3_600_000
const start = 1_577_836_800_000

let count = 0
const fresh = (): Series.Series => ({ source: "contract", symbol: `GAP${count++}`, timeframe: "1h" })

const gap = (series: Series.Series, from: number, to: number, extra: Partial<Gap.Gap> = {}): Gap.Gap => ({
  series,
  interval: { from: start + from * hour, to: start + to * hour },
  missing: to - from,
  cause: "unexplained",
  evidence: ["asked 3 times", 'it said "nothing"'],
  attempts: 3,
  nextAction: "ask again",
  ...extra
})

const listed = (series: Series.Series) =>
  Effect.flatMap(GapLedger.GapLedger, (ledger) =>
    Effect.map(ledger.list, (all) => all.filter((one) => one.series.symbol === series.symbol))
  )

export const cases = (
  it: Vitest.MethodsNonLive<GapLedger.GapLedger | QualityStore.QualityStore | Query.Query>
): void => {
  it.effect("G01 the gaps of a series take the place of those that were recorded, and keep since when", () =>
    Effect.gen(function* () {
      const ledger = yield* GapLedger.GapLedger
      const [series, other] = [fresh(), fresh()]
      const [a, b] = [gap(series, 0, 4), gap(series, 10, 12, { cause: "outage" })]
      yield* ledger.record(
        [
          { series, gaps: [b, a] },
          { series: other, gaps: [gap(other, 0, 1)] }
        ],
        1_000
      )
      assert.deepStrictEqual(yield* listed(series), [
        { ...a, detectedAt: 1_000, checkedAt: 1_000 },
        { ...b, detectedAt: 1_000, checkedAt: 1_000 }
      ])
      // Half of it has been filled; another part has a cause now, which is news.
      const [left, explained] = [gap(series, 2, 4), gap(series, 10, 12, { cause: "unexplained" })]
      yield* ledger.record([{ series, gaps: [left, explained] }], 2_000)
      assert.deepStrictEqual(yield* listed(series), [
        { ...left, detectedAt: 1_000, checkedAt: 2_000 },
        { ...explained, detectedAt: 2_000, checkedAt: 2_000 }
      ])
      const own = { symbols: [series.symbol] }
      assert.deepStrictEqual(yield* ledger.of(own), yield* listed(series))
      assert.deepStrictEqual(yield* ledger.of({ ...own, timeframes: ["1d"] }), [])
      assert.deepStrictEqual(yield* ledger.of({ ...own, source: "another" }), [])
      assert.deepStrictEqual(yield* ledger.of({}), yield* ledger.list)
      yield* ledger.record([{ series, gaps: [] }], 3_000)
      assert.deepStrictEqual(yield* listed(series), [])
      assert.lengthOf(yield* listed(other), 1)
      const rows = yield* (yield* Query.Query).run(
        `SELECT cause, missing, attempts FROM data_gaps WHERE symbol = '${other.symbol}'`
      )
      assert.deepStrictEqual(
        rows.map((row) => [row["cause"], Number(row["missing"]), row["attempts"]]),
        [["unexplained", 1, 3]]
      )
    })
  )

  it.effect("G02 the outages of a venue take the place of those that were found, and venues do not mix", () =>
    Effect.gen(function* () {
      const ledger = yield* GapLedger.GapLedger
      const outage = (venue: string, from: number): Outage.Outage => ({
        venue,
        from: start + from * hour,
        to: start + (from + 1) * hour,
        origin: "inferred",
        evidence: `4 of 4 symbols of ${venue}`
      })
      const found = (venue: string) => Effect.map(ledger.outages, (all) => all.filter((one) => one.venue === venue))
      const [one, two] = [`venue-${count++}`, `venue-${count++}`]
      yield* ledger.recordOutages(one, [outage(one, 5), outage(one, 0)], 1_000)
      yield* ledger.recordOutages(two, [outage(two, 0)], 1_000)
      assert.deepStrictEqual(yield* found(one), [outage(one, 0), outage(one, 5)])
      yield* ledger.recordOutages(one, [outage(one, 7)], 2_000)
      assert.deepStrictEqual(yield* found(one), [outage(one, 7)])
      assert.deepStrictEqual(yield* found(two), [outage(two, 0)])
      yield* ledger.recordOutages(one, [], 3_000)
      assert.deepStrictEqual(yield* found(one), [])
    })
  )

  it.effect("G03 a check takes the place of the last; what is found again stays acknowledged", () =>
    Effect.gen(function* () {
      const store = yield* QualityStore.QualityStore
      const series = fresh()
      const finding = (kind: string, from: number): QualityStore.Finding => ({
        kind,
        severity: "warning",
        interval: { from: start + from * hour, to: start + from * hour + 1 },
        evidence: `${kind} it's "odd"`,
        figures: { ratio: 1.5, absent: Number.NaN }
      })
      const open = { unfetched: 30, "source-failure": 10, unexplained: 4 }
      const month: QualityStore.Month = { month: start, expected: 744, actual: 700, open, hasAnomalies: true }
      const check = (...findings: ReadonlyArray<QualityStore.Finding>) => ({ series, months: [month], findings })
      const listed = Effect.map(store.findings, (all) => all.filter((one) => one.series.symbol === series.symbol))
      yield* store.record(check(finding("spike", 1), finding("jump", 2), finding("spike", 9)), 1_000)
      assert.deepStrictEqual((yield* listed)[0], {
        ...finding("spike", 1),
        figures: { ratio: 1.5 },
        series,
        foundAt: 1_000
      })
      const around = { from: start, to: start + 2 * hour }
      assert.strictEqual(yield* store.acknowledge(series, around, "a real crash", 2_000), 1)
      assert.strictEqual(yield* store.acknowledge(fresh(), around, "nobody's", 2_000), 0)
      yield* store.record(check(finding("spike", 1), finding("jump", 2)), 3_000)
      assert.deepStrictEqual(
        (yield* listed).map(({ acknowledged, foundAt, kind }) => [kind, foundAt, acknowledged?.note]),
        [
          ["spike", 1_000, "a real crash"],
          ["jump", 1_000, undefined]
        ]
      )
      const rows = yield* (yield* Query.Query).run(
        `SELECT CAST(month AS VARCHAR) AS month, expected, missing, unexplained, completeness, has_gaps, has_anomalies
         FROM data_quality WHERE symbol = '${series.symbol}'`
      )
      assert.deepStrictEqual(
        rows.map((row) => ({
          ...row,
          expected: Number(row["expected"]),
          missing: Number(row["missing"]),
          unexplained: Number(row["unexplained"])
        })),
        [
          {
            month: "2020-01-01",
            expected: 744,
            missing: 44,
            unexplained: 4,
            completeness: 700 / 744,
            has_gaps: true,
            has_anomalies: true
          }
        ] as ReadonlyArray<object> as typeof rows & ReadonlyArray<{ expected: number; missing: number }>
      )
    })
  )

  it.effect(
    "G04 a verdict on a gap takes the place of that source's last one, and what it was asked for stays known",
    () =>
      Effect.gen(function* () {
        const ledger = yield* GapLedger.GapLedger
        const series = fresh()
        const candidate = (
          source: string,
          from: number,
          to: number,
          extra: Partial<Candidate.Candidate> = {}
        ): Candidate.Candidate => ({
          series,
          source,
          interval: { from: start + from * hour, to: start + to * hour },
          missing: to - from,
          has: to - from,
          asked: { from: start + (from - 5) * hour, to: start + (to + 5) * hour },
          compared: 10,
          lacking: 1,
          differing: 2,
          medianOff: 0.000_123,
          tolerance: 0.001,
          basis: 'prices as both "give" them',
          verdict: "offered",
          askedAt: 1_000,
          ...extra
        })
        const listed = Effect.map(ledger.candidates, (all) => all.filter((one) => one.series.symbol === series.symbol))
        const [a, b] = [
          candidate("other", 0, 4),
          candidate("other", 20, 24, { verdict: "unanswered", detail: "it's gone" })
        ]
        const another = candidate("another", 0, 4, { verdict: "empty", has: 0 })
        yield* ledger.recordCandidates([b, a, another])
        yield* ledger.recordCandidates([])
        assert.deepStrictEqual(yield* listed, [another, a, b])
        // A part of the gap was filled since; less was asked for this time.
        const left = candidate("other", 2, 4, {
          asked: { from: start, to: start + 6 * hour },
          verdict: "differs",
          askedAt: 2_000
        })
        yield* ledger.recordCandidates([left])
        assert.deepStrictEqual(yield* listed, [another, { ...left, asked: a.asked }, b])
        const rows = yield* (yield* Query.Query).run(
          `SELECT candidate, verdict, has FROM gap_candidates WHERE symbol = '${series.symbol}' ORDER BY verdict`
        )
        assert.deepStrictEqual(
          rows.map((row) => [row["candidate"], row["verdict"], Number(row["has"])]),
          [
            ["other", "differs", 2],
            ["another", "empty", 0],
            ["other", "unanswered", 4]
          ]
        )
      })
  )
}
