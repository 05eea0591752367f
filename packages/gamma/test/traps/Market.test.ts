import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles } from "@tidemark/core"
import { Traps } from "@tidemark/gamma"
import { Schema } from "effect"
import { prices, until } from "../prices.ts"

const { reader } = Traps.Market
const utc = (text: string): number => Date.parse(text)
const minute = 60_000

/** RSI of closes by the book: simple means of the first 14 changes, then Wilder's. */
const rsiByHand = (closes: ReadonlyArray<number>): number => {
  const changes = closes.slice(1).map((close, i) => close - closes[i]!)
  let gain = changes.slice(0, 14).reduce((sum, change) => sum + Math.max(change, 0), 0) / 14
  let loss = changes.slice(0, 14).reduce((sum, change) => sum + Math.max(-change, 0), 0) / 14
  for (const change of changes.slice(14)) {
    gain = (13 * gain + Math.max(change, 0)) / 14
    loss = (13 * loss + Math.max(-change, 0)) / 14
  }
  return 100 - 100 / (1 + gain / loss)
}

describe("the market at a moment", () => {
  const whole = prices("XNYS", utc("2024-01-02"), 60, 7)
  const read = reader(whole)

  it("has the RSI of the last candle that had closed by then, and that candle's close", () => {
    // 12:00 in New York: the 5m candle of 11:55 has just closed, the 1h candle of 11:30 has not.
    const at = utc("2024-02-14T17:00Z")
    const market = read(at)
    const closes = (timeframe: "5m" | "1h" | "4h" | "1d", before: number) => [
      ...Candles.within(whole.candles[timeframe]!, { from: 0, to: before }).close
    ]
    const expected = [
      closes("5m", at),
      undefined,
      closes("1h", utc("2024-02-14T16:30Z")),
      closes("4h", utc("2024-02-14T14:30Z")),
      closes("1d", utc("2024-02-14T14:30Z"))
    ]
    for (const [i, values] of expected.entries()) {
      if (values !== undefined) assert.approximately(market.rsi[i]!, rsiByHand(values), 1e-9)
    }
    assert.strictEqual(market.price, closes("5m", at).at(-1))
    assert.strictEqual(market.priceAt, at)
    assert.deepStrictEqual(market.rsiUnknown, [null, null, null, null, null])
    assert.strictEqual(market.daily.candles.openTime.at(-1), utc("2024-02-13T14:30Z"))
    assert.strictEqual(market.daily.missing, 0)
    assert.strictEqual(market.vix!.candles.openTime.at(-1), utc("2024-02-13T14:30Z"))
  })

  it("takes a night and a weekend for nothing that is missing", () => {
    // Monday's open, after a Friday.
    const market = read(utc("2024-02-12T14:30Z"))
    assert.deepStrictEqual(market.rsiUnknown, [null, null, null, null, null])
    assert.strictEqual(market.priceAt, utc("2024-02-09T21:00Z"))
    assert.strictEqual(market.daily.missing, 0)
  })

  it("has a day at the very instant at which it closes, and not before", () => {
    assert.strictEqual(read(utc("2024-02-14T21:00Z")).daily.candles.openTime.at(-1), utc("2024-02-14T14:30Z"))
    assert.strictEqual(read(utc("2024-02-14T21:00Z") - 1).daily.candles.openTime.at(-1), utc("2024-02-13T14:30Z"))
  })

  it("knows no RSI once more than three candles are missing, and says why", () => {
    const calendar = Calendars.get("24/7")
    const always = prices("24/7", utc("2024-01-02"), 3, 1, 0, ["5m"])
    const end = utc("2024-01-05")
    assert.isNotNull(reader(always)(end + 15 * minute).rsi[0])
    const late = reader({ ...always, calendar })(end + 20 * minute)
    assert.isNull(late.rsi[0])
    assert.strictEqual(late.rsiUnknown[0], "the last candle closed at 2024-01-05T00:00Z, 4 are missing since")
    assert.strictEqual(late.rsiUnknown[4], "there are no candles before then")
    assert.strictEqual(late.priceAt, end)
  })

  it("knows no RSI before the fifteenth candle", () => {
    const always = prices("24/7", utc("2024-01-02"), 3, 1, 0, ["1h"])
    const at = (hours: number) => reader(always)(utc("2024-01-02") + hours * 60 * minute)
    assert.strictEqual(at(14).rsiUnknown[2], "it needs 15 candles, there are 14")
    assert.isNotNull(at(15).rsi[2])
  })

  it("counts days that are missing at the end", () => {
    const market = reader(until(whole, utc("2024-02-09T21:00Z")))(utc("2024-02-14T21:00Z"))
    assert.strictEqual(market.daily.missing, 3)
    assert.strictEqual(market.vix!.missing, 3)
  })

  it("has nothing of prices that are not stored", () => {
    const market = reader({ calendar: Calendars.get("XNYS"), candles: {}, vix: undefined, priceAt: () => undefined })(
      utc("2024-02-14")
    )
    assert.deepStrictEqual(market.rsi, [null, null, null, null, null])
    assert.isNull(market.price)
    assert.isUndefined(market.vix)
    assert.strictEqual(Candles.length(market.daily.candles), 0)
  })

  const markets = (["24/7", "XNYS"] as const).map((id) => prices(id, utc("2024-01-02"), 40, 3, 0.05))
  it.prop(
    "is what anybody could have known: candles that close later change nothing",
    {
      market: Schema.Literals([0, 1]),
      minutes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 41 * 1_440 }))
    },
    ({ market, minutes }) => {
      const at = utc("2024-01-02") + minutes * minute
      assert.deepStrictEqual(reader(markets[market]!)(at), reader(until(markets[market]!, at))(at))
    },
    { arbitrary: { runs: 40 } }
  )
})
