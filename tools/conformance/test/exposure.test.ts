/**
 * The exposure of a recorded chain, RUT on 2022-12-12, imported as users do,
 * against a reader and loops of this file that share nothing with the product
 * but the recorded file.
 */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Analysis } from "@tidemark/gamma"
import * as OptionFile from "@tidemark/source-file/OptionFile"
import { Effect } from "effect"
import * as Data from "./data.ts"

interface Row {
  readonly root: string
  /** `YYYY-MM-DD`. */
  readonly expiry: string
  readonly strike: number
  readonly side: "call" | "put"
  readonly bid: number
  readonly ask: number
  readonly volatility: number
  readonly gamma: number
  readonly openInterest: number
}

const millisPerDay = 86_400_000

const rowsOf = (lines: ReadonlyArray<string>): ReadonlyArray<Row> =>
  lines.flatMap((line) => {
    const cells = line.split(",")
    const expiry = new Date(`${cells[0]} UTC`).toISOString().slice(0, 10)
    // Name, last, net, bid, ask, volume, volatility, delta, gamma, open interest: of the call, then of the put.
    return (["call", "put"] as const).map((side) => {
      const [name, , , bid, ask, , volatility, , gamma, openInterest] = cells.slice(side === "call" ? 1 : 12)
      return {
        root: name!.slice(0, -15),
        expiry,
        strike: Number(cells[11]),
        side,
        bid: Number(bid),
        ask: Number(ask),
        volatility: Number(volatility),
        gamma: Number(gamma),
        openInterest: Number(openInterest)
      }
    })
  })

const file = "options/cboe-rut-quotedata.csv"

const read = () => {
  const lines = Data.text(file).trimEnd().split(/\r?\n/)
  assert.include(lines[2]!, "December 12, 2022 at 8:30 PM EST")
  return { spot: Number(/Last: ([\d.]+)/.exec(lines[1]!)![1]), rows: rowsOf(lines.slice(4)), lines: lines.length - 4 }
}

/** At 20:30 in New York: what expires on the day has expired. */
const today = "2022-12-12"

/** As the product imports it. */
const imported = OptionFile.read(Data.path(file), { symbol: "^RUT", calendar: Calendars.get("XNYS") })

const yearsTo = (expiry: string): number => {
  let weekdays = 0
  for (let day = Date.parse(today); day < Date.parse(expiry); day += millisPerDay) {
    const weekday = new Date(day).getUTCDay()
    if (weekday !== 0 && weekday !== 6) weekdays++
  }
  return weekdays / 262
}

const fateOf = ({ expiry, openInterest, volatility }: Row) => {
  if (expiry <= today) return "expired"
  if (openInterest <= 0) return "noOpenInterest"
  return volatility < 1e-4 || volatility > 5 ? "noVolatility" : "kept"
}

const gammaOf = ({ strike, volatility }: Row, years: number, spot: number): number => {
  const deviation = volatility * Math.sqrt(years)
  const d1 = (Math.log(spot / strike) + (volatility * volatility * years) / 2) / deviation
  return Math.exp((-d1 * d1) / 2) / Math.sqrt(2 * Math.PI) / (spot * deviation)
}

const relative = (actual: number | null, expected: number): void =>
  assert.isAtMost(Math.abs(actual! / expected - 1), 1e-9, `${actual} is not ${expected}`)

