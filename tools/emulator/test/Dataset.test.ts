import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, Instant, type Interval } from "@tidemark/core"
import { plugin } from "@tidemark/source-synthetic"
import { Effect, Option, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Dataset, Emulator } from "@tidemark/emulator"
import * as KlineText from "@tidemark/emulator/KlineText"
import { client, get, hour, hours, rowsOf, start, type Row } from "./Wire.ts"

const instant = (text: string): number => Option.getOrThrow(Instant.parse(text))

const columnsOf = (rows: ReadonlyArray<Row>): Candles.Candles => {
  const column = (index: number) => Float64Array.from(rows, (row) => Number(row[index]))
  return {
    openTime: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
    quoteVolume: column(7),
    trades: column(8)
  }
}

/** All rows from an instant, walked as a client walks them. */
const walk = Effect.fnUntraced(function* (query: string, from: number, limit = 1000) {
  const rows: Array<Row> = []
  for (let cursor = from; ;) {
    const page = rowsOf(yield* get(`/api/v3/klines?${query}&startTime=${cursor}&limit=${limit}`))
    rows.push(...page)
    if (page.length < limit) return rows
    cursor = Number(page.at(-1)![0]) + 1
  }
})

const parseText = (text: KlineText.KlineText): ReadonlyArray<Row> =>
  JSON.parse(`[${text.bytes.toString()}]`) as ReadonlyArray<Row>

describe("KlineText", () => {
  it("prints eight decimals, and more only where a number needs them", () => {
    assert.strictEqual(KlineText.decimal(0), "0.00000000")
    assert.strictEqual(KlineText.decimal(42), "42.00000000")
    assert.strictEqual(KlineText.decimal(8819.15), "8819.15000000")
    assert.strictEqual(KlineText.decimal(0.00002853), "0.00002853")
    assert.strictEqual(KlineText.decimal(27174569.16633405), "27174569.16633405")
    assert.strictEqual(KlineText.decimal(-1.5), "-1.50000000")
    assert.strictEqual(KlineText.decimal(2 ** -20), "0.00000095367431640625")
  })

  it.prop("a printed number reads as the same number", [Schema.Finite], ([value]) => {
    assert.isTrue(Number(KlineText.decimal(value)) === value, `${value} as ${KlineText.decimal(value)}`)
  })

  it.prop(
    "so does a price or a volume of any usual size",
    [Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1e7 }))],
    ([value]) => {
      const cents = Math.round(value * 100) / 100
      assert.strictEqual(KlineText.decimal(cents), cents.toFixed(8))
      assert.isTrue(Number(KlineText.decimal(value)) === value)
    }
  )
})

