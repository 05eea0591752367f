/** Every kind of anomaly alone, and what is nearly one. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { CorporateAction } from "@tidemark/core"
import type { Anomaly } from "@tidemark/quality"
import { Effect } from "effect"
import { clean, find, random, type Row, toCandles, toRows } from "./series.ts"

const minute = 60_000
const hour = 60 * minute

const histories = {
  /** 24/7, two weeks of minutes. */
  coin: clean(21, "BTC/USDT", "1m", "2024-03-01", "2024-03-15"),
  coinDays: clean(21, "ETH/USDT", "1d", "2018-01-01", "2024-01-01"),
  /** A spring in which New York's clocks change on 03-10, 390 minutes a day. */
  share: clean(21, "AAPL", "1m", "2024-02-20", "2024-04-01"),
  /** November with its half day, the 24th. */
  halfDay: clean(21, "MSFT", "5m", "2023-11-01", "2023-12-15"),
  shareDays: clean(21, "IBM", "1d", "2010-01-01", "2020-01-01"),
  shareWeeks: clean(21, "IBM", "1w", "1990-01-01", "2020-01-01"),
  currency: clean(21, "EUR/USD", "15m", "2024-01-07", "2024-03-01")
}

interface Case {
  readonly name: string
  readonly of: keyof typeof histories
  readonly change: (rows: Array<Row>) => void
  /** `kind` of every finding, and its number of candles where it is more than one. */
  readonly found: ReadonlyArray<string>
  readonly splits?: ReadonlyArray<CorporateAction.Split>
}

const by = (row: Row, factor: number): Row => ({
  ...row,
  o: row.o * factor,
  h: row.h * factor,
  l: row.l * factor,
  c: row.c * factor
})
const put = (rows: Array<Row>, from: number, to: number, change: (row: Row, i: number) => Row) => {
  for (let i = from; i < to; i++) rows[i] = change(rows[i]!, i)
}
/** The first row of a UTC date or of the next one that has any. */
const on = (rows: ReadonlyArray<Row>, date: string) => rows.findIndex(({ t }) => t >= Date.parse(`${date}T00:00:00Z`))
const still = (rows: ReadonlyArray<Row>, i: number): Row => {
  const { c } = rows[i - 1]!
  return { t: rows[i]!.t, o: c, h: c, l: c, c, v: 0 }
}
const split = (exDate: string, from: number, to: number) => new CorporateAction.Split({ exDate, from, to })
/** Prices before a row as in the shares before a split. */
const unsplit = (date: string, factor: number) => (rows: Array<Row>) =>
  put(rows, 0, on(rows, date), (row) => ({ ...by(row, factor), v: row.v / factor }))
const shift = (from: string, to: string, millis: number) => (rows: Array<Row>) =>
  put(rows, on(rows, from), on(rows, to), (row) => ({ ...row, t: row.t + millis }))