describe.skipIf(Data.isAbsent)(`a recorded chain of RUT${Data.note}`, () => {
  const calendar = Calendars.get("XNYS")

  const analysed = (method: "recomputed" | "vendor") =>
    Effect.map(imported, (chain) => Analysis.of(chain, { method, calendar }).snapshot)

  it.live("has every contract accounted for, and the totals, flip and levels of plain loops", () =>
    Effect.gen(function* () {
      const { lines, rows, spot } = read()
      const counts = { expired: 0, noOpenInterest: 0, noVolatility: 0, kept: 0 }
      for (const row of rows) counts[fateOf(row)]++
      const snapshot = yield* analysed("recomputed")
      assert.deepInclude(snapshot.accounting!, { ...counts, contracts: 2 * lines, malformed: 0, duplicates: 0 })
      assert.deepStrictEqual(counts, { expired: 322, noOpenInterest: 3978, noVolatility: 88, kept: 2946 })

      const kept = rows.filter((row) => fateOf(row) === "kept")
      const years = new Map([...new Set(kept.map(({ expiry }) => expiry))].map((expiry) => [expiry, yearsTo(expiry)]))
      const exposureAt = (price: number, side: Row["side"]): number => {
        let sum = 0
        for (const row of kept) {
          if (row.side === side)
            sum += gammaOf(row, years.get(row.expiry)!, price) * row.openInterest * 100 * price ** 2
        }
        return sum * 0.01
      }
      const [call, put] = [exposureAt(spot, "call"), -exposureAt(spot, "put")]
      relative(snapshot.callGex, call)
      relative(snapshot.putGex, put)
      relative(snapshot.netGex, call + put)
      relative(snapshot.grossGex, call - put)
      // As computed once in another language.
      relative(snapshot.netGex, -428_688_964.326_553_6)
      relative(snapshot.flip, 1_898.099_149_154_095_8)
      assert.strictEqual(snapshot.makerState, call + put > 0 ? "long_gamma" : "short_gamma")

      const flips: Array<number> = []
      let last: readonly [number, number] | undefined
      for (let i = 0; i < 60; i++) {
        const price = spot * (0.8 + (0.4 * i) / 59)
        const net = exposureAt(price, "call") - exposureAt(price, "put")
        if (last !== undefined && last[1] * net < 0)
          flips.push(last[0] - (last[1] * (price - last[0])) / (net - last[1]))
        last = [price, net]
      }
      assert.isAbove(flips.length, 0)
      assert.lengthOf(snapshot.flips, flips.length)
      for (const [i, flip] of flips.entries()) relative(snapshot.flips[i]!, flip)
      assert.strictEqual(snapshot.flip, snapshot.flips[0])

      const strikes = [...new Set(kept.map(({ strike }) => strike))]
      const most = (side: Row["side"], among: (strike: number) => boolean) => {
        const sizes = strikes.filter(among).map((strike) => {
          const those = kept.filter((row) => row.strike === strike && row.side === side)
          const size = those.reduce(
            (sum, row) => sum + gammaOf(row, years.get(row.expiry)!, spot) * row.openInterest * spot ** 2,
            0
          )
          return { strike, size }
        })
        return sizes.sort((a, b) => b.size - a.size)[0]!
      }
      const [above, below] = [most("call", (strike) => strike >= spot), most("put", (strike) => strike <= spot)]
      assert.strictEqual(snapshot.callWall, above.strike)
      relative(snapshot.callWallGex, above.size)
      assert.strictEqual(snapshot.putWall, below.strike)
      relative(snapshot.putWallGex, -below.size)
      const nearestMuch = (side: Row["side"]) => {
        const sizes = strikes
          .map((strike) => ({
            strike,
            size: kept
              .filter((row) => row.strike === strike && row.side === side)
              .reduce((sum, row) => sum + gammaOf(row, years.get(row.expiry)!, spot) * row.openInterest * spot ** 2, 0)
          }))
          .filter(({ size }) => size > 0)
        const sorted = sizes.map(({ size }) => size).sort((a, b) => a - b)
        const at = 0.8 * (sorted.length - 1)
        const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
        const much = low + (at - Math.floor(at)) * (high - low)
        const distance = (strike: number) => (side === "call" ? strike - spot : spot - strike)
        return sizes
          .filter(({ size, strike }) => size >= much && distance(strike) >= 0)
          .sort((a, b) => distance(a.strike) - distance(b.strike))[0]!.strike
      }
      assert.strictEqual(snapshot.trapCallWall, nearestMuch("call"))
      assert.strictEqual(snapshot.trapPutWall, nearestMuch("put"))

      const nearest = [...years.keys()].sort()[0]!
      assert.strictEqual(snapshot.nearestExpiry, nearest)
      const those = rows.filter(({ expiry, openInterest }) => expiry === nearest && openInterest > 0)
      const pain = (price: number): number =>
        those.reduce(
          (sum, { openInterest, side, strike }) =>
            sum + openInterest * Math.max(side === "call" ? price - strike : strike - price, 0),
          0
        )
      const least = those.map(({ strike }) => strike).sort((a, b) => pain(a) - pain(b) || a - b)[0]!
      assert.strictEqual(snapshot.maxPain, least)
    })
  )

  it.live("has the sum of the provider's gammas where those are asked for", () =>
    Effect.gen(function* () {
      const { rows, spot } = read()
      const { accounting, callGex, origin, putGex } = yield* analysed("vendor")
      const live = rows.filter((row) => row.expiry > today && row.openInterest > 0)
      const kept = live.filter(({ gamma }) => gamma > 0)
      assert.strictEqual(accounting!.kept, kept.length)
      assert.strictEqual(accounting!.noVolatility, live.length - kept.length)
      const sum = (side: Row["side"]): number =>
        kept
          .filter((row) => row.side === side)
          .reduce((total, { gamma, openInterest }) => total + gamma * openInterest * spot ** 2, 0)
      relative(callGex, sum("call"))
      relative(putGex, -sum("put"))
      assert.strictEqual(origin, "vendor-reported")
    })
  )
})
