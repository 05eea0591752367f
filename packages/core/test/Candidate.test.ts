import { assert, describe, it } from "@effect/vitest"
import { Candidate } from "@tidemark/core"

const hour = 3_600_000
const start = Date.parse("2024-01-02T16:00:00Z")
const series = { source: "binance", symbol: "BTC/USDT", timeframe: "1h" } as const

const candidate = (extra: Partial<Candidate.Candidate> = {}): Candidate.Candidate => ({
  series,
  source: "ccxt:kraken",
  interval: { from: start, to: start + 12 * hour },
  missing: 12,
  has: 12,
  asked: { from: start - 100 * hour, to: start + 112 * hour },
  compared: 198,
  lacking: 2,
  differing: 1,
  medianOff: 0.0002,
  tolerance: 0.001,
  basis: "prices as both give them",
  verdict: "offered",
  askedAt: Date.parse("2024-05-01T10:20:30Z"),
  ...extra
})

const first = (extra: Partial<Candidate.Candidate>) => Candidate.sentences(candidate(extra))[0]!
const asked = "ccxt:kraken, asked at 2024-05-01T10:20Z, "

describe("a verdict in words", () => {
  it("names what could stand in, on what grounds, and the command that reads it", () => {
    assert.deepStrictEqual(Candidate.sentences(candidate()), [
      `${asked}has 12 of the 12 candles; 198 candles in common agree within 0.02 % (median), so it could stand in: ` +
        "tidemark export --symbols BTC/USDT --timeframes 1h --source binance --start 2024-01-02T16:00Z " +
        "--end 2024-01-03T04:00Z --fill-from ccxt:kraken",
      "compared with ccxt:kraken: prices as both give them; 1 of 198 candles further apart than 0.1 %, 2 it lacks"
    ])
  })

  it("says why nothing is offered", () => {
    assert.strictEqual(
      first({ verdict: "differs", medianOff: 0.0131, has: 5 }),
      `${asked}has 5 of the 12 candles, but differs by 1.3 % (median) over 198 common candles: not offered`
    )
    assert.strictEqual(
      first({ verdict: "differs", medianOff: 0, differing: 40, missing: 1, has: 1 }),
      `${asked}has the candle, but 40 of 198 common candles differ by more than 0.1 %: not offered`
    )
    assert.include(first({ medianOff: 1e-9 }), "agree within 0.001 % (median)")
    assert.include(first({ verdict: "uncompared", compared: 3 }), "only 3 candles around them in common")
    assert.include(first({ verdict: "uncompared", detail: "no splits" }), "but they cannot be compared: no splits")
    assert.include(first({ verdict: "unanswered", has: 0, detail: "no answer" }), "could not answer: no answer")
  })

  it("tells none from nothing proven", () => {
    assert.strictEqual(
      first({ verdict: "empty", has: 0 }),
      `${asked}has none of them either, and 198 of the 200 candles around it: nothing was traded`
    )
    assert.include(first({ verdict: "unproven", has: 0, compared: 8, lacking: 192 }), "8 of the 200 candles around it")
  })

  it("says of which part it is, where the gap is another now", () => {
    const [sentence] = Candidate.sentences(candidate(), { from: start, to: start + hour })
    assert.include(sentence, "asked for 2024-01-02T16:00Z → 2024-01-03T04:00Z at")
  })
})

describe("what is known of a series", () => {
  it("is of its own gaps, and where it was asked for another", () => {
    const all = [candidate(), candidate({ series: { ...series, timeframe: "1d" } })]
    assert.deepStrictEqual(Candidate.about(all, series), { candidates: [all[0]!], aside: [] })
    const other = { ...series, source: "ccxt:kraken" }
    assert.deepStrictEqual(Candidate.about(all, other), { candidates: [], aside: [all[0]!.asked] })
  })
})
