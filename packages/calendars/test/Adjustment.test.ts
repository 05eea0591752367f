import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Adjustment, type Calendar, Candles, CorporateAction, type Timeframe } from "@tidemark/core"
import { Result, Schema } from "effect"

const { Dividend, Earnings, Split } = CorporateAction

const calendar = Calendars.get("XNYS")
const span = { from: Date.parse("2020-08-03T00:00Z"), to: Date.parse("2020-12-01T00:00Z") }
const sessions = calendar.sessions(span)

const split = (exDate: string, from: number, to: number) => new Split({ exDate, from, to })
const dividend = (exDate: string, amount: number) => new Dividend({ exDate, amount })

/** Days as they were traded: the price of a whole company of 100,000, in the shares of the day, with a wiggle. */
const traded = (
  actions: ReadonlyArray<CorporateAction.CorporateAction>,
  timeframe: Timeframe.Timeframe = "1d"
): Candles.Candles => {
  const times = calendar.openTimes(timeframe, span)
  const candles = Candles.allocate(times.length, { quoteVolume: true, trades: true })
  for (const [i, time] of times.entries()) {
    const day = sessions.findLast((session) => session.open <= time)!.date
    const shares = actions.reduce(
      (all, action) => (action._tag === "Split" && action.exDate <= day ? (all * action.to) / action.from : all),
      100
    )
    const price = (100_000 * (1 + 0.01 * Math.sin(i))) / shares
    candles.openTime[i] = time
    candles.open[i] = price
    candles.high[i] = price * 1.01
    candles.low[i] = price * 0.99
    candles.close[i] = price * 1.001
    candles.volume[i] = 10 * shares
    candles.quoteVolume![i] = 1e6
    candles.trades![i] = i
  }
  return candles
}

const copy = (candles: Candles.Candles): Candles.Candles =>
  Candles.pick(
    candles,
    candles.openTime.map((_, i) => i)
  )

const adjust = (
  candles: Candles.Candles,
  actions: ReadonlyArray<CorporateAction.CorporateAction>,
  options: Partial<Adjustment.Options> = {},
  timeframe: Timeframe.Timeframe = "1d"
) =>
  Result.getOrThrow(
    Adjustment.adjust(candles, timeframe, { calendar, actions, mode: "splits", applied: "none", ...options })
  )

const problem = (
  candles: Candles.Candles,
  options: Partial<Adjustment.Options>,
  timeframe: Timeframe.Timeframe = "1d"
) =>
  Result.getOrThrow(
    Result.flip(
      Adjustment.adjust(candles, timeframe, { calendar, actions: [], mode: "all", applied: "none", ...options })
    )
  )

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, relative = 1e-12) => {
  assert.strictEqual(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) assert.closeTo(actual[i]! / expected[i]!, 1, relative, `row ${i}`)
}

const prices = ["open", "high", "low", "close"] as const

/** Some splits and dividends on any dates of the span, weekends and holidays too. */
const Actions = Schema.Array(
  Schema.Struct({
    day: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 110 })),
    to: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 })),
    from: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 })),
    percent: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
  })
).check(Schema.isMaxLength(5))

const dateOf = (day: number) => new Date(span.from + day * 86_400_000).toISOString().slice(0, 10)

const splitsOf = (drawn: typeof Actions.Type) =>
  [...new Map(drawn.map((one) => [one.day, one])).values()].map(({ day, from, to }) => split(dateOf(day), from, to))

