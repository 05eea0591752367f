import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Candles, Instant, SourceError, type Timeframe } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { plugin } from "@tidemark/source-file"
import { Effect, Option, Schema, Stream } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "tidemark-file-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Years after every candle of these files. */
const atNow = TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))

let files = 0
const write = (text: string | Uint8Array, extension = "csv"): string => {
  const path = join(folder, `${files++}.${extension}`)
  writeFileSync(path, text)
  return path
}

const noNetwork = HttpClient.make((request) =>
  Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) }))
)

/** Everything in a file, as the source gives it. */
const read = Effect.fnUntraced(function* (
  config: unknown,
  calendar: Calendar.CalendarId = "24/7",
  timeframe: Timeframe.Timeframe = "1h"
) {
  const source = yield* plugin
    .make(yield* Effect.orDie(Schema.decodeUnknownEffect(plugin.config)(config)))
    .pipe(Effect.provideService(HttpClient.HttpClient, noNetwork))
  const subject = { symbol: "X/USD", assetClass: "crypto", calendar: Calendars.get(calendar) } as const
  const extent = Option.getOrThrow(yield* source.extent!(subject, timeframe))
  const interval = { from: extent.first, to: extent.end! }
  const pages = yield* Stream.runCollect(source.candles({ ...subject, timeframe, interval }))
  return Candles.concat(pages.map((page) => page.candles))
})

const opens = (candles: Candles.Candles) => [...candles.openTime].map(Instant.format)
const rows = "10,12,9,11,5\n10,13,9,12,6"
const withTimes = (header: string, ...times: ReadonlyArray<string>) =>
  `${header}\n${rows
    .split("\n")
    .map((row, i) => `${times[i]},${row}`)
    .join("\n")}\n`

describe("a file's time column", () => {
  const expected = ["2024-01-31T10:00Z", "2024-01-31T11:00Z"]
  const seconds = Date.parse("2024-01-31T10:00:00Z") / 1000
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    seconds: [String(seconds), String(seconds + 3_600)],
    milliseconds: [`${seconds}000`, `${seconds + 3_600}000`],
    microseconds: [`${seconds}000000`, `${seconds + 3_600}000000`],
    nanoseconds: [`${seconds}000000000`, `${seconds + 3_600}000000000`],
    "ISO with Z": ["2024-01-31T10:00:00Z", "2024-01-31T11:00:00.000Z"],
    "ISO with an offset": ["2024-01-31T11:00:00+01:00", "2024-01-31T12:00:00+01:00"],
    "without a zone": ["2024-01-31 10:00", "2024-01-31 11:00:00"],
    "with dots": ["2024.01.31 10:00:00", "2024.01.31 11:00:00"]
  }
  for (const [name, times] of Object.entries(cases)) {
    it.effect(`is read as ${name}`, () =>
      Effect.gen(function* () {
        yield* atNow
        const candles = yield* read({ path: write(withTimes("time,open,high,low,close,volume", ...times)) })
        assert.deepStrictEqual(opens(candles), expected)
        assert.deepStrictEqual([...candles.close], [11, 12])
      })
    )
  }

  it.effect("may be a date and a time of day apart", () =>
    Effect.gen(function* () {
      yield* atNow
      const text =
        "Date,Time,Open,High,Low,Close,Volume\n2024-01-31,10:00,10,12,9,11,5\n2024-01-31,11:00,10,13,9,12,6\n"
      assert.deepStrictEqual(opens(yield* read({ path: write(text) })), expected)
    })
  )

  it.effect("with dates alone stands for the session of the day, half days and DST and all", () =>
    Effect.gen(function* () {
      yield* atNow
      const text = "date,open,high,low,close,volume\n2023-03-10,1,1,1,1,1\n2023-03-13,1,1,1,1,1\n2023-11-24,1,1,1,1,1\n"
      assert.deepStrictEqual(opens(yield* read({ path: write(text) }, "XNYS", "1d")), [
        "2023-03-10T14:30Z",
        "2023-03-13T13:30Z",
        "2023-11-24T14:30Z"
      ])
      assert.deepStrictEqual(opens(yield* read({ path: write(text) }, "24/5", "1d")), [
        "2023-03-09T22:00Z",
        "2023-03-12T21:00Z",
        "2023-11-23T22:00Z"
      ])
      assert.deepStrictEqual(opens(yield* read({ path: write(text) }, "24/7", "1d")), [
        "2023-03-10T00:00Z",
        "2023-03-13T00:00Z",
        "2023-11-24T00:00Z"
      ])
    })
  )
})

