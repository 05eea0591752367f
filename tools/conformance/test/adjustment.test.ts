/** Yahoo's own adjusted closes, out of its closes and its dividends and splits. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Adjustment, type Candles, type CorporateAction } from "@tidemark/core"
import { decode } from "@tidemark/source-yahoo/Actions"
import { Result } from "effect"
import * as Data from "./data.ts"

interface Recorded {
  readonly timestamp: ReadonlyArray<number>
  readonly meta: { readonly currency: string }
  readonly events: unknown
  readonly indicators: {
    readonly quote: ReadonlyArray<Readonly<Record<"open" | "high" | "low" | "close" | "volume", ReadonlyArray<number>>>>
    readonly adjclose: ReadonlyArray<{ readonly adjclose: ReadonlyArray<number> }>
  }
}

const recordings = {
  AAPL: "yahoo/chart-AAPL-2020-08-31-to-2020-11-07.json",
  MSFT: "yahoo/chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv.json"
}

const calendar = Calendars.get("XNYS")

const load = (symbol: keyof typeof recordings) => {
  const { response } = JSON.parse(Data.text(recordings[symbol])) as {
    readonly response: { readonly bodyJson: { readonly chart: { readonly result: ReadonlyArray<Recorded> } } }
  }
  const [recorded] = response.bodyJson.chart.result as [Recorded]
  const [quote] = recorded.indicators.quote
  const column = (values: ReadonlyArray<number>) => Float64Array.from(values)
  const candles: Candles.Candles = {
    openTime: column(recorded.timestamp.map((seconds) => seconds * 1_000)),
    open: column(quote!.open),
    high: column(quote!.high),
    low: column(quote!.low),
    close: column(quote!.close),
    volume: column(quote!.volume)
  }
  const actions = decode(recorded, calendar)
  assert(typeof actions !== "string")
  return { candles, actions, adjusted: recorded.indicators.adjclose[0]!.adjclose }
}

const adjust = (
  candles: Candles.Candles,
  actions: ReadonlyArray<CorporateAction.CorporateAction>,
  mode: Adjustment.Mode,
  applied: Adjustment.Applied
) => Result.getOrThrow(Adjustment.adjust(candles, "1d", { calendar, actions, mode, applied }))

/** As they were traded: every split since is taken out of prices that Yahoo has adjusted for it. */
const traded = (candles: Candles.Candles, actions: ReadonlyArray<CorporateAction.CorporateAction>): Candles.Candles => {
  const factor = candles.openTime.map((open) =>
    actions.reduce(
      (product, action) =>
        action._tag === "Split" && calendar.openAtOrAfter("1d", Date.parse(action.exDate)) > open
          ? (product * action.to) / action.from
          : product,
      1
    )
  )
  const times = (column: Float64Array) => column.map((value, i) => value * factor[i]!)
  return {
    ...candles,
    open: times(candles.open),
    high: times(candles.high),
    low: times(candles.low),
    close: times(candles.close),
    volume: candles.volume.map((value, i) => value / factor[i]!)
  }
}

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
  assert.strictEqual(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) assert.closeTo(actual[i]! / expected[i]!, 1, 1e-6, `row ${i}`)
}

const relative = (values: ArrayLike<number>) => Array.from(values, (value) => value / values[values.length - 1]!)

describe(`Yahoo's adjusted closes${Data.note}`, () => {
  const check = Data.isAbsent ? it.skip : it

  for (const symbol of ["AAPL", "MSFT"] as const) {
    check(`${symbol}: closes as traded, adjusted for splits, are Yahoo's`, () => {
      const { actions, candles } = load(symbol)
      near(adjust(traded(candles, actions), actions, "splits", "none").close, candles.close)
    })

    check(`${symbol}: adjusted for everything, they move as Yahoo's adjclose, from raw and from split-adjusted`, () => {
      const { actions, adjusted, candles } = load(symbol)
      near(relative(adjust(candles, actions, "all", "splits").close), relative(adjusted))
      near(relative(adjust(traded(candles, actions), actions, "all", "none").close), relative(adjusted))
      assert.notDeepEqual(relative(candles.close), relative(adjusted))
    })
  }

  check(
    "AAPL: with a later split of 2 for 1, the dividend before it is told in other shares, and nothing changes",
    () => {
      const { actions, adjusted, candles } = load("AAPL")
      const doubled = [...actions, { ...actions[0]!, exDate: "2020-11-09", from: 1, to: 2 } as CorporateAction.Split]
      // The provider would now tell all prices in half shares; the dividend of its day stays what it was.
      const halved = { ...candles, close: candles.close.map((price) => price / 2) }
      near(relative(adjust(halved, doubled, "all", "splits").close), relative(adjusted))
      near(relative(adjust(candles, doubled, "all", "none").close), relative(adjusted))
    }
  )
})