const cases: ReadonlyArray<Case> = [
  { name: "nothing is wrong", of: "coin", change: () => undefined, found: [] },
  {
    name: "a high is below its close, another below its open, a low above its open, another above its close",
    of: "coin",
    change: (rows) => {
      const price = (row: Row, o: number, h: number, l: number, c: number): Row => ({
        ...row,
        o: row.c * o,
        h: row.c * h,
        l: row.c * l,
        c: row.c * c
      })
      put(rows, 99, 100, (row) => price(row, 1, 1.0001, 0.9999, 1.0002))
      put(rows, 199, 200, (row) => price(row, 1.0002, 1.0001, 0.9999, 1))
      put(rows, 299, 300, (row) => price(row, 1, 1.0003, 1.0001, 1.0002))
      put(rows, 399, 400, (row) => price(row, 1.0002, 1.0003, 1.0001, 1))
    },
    found: ["ohlc-order", "ohlc-order", "ohlc-order", "ohlc-order"]
  },
  {
    name: "all four prices of a candle are one",
    of: "coin",
    change: (rows) => put(rows, 99, 100, (row) => ({ ...row, o: row.c, h: row.c, l: row.c })),
    found: []
  },
  {
    name: "a volume is negative, a price is none",
    of: "coin",
    change: (rows) => {
      rows[50]!.v = -1
      rows[500]!.l = 0
      rows[900]!.c = Number.NaN
    },
    found: ["impossible-value", "impossible-value", "impossible-value"]
  },
  {
    name: "one minute has no trade",
    of: "coin",
    change: (rows) => put(rows, 500, 501, (_, i) => still(rows, i)),
    found: []
  },
  {
    name: "a page of 200 candles comes twice",
    of: "coin",
    change: (rows) => rows.splice(700, 0, ...rows.slice(500, 700)),
    found: ["duplicate 200"]
  },
  {
    name: "a candle comes where a gap of a day begins, of another year",
    of: "coin",
    change: (rows) => rows.splice(9_000, 1_440, { ...rows[0]!, t: Date.parse("2031-01-01") }),
    found: ["duplicate"]
  },
  { name: "a day is missing", of: "coin", change: (rows) => rows.splice(9_000, 1_440), found: [] },
  {
    name: "a day of minutes opens 17 seconds late",
    of: "coin",
    change: (rows) => put(rows, 3_000, 4_440, (row) => ({ ...row, t: row.t + 17_000 })),
    found: ["off-grid 1440"]
  },
  {
    name: "times are in microseconds, or none",
    of: "coin",
    change: (rows) => {
      rows[70]!.t *= 1_000
      rows[90]!.t = Number.NaN
    },
    found: ["off-grid", "off-grid"]
  },
  {
    name: "candles before every session of a week",
    of: "share",
    change: (rows) => {
      const early = rows.filter(({ t }, i) => i > 0 && t - rows[i - 1]!.t > hour && t < Date.parse("2024-03-02"))
      rows.push(...early.map((row) => ({ ...row, t: row.t - 30 * minute })))
      rows.sort((a, b) => a.t - b.t)
    },
    found: ["off-grid 8"]
  },
  {
    name: "two weeks after New York's clocks have changed are stamped as before",
    of: "share",
    change: shift("2024-03-11", "2024-03-25", hour),
    found: ["timezone-shift 3900"]
  },
  {
    name: "a session is stamped in New York's time",
    of: "share",
    change: shift("2024-02-22", "2024-02-23", -5 * hour),
    found: ["timezone-shift 390"]
  },
  {
    name: "days are stamped at midnight in Tokyo",
    of: "coinDays",
    change: shift("2020-05-04", "2020-05-14", -9 * hour),
    found: ["timezone-shift 10"]
  },
  {
    name: "weeks of currencies are told in the time of a server in Athens",
    of: "currency",
    change: shift("2024-01-01", "2024-02-24", 2 * hour),
    found: ["timezone-shift 3360"]
  },
  { name: "a half day ends at 13:00", of: "halfDay", change: () => undefined, found: [] },
  {
    name: "the last hour of a session is missing",
    of: "share",
    change: (rows) => rows.splice(on(rows, "2024-02-23") - 60, 60),
    found: []
  },
  {
    name: "twenty minutes without a trade, in a market that trades every minute",
    of: "coin",
    change: (rows) => put(rows, 6_000, 6_020, (_, i) => still(rows, i)),
    found: ["zero-volume 20"]
  },
  {
    name: "ten minutes without a trade, where every other minute has none",
    of: "coin",
    change: (rows) => {
      const next = random(5)
      put(rows, 1, rows.length, (row, i) => (next() < 0.5 || (i > 6_000 && i <= 6_010) ? still(rows, i) : row))
    },
    found: []
  },
  {
    name: "ten minutes without a trade, where every third has none",
    of: "coin",
    change: (rows) =>
      put(rows, 1, rows.length, (row, i) => (i % 3 === 0 || (i > 6_000 && i <= 6_010) ? still(rows, i) : row)),
    found: []
  },
  {
    name: "minutes without a trade that mostly come in rows of five, twice an hour",
    of: "coin",
    change: (rows) => {
      const next = random(7)
      let isStill = false
      put(rows, 1, rows.length, (row, i) => {
        isStill = next() < (isStill ? 0.8 : 0.008)
        return isStill ? still(rows, i) : row
      })
    },
    found: []
  },
  {
    name: "three days without a trade, where every other minute has none",
    of: "coin",
    change: (rows) => {
      const next = random(5)
      put(rows, 1, rows.length, (row, i) => (next() < 0.5 || (i > 6_000 && i <= 10_320) ? still(rows, i) : row))
      rows[6_000]!.v = rows[10_321]!.v = 1
    },
    found: ["zero-volume 4320"]
  },
  {
    name: "minutes of a quiet night without a trade, every night, and some by day",
    of: "coin",
    change: (rows) => {
      const next = random(6)
      put(rows, 1, rows.length, (row, i) =>
        next() < (row.t % (24 * hour) < 6 * hour ? 0.92 : 0.3) ? still(rows, i) : row
      )
    },
    found: []
  },
  {
    name: "the same candle seven times",
    of: "share",
    change: (rows) => put(rows, 3_000, 3_006, (row) => ({ ...rows[2_999]!, t: row.t })),
    found: ["frozen-feed 7"]
  },
  {
    name: "the same candle for half an hour",
    of: "share",
    change: (rows) => put(rows, 3_000, 3_030, (row) => ({ ...rows[2_999]!, t: row.t })),
    found: ["frozen-feed 31"]
  },
  {
    name: "the same close for half an hour, with volumes that differ",
    of: "share",
    change: (rows) => {
      const { c } = rows[2_999]!
      put(rows, 3_000, 3_030, (row) => ({ ...row, o: c, h: c, l: c, c }))
    },
    found: ["frozen-feed 31"]
  },
  {
    name: "the same close for four minutes",
    of: "share",
    change: (rows) => {
      const { c } = rows[2_999]!
      put(rows, 3_000, 3_004, (row) => ({ ...row, o: c, h: c, l: c, c }))
    },
    found: []
  },
  {
    name: "a price of 5 % above all others, for one candle",
    of: "coin",
    change: (rows) => put(rows, 8_000, 8_001, (row) => by(row, 1.05)),
    found: ["price-spike"]
  },
  {
    name: "a low of 5 % below all others, for one candle",
    of: "share",
    change: (rows) => put(rows, 8_000, 8_001, (row) => ({ ...row, l: row.l * 0.95 })),
    found: ["price-spike"]
  },
  {
    name: "a wrong close with which the next candle opens",
    of: "coin",
    change: (rows) => {
      rows[8_000] = { ...rows[8_000]!, h: rows[8_000]!.c * 1.5, c: rows[8_000]!.c * 1.5 }
      rows[8_001] = { ...rows[8_001]!, o: rows[8_000]!.c, h: rows[8_000]!.c }
    },
    found: ["price-spike"]
  },
  {
    name: "a jump of 5 % that stays",
    of: "coin",
    change: (rows) => put(rows, 8_000, rows.length, (row) => by(row, 1.05)),
    found: []
  },
  {
    name: "a crash of 30 % that stays, of a coin to the half",
    of: "coin",
    change: (rows) => {
      put(rows, 8_000, rows.length, (row) => by(row, 0.7))
      put(rows, 12_000, rows.length, (row) => by(row, 0.5))
    },
    found: []
  },
  {
    name: "a market that falls by 8 % within ten minutes and comes back within twenty",
    of: "coin",
    change: (rows) => {
      const level = (i: number) => (i < 10 ? 1 - 0.008 * i : 0.92 + 0.004 * (i - 10))
      put(rows, 8_000, 8_030, (row, i) => {
        const [o, c] = [row.o * level(i - 8_000), row.c * level(i - 7_999)]
        return { ...row, o, c, h: Math.max(o, c) * 1.001, l: Math.min(o, c) * 0.999 }
      })
    },
    found: []
  },
  {
    name: "a volume of a thousand times the usual",
    of: "share",
    change: (rows) => put(rows, 8_000, 8_001, (row) => ({ ...row, v: 1_000 * rows[7_999]!.v })),
    found: ["volume-outlier"]
  },
  {
    name: "a volume of five hundred times the usual at the end of every session",
    of: "share",
    change: (rows) =>
      put(rows, 0, rows.length - 1, (row, i) => (rows[i + 1]!.t - row.t > hour ? { ...row, v: 500 * row.v } : row)),
    found: []
  },
  {
    name: "three sessions that end with two thousand times the usual volume",
    of: "share",
    change: (rows) => {
      rows.length = 3 * 390
      for (const i of [389, 779, 1_169]) rows[i]!.v *= 2_000
    },
    found: []
  },
  {
    name: "a thousand times the usual volume with a jump of a hundred times the usual move",
    of: "coin",
    change: (rows) => {
      const { c } = rows[7_999]!
      put(rows, 8_000, rows.length, (row) => by(row, 1.08))
      rows[8_000] = { ...rows[8_000]!, o: c, l: c, v: 1_000 * rows[7_990]!.v }
    },
    found: []
  },
  {
    name: "a volume that is fifty times higher from now on",
    of: "coinDays",
    change: (rows) => put(rows, 1_000, rows.length, (row) => ({ ...row, v: 50 * row.v })),
    found: []
  },
  { name: "a split nobody told", of: "shareDays", change: unsplit("2014-06-09", 7), found: ["split-jump"] },
  {
    name: "a split that is known",
    of: "shareDays",
    change: unsplit("2014-06-09", 7),
    found: [],
    splits: [split("2014-06-09", 1, 7)]
  },
  {
    name: "a split that is known, of a history that is adjusted for it",
    of: "shareDays",
    change: () => undefined,
    found: [],
    splits: [split("2014-06-09", 1, 7)]
  },
  {
    name: "a split that is told as another",
    of: "shareDays",
    change: unsplit("2014-06-09", 10),
    found: ["split-jump"],
    splits: [split("2014-06-09", 1, 2)]
  },
  { name: "a split nobody told, in minutes", of: "share", change: unsplit("2024-03-04", 4), found: ["split-jump"] },
  {
    name: "a split in the middle of a week that is known",
    of: "shareWeeks",
    change: (rows) => {
      const at = on(rows, "2012-06-11")
      unsplit("2012-06-11", 4)(rows)
      const { h, o, v, ...rest } = rows[at]!
      rows[at] = { ...rest, o: 4 * o, h: 4 * h, v }
    },
    found: [],
    splits: [split("2012-06-13", 1, 4)]
  },
  {
    name: "a split in the middle of a week nobody told",
    of: "shareWeeks",
    change: (rows) => {
      const at = on(rows, "2012-06-11")
      unsplit("2012-06-11", 4)(rows)
      const { h, o, v, ...rest } = rows[at]!
      rows[at] = { ...rest, o: 4 * o, h: 4 * h, v }
    },
    found: ["split-jump"]
  },
  {
    name: "a share at half the price for two days",
    of: "shareDays",
    change: (rows) => put(rows, 700, 702, (row) => by(row, 0.5)),
    found: []
  },
  {
    name: "a share that halves within a session",
    of: "share",
    change: (rows) => put(rows, 3_000, rows.length, (row) => by(row, 0.5)),
    found: []
  },
  { name: "a coin that halves over night", of: "coinDays", change: unsplit("2020-01-01", 2), found: [] },
  {
    name: "a share that loses 22 % over night, as in 1987",
    of: "shareDays",
    change: unsplit("2014-06-09", 1 / 0.78),
    found: []
  },
  {
    name: "an hour in cents",
    of: "share",
    change: (rows) => put(rows, 5_000, 5_060, (row) => by(row, 100)),
    found: ["unit-error 60"]
  },
  {
    name: "one candle in thousands",
    of: "coinDays",
    change: (rows) => put(rows, 500, 501, (row) => by(row, 0.001)),
    found: ["unit-error"]
  },
  {
    name: "five days in millionths, and the first days of all in cents",
    of: "coin",
    change: (rows) => {
      put(rows, 0, 900, (row) => by(row, 100))
      put(rows, 5_000, 12_200, (row) => by(row, 1e6))
    },
    found: ["unit-error 900", "unit-error 7200"]
  },
  {
    name: "a rise to forty times the price that stays",
    of: "coin",
    change: (rows) => put(rows, 5_000, rows.length, (row) => by(row, 40)),
    found: []
  }
]

