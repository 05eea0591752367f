import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import type { Gamma } from "@tidemark/core"
import { Traps } from "@tidemark/gamma"
import { Schema } from "effect"
import { prices, random, until } from "../prices.ts"
import { type Cell, exposureOf, inputOf, type Scene, snapshotOf } from "./scene.ts"

const signalOf = (scene: Scene): Gamma.Signal => Traps.Signals.of(inputOf(scene))
const flip: Scene = { flip: 100.1 }
const momentum: Scene = { net: -1e9 }

describe("a signal", () => {
  it("is pending, measured from the spot of its snapshot, and names it", () => {
    const signal = signalOf({})
    assert.deepStrictEqual(
      [signal.outcome, signal.price, signal.outcomePrice, signal.move, signal.resolvedAt],
      ["pending", 100, null, null, null]
    )
    assert.deepStrictEqual(
      [signal.symbol, signal.source, signal.method, signal.origin, signal.session],
      ["^GSPC", "cboe", "recomputed", "chain-observed", "2024-02-14"]
    )
    assert.strictEqual(signalOf({ spot: null }).price, 99)
  })

  it("is due at the close of the session that is its horizon after its own", () => {
    // Friday to Tuesday is Presidents' Day's weekend: Thursday, Friday, Tuesday, Wednesday, Thursday.
    assert.strictEqual(signalOf(flip).dueAt, Date.parse("2024-02-15T21:00Z"))
    assert.strictEqual(signalOf({}).dueAt, Date.parse("2024-02-22T21:00Z"))
  })

  it("counts from its session wherever its moment lies: before, after, and on a weekend", () => {
    const dueAt = (at: string, session: string) => {
      const input = inputOf(flip)
      return Traps.Signals.of({ ...input, snapshot: { ...input.snapshot, at: Date.parse(at), session } }).dueAt
    }
    assert.strictEqual(dueAt("2024-07-02T22:00Z", "2024-07-02"), Date.parse("2024-07-03T17:00Z"))
    assert.strictEqual(dueAt("2024-07-03T17:00Z", "2024-07-03"), Date.parse("2024-07-05T20:00Z"))
    assert.strictEqual(dueAt("2024-02-18T12:00Z", "2024-02-16"), Date.parse("2024-02-20T21:00Z"))
    const input = inputOf(flip)
    const always = { ...input, calendar: Calendars.get("24/7") }
    assert.strictEqual(Traps.Signals.of(always).dueAt, Date.parse("2024-02-16"))
  })

  it("has a threshold where it says that prices will move: their deviation of 20 days, times the root of its horizon", () => {
    // Returns of ±ln 1.01 in turns, ten each.
    const daily = Math.log(1.01) * Math.sqrt(20 / 19)
    assert.approximately(signalOf(flip).threshold!, daily, 1e-12)
    assert.approximately(signalOf(momentum).threshold!, daily * Math.sqrt(5), 1e-12)
    assert.approximately(signalOf({ ...momentum, missing: 3 }).threshold!, daily * Math.sqrt(5), 1e-12)
    assert.isNull(signalOf({}).threshold)
  })

  it("says that it can never be judged without that deviation, or without a price", () => {
    const stale = signalOf({ ...flip, missing: 4 })
    assert.isNull(stale.threshold)
    assert.include(stale.reasons, "The outcome cannot be judged: the last 4 of the daily candles are missing.")
    const input = inputOf({ spot: null })
    const unpriced = Traps.Signals.of({ ...input, market: { ...input.market, price: null, priceAt: null } })
    assert.include(unpriced.reasons, "The outcome cannot be judged: there is no price to measure it from.")
  })

  const start = Date.parse("2024-01-02")
  const market = prices("XNYS", start, 90, 11, 0.02)
  it.prop(
    "is what anybody could have known: candles that close later change nothing",
    {
      hours: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 90 * 24 })),
      seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e6 }))
    },
    ({ hours, seed }) => {
      const at = start + hours * 3_600_000
      const next = random(seed)
      const cells = Array.from({ length: 30 }, (): Cell => [
        Math.floor(next() * 20),
        90 + Math.floor(next() * 20),
        (next() - 0.5) * 1e10,
        next() * 1e5
      ])
      const session = new Date(at).toISOString().slice(0, 10)
      const snapshot = snapshotOf({ at, session, netGex: (next() - 0.5) * 4e9, flip: 100 + 4 * (next() - 0.5) })
      const signalFrom = (prices: Traps.Market.Prices) =>
        Traps.Signals.of({
          snapshot,
          exposure: { ...exposureOf(cells), at },
          previous: snapshotOf({ at: at - 1, trapCallWall: 99, trapPutWall: 80 }),
          market: Traps.Market.reader(prices)(at),
          calendar: market.calendar
        })
      assert.deepStrictEqual(signalFrom(market), signalFrom(until(market, at)))
    },
    { arbitrary: { runs: 40 } }
  )
})