describe("splits", () => {
  it.prop("make of what was traded a history in the shares of its end", { drawn: Actions }, ({ drawn }) => {
    const splits = splitsOf(drawn)
    const raw = traded(splits)
    const adjusted = adjust(raw, splits)
    const shares = splits.reduce((all, { from, to }) => (all * to) / from, 100)
    // What a company without any split would have shown, divided by the shares of the end.
    const plain = traded([])
    for (const name of prices)
      near(
        adjusted[name],
        plain[name].map((price) => (price * 100) / shares),
        1e-9
      )
    near(
      adjusted.volume,
      plain.volume.map((volume) => (volume * shares) / 100),
      1e-9
    )
    assert.deepStrictEqual(adjusted.quoteVolume, raw.quoteVolume)
    assert.deepStrictEqual(adjusted.trades, raw.trades)
  })

  it.prop("and then their inverses give back what there was", { drawn: Actions }, ({ drawn }) => {
    const splits = splitsOf(drawn)
    const raw = traded([])
    const inverse = splits.map(({ exDate, from, to }) => split(exDate, to, from))
    const back = adjust(adjust(raw, splits), inverse)
    for (const name of [...prices, "volume"] as const) near(back[name], raw[name])
  })

  it.prop("in any order give the same, and leave their input alone", { drawn: Actions }, ({ drawn }) => {
    const actions = [...splitsOf(drawn), ...drawn.map(({ day, percent }) => dividend(dateOf(day), percent))]
    const raw = traded([])
    const before = copy(raw)
    const one = adjust(raw, actions, { mode: "all" })
    assert.isTrue(Candles.equals(adjust(raw, actions.toReversed(), { mode: "all" }), one))
    assert.isTrue(Candles.equals(raw, before))
  })

  it("of one session are the same to the last bit, whichever is told first", () => {
    const told = [103, 104].map((day, i) => split(dateOf(day), [6, 3][i]!, [5, 1][i]!))
    // Both count from the same session on.
    const sessions = told.map(({ exDate }) => Adjustment.sessionsAt(calendar, exDate)?.on.open)
    assert.strictEqual(sessions[0], sessions[1])
    const raw = traded([])
    assert.isTrue(Candles.equals(adjust(raw, told), adjust(raw, told.toReversed())))
  })

  it("change the candles before the session, not those of it", () => {
    const four = split("2020-08-31", 1, 4)
    const raw = traded([four], "1h")
    const adjusted = adjust(raw, [four], {}, "1h")
    const first = Candles.lowerBound(raw.openTime, Date.parse("2020-08-31T13:30Z"))
    near(
      adjusted.close.subarray(0, first),
      raw.close.subarray(0, first).map((price) => price / 4)
    )
    near(
      adjusted.volume.subarray(0, first),
      raw.volume.subarray(0, first).map((volume) => volume * 4)
    )
    assert.deepStrictEqual(adjusted.close.subarray(first), raw.close.subarray(first))
  })

  it("of a weekend count from Monday on, and announced ones not yet", () => {
    const sunday = split("2020-08-30", 1, 4)
    const monday = split("2020-08-31", 1, 4)
    const raw = traded([monday])
    assert.isTrue(Candles.equals(adjust(raw, [sunday]), adjust(raw, [monday])))
    const until = Date.parse("2020-08-31T13:29Z")
    assert.isTrue(Candles.equals(adjust(raw, [monday], { until }), raw))
    assert.isFalse(Candles.equals(adjust(raw, [monday], { until: until + 60_000 }), raw))
  })

  it("cannot be taken out of a week that they fall into, but out of whole weeks", () => {
    const monday = split("2020-08-31", 1, 4)
    const raw = traded([monday], "1w")
    const adjusted = adjust(raw, [monday], {}, "1w")
    near(
      adjusted.close,
      adjusted.open.map((price) => price * 1.001)
    )
    near(
      adjusted.volume,
      adjusted.volume.map(() => 4_000)
    )
    const wednesday = split("2020-09-02", 1, 4)
    const found = problem(raw, { actions: [wednesday], mode: "splits" }, "1w")
    assert.deepStrictEqual(found, { _tag: "SplitInside", split: wednesday, open: Date.parse("2020-08-31T13:30Z") })
  })

  it("of nothing for something are refused", () => {
    const wrong = split("2020-08-31", 1, 0)
    assert.strictEqual(problem(traded([]), { actions: [wrong], mode: "splits" })._tag, "Implausible")
  })
})

describe("what the source has applied", () => {
  const actions = [split("2020-08-31", 1, 4), dividend("2020-11-06", 0.8), new Earnings({ exDate: "2020-10-29" })]

  it.prop("is never applied twice, and none is identity", { drawn: Actions }, ({ drawn }) => {
    const all = [...splitsOf(drawn), ...drawn.map(({ day, percent }) => dividend(dateOf(day), percent))]
    const raw = traded([])
    for (const applied of ["none", "splits", "splits-and-dividends"] as const) {
      assert.isTrue(Candles.equals(adjust(raw, all, { mode: "none", applied }), raw))
    }
    assert.isTrue(Candles.equals(adjust(raw, all, { mode: "splits", applied: "splits" }), raw))
    for (const mode of ["splits", "all"] as const) {
      assert.isTrue(Candles.equals(adjust(raw, all, { mode, applied: "splits-and-dividends" }), raw))
    }
  })

  it("says what the result is adjusted for, and whether actions are needed", () => {
    const told = Adjustment.modes.map((mode) =>
      (["none", "splits", "splits-and-dividends"] as const).map((applied) => [
        Adjustment.effective(mode, applied),
        Adjustment.needsActions(mode, applied)
      ])
    )
    const [none, splits, all] = ["none", "splits", "splits-and-dividends"]
    assert.deepStrictEqual(told, [
      [
        [none, false],
        [splits, false],
        [all, false]
      ],
      [
        [splits, true],
        [splits, false],
        [all, false]
      ],
      [
        [all, true],
        [all, true],
        [all, false]
      ]
    ])
  })

  it("makes no difference to the end: raw with splits and dividends is adjusted with dividends", () => {
    const raw = traded(actions)
    const bySource = adjust(raw, actions)
    const one = adjust(raw, actions, { mode: "all" })
    const two = adjust(bySource, actions, { mode: "all", applied: "splits" })
    for (const name of [...prices, "volume"] as const) near(two[name], one[name])
  })
})

