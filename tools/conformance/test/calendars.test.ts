/**
 * The calendars against recorded ones, session for session, and against the
 * weekends of a recorded currency pair.
 */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { DateTime } from "effect"
import * as Data from "./data.ts"

const rows = (name: string): ReadonlyArray<ReadonlyArray<string>> =>
  Data.text(name)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","))

const iso = (instant: number): string => DateTime.formatIso(DateTime.makeUnsafe(instant)).replace(".000Z", "Z")
const millis = (text: string): number => DateTime.toEpochMillis(DateTime.makeUnsafe(text))

describe.skipIf(Data.isAbsent)(`recorded calendars${Data.note}`, () => {
  for (const { file, id, count } of [
    { file: "calendars/xnys.csv", id: "XNYS", count: 8_324 },
    { file: "calendars/24-7.csv", id: "24/7", count: 366 }
  ] as const) {
    it(`${id} has exactly the ${count} sessions of ${file}`, () => {
      const recorded = rows(file).map(([date, open, close]) => `${date!.slice(0, 10)} ${open} ${close}`)
      assert.strictEqual(recorded.length, count)
      const calendar = Calendars.get(id)
      const from = millis(recorded[0]!.slice(0, 10))
      const to = millis(recorded.at(-1)!.split(" ")[2]!)
      const ours = calendar.sessions({ from, to }).map(({ date, open, close }) => `${date} ${iso(open)} ${iso(close)}`)
      assert.deepStrictEqual(ours, recorded)
      assert.strictEqual(calendar.countOpens("1d", { from, to }), count)
    })
  }

  it("24/5 is open for every candle of structure/EURUSD_15M.csv, and its weekends are those recorded", () => {
    // The broker's clock is two hours ahead of UTC, three in Europe's summer.
    const opens = rows("structure/EURUSD_15M.csv").map(([time]) => {
      const wall = DateTime.makeUnsafe(`${time!.replaceAll(".", "-").replace(" ", "T")}Z`)
      return DateTime.toEpochMillis(
        DateTime.makeZonedUnsafe(wall, { timeZone: "Europe/Athens", adjustForTimeZone: true })
      )
    })
    assert.strictEqual(opens.length, 24_424)
    const calendar = Calendars.get("24/5")
    const offGrid = opens.filter((open) => calendar.openAtOrBefore("15m", open) !== open)
    assert.deepStrictEqual(offGrid.map(iso), [])
    const weekends = opens.flatMap((open, i) => {
      const next = opens[i + 1]
      return next !== undefined && next - open > 24 * 3_600_000 ? [{ last: open, next }] : []
    })
    assert.strictEqual(weekends.length, 51)
    const late = weekends.filter(({ last }) => {
      const close = calendar.closeOf("15m", last)
      return calendar.isOpen(close)
    })
    // One Friday on which the broker stopped early.
    assert.deepStrictEqual(
      late.map(({ last }) => iso(last)),
      ["2023-07-14T19:00:00Z"]
    )
  })
})
