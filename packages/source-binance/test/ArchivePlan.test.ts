import { assert, describe, it } from "@effect/vitest"
import { type Interval, Timeframe } from "@tidemark/core"
import { Schema } from "effect"
import * as ArchivePlan from "../src/ArchivePlan.ts"
import * as Market from "../src/Market.ts"
import { at, between } from "./rig.ts"

const day = 86_400_000
const now = at("2024-03-20T12:00:00Z")
const names = (timeframe: Timeframe.Timeframe, wanted: Interval.Interval) =>
  ArchivePlan.plan(timeframe, wanted, now).map((piece) =>
    piece._tag === "File" ? `${piece.kind} ${ArchivePlan.nameOf(piece)}` : "pages"
  )

describe("ArchivePlan", () => {
  it("takes whole months, then whole days, then pages; never a part of a file", () => {
    assert.deepStrictEqual(names("1m", between("2024-01-30", "2024-03-02T06:00:00Z")), [
      "daily 2024-01-30",
      "daily 2024-01-31",
      "monthly 2024-02",
      "daily 2024-03-01",
      "pages"
    ])
    assert.deepStrictEqual(names("5m", between("2024-01-30", "2024-03-02")), ["pages", "monthly 2024-02", "pages"])
    assert.deepStrictEqual(names("1m", between("2024-02-01T00:01:00Z", "2024-02-02")), ["pages"])
  })

  it("knows what each timeframe has: no months of seconds, no days of five minutes, no files of hours", () => {
    const month = between("2024-02-01", "2024-03-01")
    assert.strictEqual(names("1s", month).length, 29)
    assert.isTrue(names("1s", month).every((name) => name.startsWith("daily")))
    for (const timeframe of ["1m", "3m", "5m", "15m", "30m"] as const) {
      assert.deepStrictEqual(names(timeframe, month), ["monthly 2024-02"])
    }
    for (const timeframe of ["1h", "4h", "1d", "1w", "1M"] as const)
      assert.deepStrictEqual(names(timeframe, month), ["pages"])
  })

  it("does not take a month that is known to differ from the days", () => {
    assert.strictEqual(names("1m", between("2020-12-01", "2021-01-01")).length, 31)
    assert.deepStrictEqual(names("5m", between("2021-09-01", "2021-10-01")), ["pages"])
  })

  it("writes paths as the archive does", () => {
    const [month] = ArchivePlan.plan("1m", between("2024-02-01", "2024-03-01"), now)
    const [first] = ArchivePlan.plan("1m", between("2024-03-04", "2024-03-05"), now)
    assert.deepStrictEqual(
      [month, first].map((piece) =>
        piece?._tag === "File" ? ArchivePlan.pathOf(Market.usdm, "BTCUSDT", "1m", piece) : ""
      ),
      [
        "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02.zip",
        "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-04.zip"
      ]
    )
  })

  it("is cut where a file ends, so that no two pieces of work share one", () => {
    assert.strictEqual(ArchivePlan.cutAtOrAfter("1m", at("2024-02-10")), at("2024-03-01"))
    assert.strictEqual(ArchivePlan.cutAtOrAfter("1m", at("2024-02-01")), at("2024-02-01"))
    assert.strictEqual(ArchivePlan.cutAtOrAfter("1s", at("2024-02-10T01:00:00Z")), at("2024-02-11"))
    assert.strictEqual(ArchivePlan.cutAtOrAfter("1d", at("2024-02-10")), at("2024-02-10"))
  })

  const Minutes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_500 * 1_440 }))
  it.prop(
    "covers every range without a hole or an overlap, and asks for no file before it can be there",
    { from: Minutes, length: Minutes, timeframe: Timeframe.Timeframe },
    ({ from, length, timeframe }) => {
      const wanted = { from: at("2020-01-01") + from * 60_000, to: at("2020-01-01") + (from + length + 1) * 60_000 }
      const pieces = ArchivePlan.plan(timeframe, wanted, now)
      let cursor = wanted.from
      for (const piece of pieces) {
        assert.strictEqual(piece.interval.from, cursor)
        assert.isAbove(piece.interval.to, cursor)
        cursor = piece.interval.to
        if (piece._tag === "File")
          assert.isAtMost(piece.interval.to, now - (piece.kind === "daily" ? day / 2 : 8 * day))
      }
      assert.strictEqual(cursor, wanted.to)
      // Two runs of pages in a row would be one.
      assert.isFalse(pieces.some((piece, i) => piece._tag === "Pages" && pieces[i + 1]?._tag === "Pages"))
    }
  )
})
