import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import * as Rows from "@tidemark/source-ccxt/Rows"
import { hour } from "./answers.ts"

const calendar = Calendars.get("24/7")
const thisHour = Date.UTC(2025, 4, 2, 10)
const since = thisHour - 1_000 * hour

const row = (open: number): ReadonlyArray<unknown> => [open, 10, 12, 9, 11, 5]
const hours = (first: number, count: number) => Array.from({ length: count }, (_, i) => row(first + i * hour))

const asked = (extra: Partial<Rows.Asked> = {}): Rows.Asked => ({
  calendar,
  timeframe: "1h",
  since,
  limit: 100,
  now: thisHour + hour / 3,
  habit: {},
  ...extra
})
const answered = (rows: ReadonlyArray<ReadonlyArray<unknown>>, extra?: Partial<Rows.Asked>) => {
  const verdict = Rows.judge(rows, asked(extra))
  if (verdict._tag !== "Answered") return assert.fail(`${verdict._tag} ${JSON.stringify(verdict)}`)
  return { to: verdict.to, opens: [...verdict.candles.openTime] }
}
const detail = (rows: ReadonlyArray<ReadonlyArray<unknown>>, extra?: Partial<Rows.Asked>) => {
  const verdict = Rows.judge(rows, asked(extra))
  return verdict._tag === "Malformed" ? verdict.detail : assert.fail(verdict._tag)
}

describe("a page of rows", () => {
  it("answers until the candle after its last, full or not: an exchange may cut pages shorter than it says", () => {
    assert.strictEqual(answered(hours(since, 100)).to, since + 100 * hour)
    assert.strictEqual(answered(hours(since, 60)).to, since + 60 * hour)
  })

  it("answers for no more than its own length if it is empty", () => {
    assert.deepStrictEqual(answered([]), { to: since + 100 * hour, opens: [] })
  })

  it("may come newest first", () => {
    assert.deepStrictEqual(answered(hours(since, 3).toReversed()).opens, [since, since + hour, since + 2 * hour])
  })

  it("loses the rows before the start, and is empty if there is but the one before it", () => {
    assert.deepStrictEqual(answered(hours(since - 2 * hour, 4)).opens, [since, since + hour])
    assert.deepStrictEqual(answered([row(since - hour)]).opens, [])
  })

  it("makes no progress with rows that are all older", () => {
    assert.include(detail(hours(since - 100 * hour, 100)), "no progress")
    assert.include(detail([row(since - 50 * hour)]), "no progress")
  })

  it("may begin late in the middle of history: nothing was traded before", () => {
    for (const [rows, to] of [
      [hours(since + 500 * hour, 100), since + 600 * hour],
      [hours(since + 5 * hour, 10), since + 15 * hour]
    ] as const) {
      const verdict = Rows.judge(rows, asked())
      // Unless they are the newest of a quiet market, which only another question tells.
      assert.strictEqual(verdict._tag === "Late" && verdict.to, to)
    }
    assert.strictEqual(answered([row(since + 5 * hour)]).to, since + 6 * hour)
  })
})

describe("an exchange that ignores the start", () => {
  it("is told by rows that reach the newest candle and cannot reach the start: what is before is unknown", () => {
    const newest = Rows.judge(hours(thisHour - 99 * hour, 100), asked())
    assert.deepStrictEqual(newest, { _tag: "Newest", earliest: thisHour - 99 * hour })
    // As many as it keeps, whatever page was asked for.
    assert.strictEqual(Rows.judge(hours(thisHour - 719 * hour, 720), asked())._tag, "Newest")
    assert.strictEqual(Rows.judge(hours(thisHour - 29 * hour, 30), asked())._tag, "Newest")
  })

  it("is believed where a page could hold all candles since the start: the market is young", () => {
    const late = asked({ since: thisHour - 50 * hour })
    assert.strictEqual(Rows.judge(hours(thisHour - 29 * hour, 30), late)._tag, "Answered")
  })

  it("is told by a full page that should have begun at the start", () => {
    assert.include(detail(hours(since + hour, 100)), "ignores the start")
  })

  it("is told by rows behind the window, where it answers for windows", () => {
    assert.include(detail(hours(since + 500 * hour, 100), { habit: { windowed: true } }), "for 100 candles")
  })
})

describe("rows that no market has", () => {
  const broken: ReadonlyArray<readonly [string, ReadonlyArray<ReadonlyArray<unknown>>, RegExp]> = [
    ["a price that is missing", [[since, undefined, 12, 9, 11, 5]], /no open that is a number/],
    ["a price as text", [[since, 10, "12", 9, 11, 5]], /no high that is a number/],
    ["no volume", [[since, 10, 12, 9, 11]], /no volume that is a number/],
    ["a candle twice", [row(since), row(since)], /comes twice/],
    ["an order of its own", [row(since), row(since + 2 * hour), row(since + hour)], /comes after/],
    ["a high below the low", [[since, 10, 8, 9, 11, 5]], /high 8 below its low/]
  ]
  for (const [name, rows, pattern] of broken) it(`${name}: malformed`, () => assert.match(detail(rows), pattern))

  it("a day that begins elsewhere than at midnight UTC is another series", () => {
    const day = 24 * hour
    const midnight = Date.UTC(2025, 0, 1)
    const rows = [row(midnight + 16 * hour), row(midnight + day + 16 * hour)]
    assert.include(detail(rows, { timeframe: "1d", since: midnight }), "off the UTC grid")
  })
})

describe("an answer without rows", () => {
  it("holds a list that could have had some", () => {
    assert.isTrue(Rows.hasList([]))
    assert.isTrue(Rows.hasList({ error: [], result: { XXBTZUSD: [], last: 0 } }))
    for (const body of [undefined, null, {}, "busy", { error: [] }, { error: ["no"], result: {} }]) {
      assert.isFalse(Rows.hasList(body), JSON.stringify(body))
    }
  })
})
