import { assert, describe, it } from "@effect/vitest"
import { Policy, Repair } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { type Candidate, type Coverage, Instrument, type Source } from "@tidemark/core"
import { Schema } from "effect"

const day = 86_400_000
const hour = 3_600_000
const count = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 1, maximum }))

const Patience = Schema.Struct({
  confirmations: count(6),
  repairWaitMillis: count(10 * day),
  emptyExpiresMillis: count(60 * day)
})

describe("when a hole that nobody can explain is asked for again", () => {
  it.prop(
    "the wait never shrinks with the answers, doubles once it is confirmed, and ends at the expiry",
    { patience: Patience, answers: count(40) },
    ({ answers, patience }) => {
      const policy = { ...Policy.defaults, ...patience }
      const [wait, next] = [Repair.waitMillis(policy, answers), Repair.waitMillis(policy, answers + 1)]
      if (answers < policy.confirmations) {
        // So long only a run waits between its own questions.
        assert.isBelow(wait, policy.confirmations * policy.backoffMillis)
        return
      }
      assert.isAtLeast(next, wait)
      assert.isAtMost(next, policy.emptyExpiresMillis)
      assert.isTrue(next === 2 * wait || next === policy.emptyExpiresMillis)
      if (answers === policy.confirmations) {
        assert.strictEqual(wait, Math.min(policy.repairWaitMillis, policy.emptyExpiresMillis))
      }
    }
  )

  it.prop(
    "runs that come at any time ask at once until it is confirmed, then never before the wait is over, and soon after it",
    {
      patience: Patience,
      pauses: Schema.Array(count(20 * day)).check(Schema.isMinLength(1), Schema.isMaxLength(60))
    },
    ({ patience, pauses }) => {
      const policy = { ...Policy.defaults, ...patience }
      let run = { confirmations: 1, lastAt: 0 }
      let now = 0
      for (const pause of pauses) {
        now += pause
        const due = Repair.isDue(run, policy, now)
        const isConfirmed = run.confirmations >= policy.confirmations
        assert.strictEqual(due, !isConfirmed || now - run.lastAt >= Repair.waitMillis(policy, run.confirmations))
        // Whatever the attempts: after the expiry it is asked for.
        if (now - run.lastAt >= policy.emptyExpiresMillis) assert.isTrue(due)
        if (due) run = { confirmations: run.confirmations + 1, lastAt: now }
      }
    }
  )

  it("a run every hour for a year asks for it few times", () => {
    let run = { confirmations: 3, lastAt: 0 }
    const asked: Array<number> = []
    for (let now = hour; now < 365 * day; now += hour) {
      if (!Repair.isDue(run, Policy.defaults, now)) continue
      asked.push(now / day)
      run = { confirmations: run.confirmations + 1, lastAt: now }
    }
    assert.deepStrictEqual(asked.slice(0, 7), [1, 3, 7, 15, 31, 61, 91])
    assert.lengthOf(asked, 16)
  })

  it("says how often it was asked for, and when next", () => {
    const at = Date.parse("2024-01-01T10:00:30Z")
    const outlook = (confirmations: number, now: number) =>
      Repair.outlook({ confirmations, lastAt: at }, Policy.defaults, now)
    assert.strictEqual(outlook(1, at), "the next run asks again")
    assert.strictEqual(outlook(3, at), "asked again not before 2024-01-02T10:01Z")
    assert.strictEqual(outlook(5, at + day), "asked again not before 2024-01-05T10:01Z")
    assert.strictEqual(outlook(3, at + day), "the next run asks again")
  })
})

describe("a hole that is explained", () => {
  const calendar = Calendars.get("24/7")
  const hole: Coverage.Empty = {
    from: 10 * hour,
    to: 14 * hour,
    opens: 4,
    confirmations: 3,
    firstAt: 100 * day,
    lastAt: 100 * day
  }
  const series = { source: "test", symbol: "X/USD", timeframe: "1h" } as const
  const candidate = (verdict: Candidate.Verdict, from: number, to: number): Candidate.Candidate => ({
    series,
    source: "other",
    interval: { from: from * hour, to: to * hour },
    missing: to - from,
    has: 0,
    asked: { from: 0, to: 30 * hour },
    compared: 20,
    lacking: 0,
    differing: 0,
    medianOff: 0,
    tolerance: 0.001,
    basis: "prices as both give them",
    verdict,
    askedAt: 110 * day
  })
  const capabilities: Source.Capabilities = {
    assetClasses: ["crypto"],
    timeframes: ["1h"],
    pageSize: 100,
    bytesPerCandle: 100,
    weightPerPage: 1,
    hosts: [],
    lanes: 1,
    lagMillis: 0,
    adjustment: "none",
    provenance: "observed"
  }
  const due = (now: number, extra: { readonly candidates?: ReadonlyArray<Candidate.Candidate>; quiet?: boolean }) =>
    Repair.due(
      { pruned: [], fetched: [], empty: [hole], stale: [], streamed: [] },
      {
        request: {
          series,
          instrument: new Instrument.Instrument({
            symbol: "X/USD",
            assetClass: "crypto",
            calendar: "24/7",
            sources: [{ source: "test" }],
            active: true
          }),
          calendar,
          capabilities: { ...capabilities, omitsQuiet: extra.quiet === true },
          window: {},
          coverage: { pruned: [], fetched: [], empty: [], stale: [], streamed: [] },
          keeps: "forever",
          outages: [],
          candidates: extra.candidates ?? []
        },
        requested: { from: 0, to: 100 * hour },
        expected: 100,
        excluded: [],
        chunks: [],
        cost: { candles: 0, requests: 0, weight: 0, bytes: 0, millis: 0 }
      },
      Policy.defaults,
      now * day
    )
  const whole = [{ from: hole.from, to: hole.to }]

  it("by a source that leaves out what is quiet holds for the whole time, not for the first wait", () => {
    assert.deepStrictEqual(due(101, {}), whole)
    assert.deepStrictEqual(due(129, { quiet: true }), [])
    assert.deepStrictEqual(due(130, { quiet: true }), whole)
  })

  it("by another source that has none either holds from when that was asked, and only where it was", () => {
    const candidates = [candidate("empty", 10, 14)]
    assert.deepStrictEqual(due(139, { candidates }), [])
    assert.deepStrictEqual(due(140, { candidates }), whole)
    assert.deepStrictEqual(due(101, { candidates: [candidate("empty", 10, 12)] }), [{ from: 12 * hour, to: 14 * hour }])
    for (const verdict of ["offered", "differs", "unproven", "unanswered"] as const) {
      assert.deepStrictEqual(due(101, { candidates: [candidate(verdict, 10, 14)] }), whole)
    }
  })
})