describe("Dataset", () => {
  it("reads symbols with and without a slash, and refuses what it can't split", () => {
    assert.deepStrictEqual(Dataset.splitSymbol("BTC/USDT"), { base: "BTC", quote: "USDT" })
    assert.deepStrictEqual(Dataset.splitSymbol("ADABTC"), { base: "ADA", quote: "BTC" })
    assert.throws(() => Dataset.splitSymbol("USDT"), /write it as BTC\/USDT/)
    assert.throws(() => Dataset.splitSymbol("AAPL"), /write it as BTC\/USDT/)
  })

  it("says which recorded text is no klines", () => {
    const about = { symbol: "BTCUSDT", interval: "1h" } as const
    assert.throws(() => Dataset.fromKlinesJson(["[]", "{}"], about), /klines 2 of 2: neither an array/)
    assert.throws(() => Dataset.fromKlinesJson(["[[1,2]]"], about), /row 1 is not a kline of 12 columns/)
    assert.throws(() => Dataset.fromCsv("open_time,open\n1,2\n", about), /line 2 of the CSV/)
  })

  const row = (open: number, text: string) =>
    `[${open},"${text}","2.50","1.0","2","7.000",${open + hour - 1},"14.0",3,"1","2","11146.71897399"]`

  it.layer(client)((it) => {
    it.effect("recorded rows leave as they came, sorted, and the last of a pair", () =>
      Effect.gen(function* () {
        const answer = yield* get("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=0")
        assert.strictEqual(answer.text, `[${row(start, "1.10")},${row(start + hour, "1.30")}]`)
      }).pipe(
        Effect.provide(
          Emulator.layer({
            datasets: [
              Dataset.fromKlinesJson(
                [
                  `{"query": "", "body": [${row(start + hour, "1.20")}, ${row(start, "1.10")}]}`,
                  `[${row(start + hour, "1.30")}]`
                ],
                { symbol: "BTCUSDT", interval: "1h" }
              )
            ]
          })
        )
      )
    )

    it.effect("an archive leaves in milliseconds, whatever it is written in", () => {
      const columns = "93576.00,93610.93,93537.50,93548.05,8.21,CLOSE,768978.93,1631,3.97,372148.82,0"
      const micros = `1735689600000000,${columns.replace("CLOSE", "1735689659999999")}`
      const expected =
        '[[1735689600000,"93576.00","93610.93","93537.50","93548.05","8.21",1735689659999,"768978.93",1631,"3.97","372148.82","0"]]'
      const dataset = Dataset.fromCsv(`open_time,open,high\r\n${micros}\r\n`, { symbol: "BTCUSDT", interval: "1m" })
      return Effect.gen(function* () {
        const answer = yield* get("/api/v3/klines?symbol=BTCUSDT&interval=1m")
        assert.strictEqual(answer.text, expected)
      }).pipe(Effect.provide(Emulator.layer({ datasets: [dataset] })))
    })

    it.effect("nothing before listedAt is served", () => {
      const dataset = Dataset.fromKlinesJson([`[${row(start, "1")},${row(start + hour, "1")}]`], {
        symbol: "BTCUSDT",
        interval: "1h",
        listedAt: start + 1
      })
      return Effect.gen(function* () {
        const rows = rowsOf(yield* get("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=0"))
        assert.deepStrictEqual(
          rows.map(([open]) => open),
          hours(1, 1)
        )
      }).pipe(Effect.provide(Emulator.layer({ datasets: [dataset] })))
    })

    it.effect("synthetic candles are those of the source, to the last bit, in every interval", () => {
      const range: Interval.Interval = { from: instant("2021-02-26"), to: instant("2021-03-02T06:00Z") }
      const datasets = Dataset.synthetic({ symbols: ["BTC/USDT"], seed: 7, from: range.from, to: range.to })
      return Effect.gen(function* () {
        yield* TestClock.setTime(instant("2022-01-01"))
        const source = yield* plugin.make(yield* Schema.decodeUnknownEffect(plugin.config)({ seed: 7 }))
        const calendar = Calendars.get("24/7")
        for (const timeframe of plugin.capabilities.timeframes) {
          const interval = { from: calendar.openAtOrBefore(timeframe, range.from), to: range.to }
          const pages = yield* Stream.runCollect(
            source.candles({ symbol: "BTC/USDT", assetClass: "crypto", calendar, timeframe, interval })
          )
          const expected = Candles.concat(pages.map((page) => page.candles))
          const rows = yield* walk(`symbol=BTCUSDT&interval=${timeframe}`, 0)
          assert.isTrue(Candles.length(expected) > 0)
          assert.isTrue(Candles.equals(columnsOf(rows), expected), timeframe)
          for (const row of rows) assert.strictEqual(row[6], calendar.closeOf(timeframe, Number(row[0])) - 1)
        }
      }).pipe(Effect.provide(Emulator.layer({ datasets })))
    })

    it.effect("cheap candles are the same as text and as columns, across the pattern's end", () => {
      const extent = { from: start, to: start + 20_000 * 60_000 }
      const dataset = Dataset.cheap({ symbol: "BTCUSDT", interval: "1m", ...extent })
      const columns = dataset.candles(extent)
      assert.strictEqual(Candles.length(columns), 20_000)
      assert.isUndefined(Candles.invalidity(columns, extent))
      return Effect.gen(function* () {
        const rows = yield* walk("symbol=BTCUSDT&interval=1m", 0, 777)
        assert.isTrue(Candles.equals(columnsOf(rows), columns))
        assert.isTrue(rows.every((row) => Number(row[6]) === Number(row[0]) + 59_999))
        assert.deepStrictEqual(rows, parseText(KlineText.print(columns, "1m")))
      }).pipe(Effect.provide(Emulator.layer({ datasets: [dataset] })))
    })
  })

  const recordings = process.env["TIDEMARK_CONFORMANCE_DATA"]
  const read = (name: string): string => readFileSync(join(recordings!, "binance", name), "utf8")

  it.layer(client)((it) => {
    it.effect.skipIf(recordings === undefined)("recorded pages come out equal to the byte, outage and all", () => {
      const texts = ["binance-klines-BTCUSDT-1h-page1.json", "binance-klines-BTCUSDT-1h-page2-gap-20200628.json"].map(
        read
      )
      const datasets = [Dataset.fromKlinesJson(texts, { symbol: "BTCUSDT", interval: "1h" })]
      return Effect.gen(function* () {
        for (const text of texts) {
          const recorded = JSON.parse(text) as { readonly query: string; readonly body: ReadonlyArray<Row> }
          const answer = yield* get(`/api/v3/klines?${recorded.query}`)
          assert.strictEqual(answer.text, JSON.stringify(recorded.body))
        }
        const outage = instant("2020-06-28T02:00Z")
        const after = rowsOf(yield* get(`/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=${outage}&limit=1`))
        assert.strictEqual(after[0]![0], outage + 3 * hour)
      }).pipe(Effect.provide(Emulator.layer({ datasets })))
    })

    it.effect.skipIf(recordings === undefined)("the recorded archive file comes out value for value", () => {
      const text = recordings === undefined ? "" : read("ADABTC-1m-2021-11-27.csv")
      const datasets = [Dataset.fromCsv(text, { symbol: "ADABTC", interval: "1m" })]
      return Effect.gen(function* () {
        const rows = rowsOf(yield* get("/api/v3/klines?symbol=ADABTC&interval=1m"))
        assert.strictEqual(rows.map((row) => row.join(",")).join("\n"), text.trim())
        assert.strictEqual(rows.length, 10)
      }).pipe(Effect.provide(Emulator.layer({ datasets })))
    })
  })
})