describe("a file's form", () => {
  const text = withTimes("time,open,high,low,close,volume", "2024-01-31T10:00Z", "2024-01-31T11:00Z")

  it.effect("may be gzipped CSV", () =>
    Effect.gen(function* () {
      yield* atNow
      assert.strictEqual(Candles.length(yield* read({ path: write(gzipSync(text), "csv.gz") })), 2)
    })
  )

  it.effect("may not be gzipped CSV whose end is missing: it would be taken for whole", () =>
    Effect.gen(function* () {
      yield* atNow
      const many = Array.from({ length: 20_000 }, (_, i) =>
        new Date(Date.parse("2022-01-01T00:00Z") + i * 3_600_000).toISOString()
      )
      const zipped = gzipSync(withTimes("time,open,high,low,close,volume", ...many))
      const path = write(zipped.subarray(0, zipped.length - 1_000), "csv.gz")
      const error = yield* Effect.flip(read({ path }))
      assert.match(error.message, /it is no whole gzip \(Z_BUF_ERROR\); nothing of it was stored/)
    })
  )

  it.effect("may be Parquet, or gzipped Parquet", () =>
    Effect.gen(function* () {
      yield* atNow
      const path = join(folder, "x.parquet")
      yield* Effect.gen(function* () {
        const sql = yield* DuckDbClient.DuckDbClient
        yield* sql`${sql.literal(
          `COPY (SELECT TIMESTAMP '2024-01-31 10:00:00' AS timestamp, 10.0 AS open, 12 AS high, 9 AS low, 11 AS close, 5 AS volume) TO '${path}' (FORMAT parquet)`
        )}`
      }).pipe(Effect.provide(DuckDbClient.layer({ path: ":memory:" })))
      assert.deepStrictEqual(opens(yield* read({ path })), ["2024-01-31T10:00Z"])
      assert.deepStrictEqual(opens(yield* read({ path: write(gzipSync(readFileSync(path)), "parquet.gz") })), [
        "2024-01-31T10:00Z"
      ])
    })
  )

  it.effect("may have semicolons, odd names that are given, and more columns than are needed", () =>
    Effect.gen(function* () {
      yield* atNow
      const odd =
        "Zeit;Start;Hoch;Tief;Schluss;Menge;Notiz\n2024-01-31T10:00Z;10;12;9;11;5;hallo\n2024-01-31T11:00Z;10;13;9;12;6;\n"
      const columns = { time: "Zeit", open: "Start", high: "Hoch", low: "Tief", close: "Schluss", volume: "Menge" }
      assert.deepStrictEqual([...(yield* read({ path: write(odd), columns })).volume], [5, 6])
    })
  )

  it.effect("need not be in order", () =>
    Effect.gen(function* () {
      yield* atNow
      const text = "time,open,high,low,close,volume\n2024-01-31T11:00Z,1,1,1,1,2\n2024-01-31T10:00Z,1,1,1,1,1\n"
      assert.deepStrictEqual([...(yield* read({ path: write(text) })).volume], [1, 2])
    })
  )
})

describe("rows that are not on the grid", () => {
  it.effect("are all there, the first and the last too, however many batches they come in", () =>
    Effect.gen(function* () {
      yield* atNow
      const start = Date.parse("2024-01-01T00:00:30Z")
      const size = 65_537
      const text = Array.from({ length: size }, (_, i) => `${start + i * 30_000},1,1,1,1,1`).join("\n")
      // Two rows a minute, so that the batches meet inside a minute.
      const candles = yield* read({ path: write(`time,open,high,low,close,volume\n${text}\n`) }, "24/7", "1m")
      assert.strictEqual(Candles.length(candles), size)
    })
  )
})

describe("a file that is wrong is refused whole, with the row and the way out", () => {
  const header = "time,open,high,low,close,volume\n2024-01-31T10:00Z,10,12,9,11,5\n"
  const cases: Readonly<Record<string, readonly [text: string, message: ReadonlyArray<string>]>> = {
    "a missing column": [
      "time,open,high,low,volume\n2024-01-31T10:00Z,1,1,1,1\n",
      ["no column for close", "tidemark.json"]
    ],
    "text in a price": [`${header}2024-01-31T11:00Z,10,12,abc,11,5\n`, ["row 2", '"low"', '"abc"']],
    "a missing price": [`${header}2024-01-31T11:00Z,10,,9,11,5\n`, ["row 2", '"high"', "empty"]],
    "not a number": [`${header}2024-01-31T11:00Z,10,NaN,9,11,5\n`, ["row 2", '"high"', '"NaN"']],
    "a negative volume": [`${header}2024-01-31T11:00Z,10,12,9,11,-5\n`, ["row 2", "negative volume -5"]],
    "a high below the low": [`${header}2024-01-31T11:00Z,10,8,9,10,5\n`, ["row 2", "high 8"]],
    "a low above the close": [`${header}2024-01-31T11:00Z,12,12,11.5,11,5\n`, ["row 2", "low 11.5"]],
    "a time twice": [`${header}2024-01-31T10:00:00Z,10,12,9,11,5\n`, ["2 rows", "2024-01-31T10:00"]],
    "a time that is none": [`${header}noon,10,12,9,11,5\n`, ["row 2", '"noon"']],
    "no rows": ["time,open,high,low,close,volume\n", ["no rows"]]
  }
  for (const [name, [text, expected]] of Object.entries(cases)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        yield* atNow
        const path = write(text)
        const error = yield* Effect.flip(read({ path }))
        assert.instanceOf(error, SourceError.SourceError)
        assert.strictEqual(error.reason._tag, "Misconfigured")
        assert.include(error.message, path)
        for (const part of expected) assert.include(error.message, part)
      })
    )
  }

  it.effect("no such file", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(read({ path: join(folder, "none.csv") }))
      assert.include(error.message, "there is no file")
    })
  )
})