describe("dividends", () => {
  const row = (candles: Candles.Candles, date: string) =>
    candles.openTime.findIndex((open) => sessionOf(open).date === date)
  const sessionOf = (open: number): Calendar.Session => sessions.find((session) => session.open === open)!

  it("scale what is before by one minus their share of the last close, and leave volumes alone", () => {
    const raw = traded([])
    const adjusted = adjust(raw, [dividend("2020-11-06", 8)], { mode: "all" })
    const ex = row(raw, "2020-11-06")
    const factor = 1 - 8 / raw.close[ex - 1]!
    near(
      adjusted.close.subarray(0, ex),
      raw.close.subarray(0, ex).map((price) => price * factor)
    )
    assert.deepStrictEqual(adjusted.close.subarray(ex), raw.close.subarray(ex))
    assert.deepStrictEqual(adjusted.volume, raw.volume)
  })

  it("leave the return over the day as that of who held the share", () => {
    const raw = traded([])
    const adjusted = adjust(raw, [dividend("2020-11-06", 8)], { mode: "all" })
    const ex = row(raw, "2020-11-06")
    assert.closeTo(adjusted.close[ex]! / adjusted.close[ex - 1]!, raw.close[ex]! / (raw.close[ex - 1]! - 8), 1e-12)
  })

  it("of one day are one, those of several days multiply", () => {
    const raw = traded([])
    const twice = adjust(raw, [dividend("2020-11-06", 5), dividend("2020-11-06", 3)], { mode: "all" })
    assert.isTrue(Candles.equals(twice, adjust(raw, [dividend("2020-11-06", 8)], { mode: "all" })))
    const first = 1 - 8 / raw.close[row(raw, "2020-09-01") - 1]!
    const second = 1 - 8 / raw.close[row(raw, "2020-11-06") - 1]!
    const both = adjust(raw, [dividend("2020-11-06", 8), dividend("2020-09-01", 8)], { mode: "all" })
    assert.closeTo(both.close[0]! / raw.close[0]!, first * second, 1e-12)
  })

  it("are in the shares of their day, also on the day of a split and before a later one", () => {
    const four = split("2020-08-31", 1, 4)
    const raw = traded([four])
    const ex = row(raw, "2020-08-31")
    const share = (amount: number) => (raw.close[ex - 1]! - amount) / raw.close[ex - 1]!
    // A day before the split: ten of the old price. On its day: ten in new shares, which are forty in old ones.
    const before = adjust(raw, [four, dividend("2020-08-28", 10)], { mode: "all" })
    const previous = raw.close[ex - 2]!
    assert.closeTo(before.close[0]! / raw.close[0]!, (previous - 10) / previous / 4, 1e-12)
    const on = adjust(raw, [four, dividend("2020-08-31", 10)], { mode: "all" })
    assert.closeTo(on.close[0]! / raw.close[0]!, share(40) / 4, 1e-12)
  })

  it("need the close of the session before, and say which where it is not there", () => {
    const raw = traded([])
    const ex = row(raw, "2020-11-06")
    const without = Candles.concat([Candles.slice(raw, 0, ex - 1), Candles.slice(raw, ex, Candles.length(raw))])
    const action = dividend("2020-11-06", 8)
    const found = problem(without, { actions: [action] })
    assert.deepStrictEqual(found, { _tag: "CloseMissing", dividend: action, session: sessionOf(raw.openTime[ex - 1]!) })
    // Before all candles it matters to none.
    assert.isTrue(Candles.equals(adjust(raw, [dividend("2020-08-03", 8)], { mode: "all" }), raw))
  })

  it("of more than the price are refused", () => {
    assert.strictEqual(problem(traded([]), { actions: [dividend("2020-11-06", 5_000)] })._tag, "Implausible")
  })
})