const told = ({ figures: { candles }, kind }: Anomaly.Anomaly): string =>
  candles === undefined || candles === 1 ? kind : `${kind} ${candles}`

describe("a series of which", () => {
  for (const { change, found, name, of, splits = [] } of cases) {
    it.effect(`${name}: ${found.length === 0 ? "no anomaly" : found.join(", ")}`, () =>
      Effect.gen(function* () {
        const { candles, context } = yield* histories[of]
        const rows = toRows(candles)
        change(rows)
        assert.deepStrictEqual(find({ ...context, splits }, toCandles(rows)).map(told), found)
      })
    )
  }
})

describe("a finding", () => {
  it.effect("says where and by how much", () =>
    Effect.gen(function* () {
      const { candles, context } = yield* histories.coin
      const rows = toRows(candles)
      const top = Math.max(...rows.slice(7_999, 8_002).map(({ h }) => h))
      rows[8_000]!.h = 1.5 * top
      const [found, ...others] = find(context, toCandles(rows))
      assert.lengthOf(others, 0)
      assert.deepStrictEqual(found!.interval, { from: rows[8_000]!.t, to: rows[8_000]!.t + 1 })
      assert.closeTo(found!.figures["price"]!, 1.5 * top, 1e-9)
      const neighbours = Math.max(rows[7_999]!.h, rows[8_001]!.h)
      assert.closeTo(found!.figures["ratio"]!, (1.5 * top) / neighbours, 1e-9)
      assert.include(found!.evidence, "above the candles before and after")
    })
  )

  it("needs no calendar that is known to the detectors: all are asked alike", () => {
    for (const id of ["24/7", "24/5", "XNYS"] as const) {
      const calendar = Calendars.get(id)
      const opens = calendar.openTimes("1h", { from: Date.parse("2024-01-08"), to: Date.parse("2024-03-08") })
      const rows = Array.from(opens, (t): Row => ({ t, o: 1, h: 1.01, l: 0.99, c: 1, v: 1 }))
      put(rows, 0, rows.length, (row, i) => ({ ...row, c: 1 + 0.001 * Math.sin(i), v: 10 + (i % 7) }))
      const context = { timeframe: "1h", calendar, assetClass: "equity", splits: [] } as const
      assert.deepStrictEqual(find(context, toCandles(rows)), [], id)
      rows[30]!.t += 7_000
      assert.deepStrictEqual(find(context, toCandles(rows)).map(told), ["off-grid"], id)
    }
  })
})