describe("an outcome", () => {
  const { isDue, resolve } = Traps.Outcomes
  const due = signalOf({}).dueAt
  const signal = (direction: Gamma.Direction, threshold: number | null = null): Gamma.Signal => ({
    ...signalOf({}),
    direction,
    threshold
  })

  it.each([
    ["bullish", null, 100.51, "won"],
    ["bullish", null, 100.49, "lost"],
    ["bullish", null, 90, "lost"],
    ["bearish", null, 99.49, "won"],
    ["bearish", null, 99.51, "lost"],
    ["neutral", null, 100.99, "won"],
    ["neutral", null, 99.01, "won"],
    ["neutral", null, 98.9, "lost"],
    ["neutral", null, 101.1, "lost"],
    ["volatile", 0.02, 102.1, "won"],
    ["volatile", 0.02, 97.9, "won"],
    ["volatile", 0.02, 101.9, "lost"]
  ] as const)("of a %s signal (threshold %s) at a close of %s is %s", (direction, threshold, close, outcome) => {
    const resolved = resolve(signal(direction, threshold), close, due)
    assert.strictEqual(resolved.outcome, outcome)
    assert.strictEqual(resolved.outcomePrice, close)
    assert.approximately(resolved.move!, close / 100 - 1, 1e-12)
    assert.strictEqual(resolved.resolvedAt, due)
  })

  it("is not told before it is due, without a close, or without what to measure by", () => {
    const neutral = signal("neutral")
    const pending: ReadonlyArray<readonly [Gamma.Signal, number | undefined, number]> = [
      [neutral, 100, due - 1],
      [neutral, undefined, due],
      [neutral, Number.NaN, due],
      [neutral, 0, due],
      [{ ...neutral, price: null }, 100, due],
      [signal("volatile"), 150, due]
    ]
    for (const [given, close, now] of pending) assert.strictEqual(resolve(given, close, now), given)
    assert.isTrue(isDue(neutral, due))
    assert.isFalse(isDue(neutral, due - 1))
    assert.isFalse(isDue(signal("volatile"), due))
  })

  it("stays what it is once it is told", () => {
    const won = resolve(signal("neutral"), 100, due)
    assert.strictEqual(resolve(won, 200, due + 1), won)
  })
})

describe("how often signals came true", () => {
  it("is told with the interval of Wilson", () => {
    // 81 of 263: Newcombe (1998), table I, method 3.
    const near = (wins: number, trials: number, low: number, high: number) => {
      const interval = Traps.Wilson.interval(wins, trials)
      assert.approximately(interval.low, low, 5e-5)
      assert.approximately(interval.high, high, 5e-5)
    }
    near(81, 263, 0.2553, 0.3662)
    near(0, 10, 0, 0.2775)
    near(10, 10, 0.7225, 1)
    near(5, 10, 0.2366, 0.7634)
    near(1, 1, 0.2065, 1)
  })

  const some = (outcome: Gamma.Outcome, rest: Partial<Gamma.Count> = {}): Gamma.Count => ({
    pattern: "NEUTRAL",
    origin: "chain-observed",
    method: "recomputed",
    outcome,
    signals: 1,
    ...rest
  })

  it("counts each pattern, origin and method by itself, and what is pending apart", () => {
    const rows = Traps.Performance.of([
      some("won", { signals: 2 }),
      some("lost"),
      some("pending"),
      some("won", { origin: "vendor-reported", method: "vendor" }),
      some("pending", { pattern: "LIBERATION" })
    ])
    assert.deepStrictEqual(rows, [
      {
        pattern: "LIBERATION",
        origin: "chain-observed",
        method: "recomputed",
        pending: 1,
        resolved: 0,
        wins: 0,
        winRate: null,
        interval: null
      },
      {
        pattern: "NEUTRAL",
        origin: "chain-observed",
        method: "recomputed",
        pending: 1,
        resolved: 3,
        wins: 2,
        winRate: 2 / 3,
        interval: Traps.Wilson.interval(2, 3)
      },
      {
        pattern: "NEUTRAL",
        origin: "vendor-reported",
        method: "vendor",
        pending: 0,
        resolved: 1,
        wins: 1,
        winRate: 1,
        interval: Traps.Wilson.interval(1, 1)
      }
    ])
  })

  it("say that they could decide nothing by a confidence of 0", () => {
    const nothing = { net: null, cells: null, rsi: Array<null>(5).fill(null), days: 0, vix: null, previous: null }
    assert.strictEqual(signalOf(nothing).confidence, 0)
  })

  it("leaves out what was modelled or simulated unless it is asked for by name", () => {
    const counts = [some("won", { origin: "modelled", method: "model" }), some("lost", { origin: "synthetic" })]
    assert.deepStrictEqual(Traps.Performance.of(counts), [])
    assert.deepStrictEqual(
      Traps.Performance.of(counts, ["synthetic"]).map(({ origin, resolved }) => [origin, resolved]),
      [["synthetic", 1]]
    )
  })
})
