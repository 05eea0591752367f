import { assert, describe, it } from "@effect/vitest"
import { Candles, Instant } from "@tidemark/core"
import { type ArchiveDefect, Dataset, Emulator, Fault } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { at, between, client, dataset, day, fetched, listedAt, minute, now, request, source } from "./rig.ts"

/** December, January, and days of February: two monthly files, then daily ones, then pages. */
const range = { from: at("2023-12-01"), to: at("2024-02-20T03:00:00Z") }
const truth = dataset.candles(range)

const emulator = (options: { readonly defects?: ReadonlyArray<ArchiveDefect.ArchiveDefect> } = {}) =>
  Emulator.layer({ datasets: [dataset], now: () => now, limiterNow: Date.now, archiveDefects: options.defects })

const world = (options: { readonly defects?: ReadonlyArray<ArchiveDefect.ArchiveDefect> } = {}) =>
  Layer.provideMerge(client, emulator(options))

const december = "BTCUSDT-1m-2023-12"

/** Requests by what they were for. */
const asked = Effect.gen(function* () {
  const all = yield* (yield* Emulator).requests
  const count = (test: (path: string) => boolean) => all.filter(({ path }) => test(path)).length
  return {
    pages: count((path) => path.endsWith("/klines")),
    zips: count((path) => path.endsWith(".zip")),
    checksums: count((path) => path.endsWith(".CHECKSUM")),
    missing: all.filter(({ status }) => status === 404).length
  }
})

describe("the archive", () => {
  it.live("gives whole months, then days, and pages for the rest: the same rows as pages alone", () =>
    Effect.gen(function* () {
      const { candles, error, files } = yield* fetched(yield* source(), request(range))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, truth))
      assert.deepStrictEqual(
        files.slice(0, 3).map(({ bytes, interval, sha256, status, url }) => ({
          url,
          status,
          from: Instant.formatDate(interval.from),
          sound: bytes > 1_000 && /^[0-9a-f]{64}$/.test(sha256)
        })),
        [
          {
            url: `data.binance.vision/data/spot/monthly/klines/BTCUSDT/1m/${december}.zip`,
            status: "verified",
            from: "2023-12-01",
            sound: true
          },
          {
            url: "data.binance.vision/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip",
            status: "verified",
            from: "2024-01-01",
            sound: true
          },
          {
            url: "data.binance.vision/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02-01.zip",
            status: "verified",
            from: "2024-02-01",
            sound: true
          }
        ]
      )
      // Two pages for the last three hours and for what is asked to learn the listing.
      assert.deepStrictEqual(yield* asked, { pages: 3, zips: 21, checksums: 21, missing: 0 })
    }).pipe(Effect.provide(world()))
  )

  it.live("is not asked for what lies before the listing", () =>
    Effect.gen(function* () {
      const whole = { from: at("2022-06-01"), to: at("2024-01-01") }
      const { candles, error, pages } = yield* fetched(yield* source(), request(whole))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, dataset.candles({ from: listedAt, to: whole.to })))
      assert.deepStrictEqual(pages[0]!.interval, { from: whole.from, to: at("2023-11-01") })
      assert.deepStrictEqual(yield* asked, { pages: 2, zips: 2, checksums: 2, missing: 0 })
    }).pipe(Effect.provide(world()))
  )

  it.live("serves the month of the listing whole, asked from its first candle on", () =>
    Effect.gen(function* () {
      const since = { from: listedAt, to: at("2024-01-01") }
      const { candles, error, files, pages } = yield* fetched(yield* source(), request(since))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, dataset.candles(since)))
      assert.strictEqual(pages[0]!.interval.from, listedAt)
      assert.deepStrictEqual([files.length, files[0]!.interval.from], [2, at("2023-11-01")])
    }).pipe(Effect.provide(world()))
  )

  it.live("is not asked for a few candles, nor for long ones, nor where it is switched off", () =>
    Effect.gen(function* () {
      const few = { from: range.from, to: range.from + 900 * minute }
      assert.isTrue(Candles.equals((yield* fetched(yield* source(), request(few))).candles, dataset.candles(few)))
      assert.strictEqual((yield* asked).checksums, 0)
    }).pipe(Effect.provide(world()))
  )

  it.live("switched off, everything comes in pages", () =>
    Effect.gen(function* () {
      assert.isTrue(Candles.equals((yield* fetched(yield* source("off"), request(range))).candles, truth))
      assert.strictEqual((yield* asked).checksums, 0)
    }).pipe(Effect.provide(world()))
  )
})

type Tag = ArchiveDefect.Tag

/** Defects for which a file is set aside, with a part of what is said of it. */
const unsound: ReadonlyArray<readonly [Tag, RegExp]> = [
  ["StaleChecksum", /checksum is to be [0-9a-f]{64}/],
  ["GarbledChecksum", /CHECKSUM file cannot be read/],
  ["DuplicateRow", /comes twice/],
  ["Crowded", /lie in one 1m/],
  ["OutOfOrder", /comes after that of/],
  ["NotAZip", /no sound zip archive/],
  ["TwoFiles", /2 files instead of one/],
  ["GarbledRow", /row 44640 has no number in field 5/]
]

describe("a file of the archive that is not sound", () => {
  for (const [tag, detail] of unsound) {
    it.live(`is set aside with its evidence, and its range comes in pages: ${tag}`, () =>
      Effect.gen(function* () {
        const month = between("2023-12-01", "2024-01-01")
        const { candles, error, files, pages } = yield* fetched(yield* source(), request(month))
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(candles, dataset.candles(month)))
        assert.strictEqual(files.length, 1)
        assert.strictEqual(files[0]!.status, "quarantined")
        assert.match(files[0]!.detail!, detail)
        assert.strictEqual(pages.length, 45)
      }).pipe(Effect.provide(world({ defects: [{ _tag: tag, in: december } as ArchiveDefect.ArchiveDefect] })))
    )
  }
})

/** Defects that rows do not suffer from. */
const harmless: ReadonlyArray<Tag> = ["LateClose", "IgnoredColumn", "Header", "OtherUnit"]

describe("a file of the archive that is merely odd", () => {
  for (const tag of harmless) {
    it.live(`gives the rows that it holds: ${tag}`, () =>
      Effect.gen(function* () {
        const month = between("2023-12-01", "2024-01-01")
        const { candles, error, files } = yield* fetched(yield* source(), request(month))
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(candles, dataset.candles(month)))
        assert.deepStrictEqual(
          files.map(({ status }) => status),
          ["verified"]
        )
      }).pipe(Effect.provide(world({ defects: [{ _tag: tag } as ArchiveDefect.ArchiveDefect] })))
    )
  }

  it.live("gives the row that an outage has cut short, with its volume of nothing: CutClose", () =>
    Effect.gen(function* () {
      const { candles } = yield* fetched(yield* source(), request(between("2023-12-01", "2024-01-01")))
      assert.strictEqual(Candles.length(candles), 44_640)
      assert.strictEqual(candles.volume.at(-1), 0)
    }).pipe(Effect.provide(world({ defects: [{ _tag: "CutClose" }] })))
  )

  it.live("gives rows off the grid as they are: no other candle is made of them", () =>
    Effect.gen(function* () {
      const { candles } = yield* fetched(yield* source(), request(between("2023-12-01", "2024-01-01")))
      assert.isTrue(candles.openTime.every((open) => open % minute === 17_500))
    }).pipe(Effect.provide(world({ defects: [{ _tag: "OffGrid" }] })))
  )

  it.live("lacks what it lacks, for the engine to ask again: Partial, MissingDay", () =>
    Effect.gen(function* () {
      const { candles } = yield* fetched(yield* source(), request(between("2023-12-01", "2024-02-01")))
      assert.strictEqual(Candles.length(candles), 44_640 - 1_440 + 7)
      const hole = request(between("2023-12-09", "2023-12-10"))
      // A hole of a day is asked of the day's own file, and what its file lacks in pages.
      const day = yield* fetched(yield* source(), hole)
      assert.isTrue(Candles.equals(day.candles, dataset.candles(hole.interval)))
    }).pipe(
      Effect.provide(
        world({
          defects: [
            { _tag: "MissingDay", date: "2023-12-09", in: "/monthly/" },
            { _tag: "Partial", in: "BTCUSDT-1m-2024-01" }
          ]
        })
      )
    )
  )
})

describe("a file of the archive without a row", () => {
  it.live("is set aside: nothing is not what it should hold", () =>
    Effect.gen(function* () {
      const month = between("2023-12-01", "2024-01-01")
      const { candles, files } = yield* fetched(yield* source(), request(month))
      assert.isTrue(Candles.equals(candles, dataset.candles(month)))
      assert.deepStrictEqual(
        files.map(({ detail, status }) => [status, detail]),
        [["quarantined", "it holds no candle"]]
      )
    }).pipe(Effect.provide(world({ defects: [{ _tag: "Partial", rows: 0, in: december }] })))
  )
})

describe("a symbol that is no longer listed", () => {
  it.live("has its files all the same", () =>
    Effect.gen(function* () {
      const { inject } = yield* Emulator
      const body = '{"code":-1121,"msg":"Invalid symbol."}'
      yield* inject(Fault.ServerError({ status: 400, body, match: { path: "/api/v3/klines" }, times: Infinity }))
      const month = between("2023-12-01", "2024-01-01")
      const { candles, error, files } = yield* fetched(yield* source(), request(month))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, dataset.candles(month)))
      assert.strictEqual(files.length, 1)
      // Where no file is, what REST says stands.
      const tail = yield* fetched(yield* source(), request({ from: now - day / 2, to: now - minute }))
      assert.strictEqual(tail.error?.reason._tag, "NotListed")
    }).pipe(Effect.provide(world()))
  )
})

describe("an archive whose connection breaks once", () => {
  it.live("costs one file, not the archive", () =>
    Effect.gen(function* () {
      yield* (yield* Emulator).inject(Fault.Reset({ match: { path: "/data/" } }))
      const { candles, files } = yield* fetched(yield* source(), request(between("2023-12-01", "2024-02-01")))
      assert.isTrue(Candles.equals(candles, dataset.candles(between("2023-12-01", "2024-02-01"))))
      assert.deepStrictEqual(
        files.map(({ url }) => url.slice(-11)),
        ["2024-01.zip"]
      )
    }).pipe(Effect.provide(world()))
  )
})

describe("an archive that lacks files", () => {
  for (const tag of ["Missing", "MissingZip"] as const) {
    it.live(`has the days of a month that is late, and pages for one that will not come: ${tag}`, () =>
      Effect.gen(function* () {
        const both = between("2023-12-01", "2024-02-01")
        const { candles, error, files } = yield* fetched(yield* source(), request(both))
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(candles, dataset.candles(both)))
        assert.strictEqual(files.length, 31)
        assert.isTrue(files.every(({ url }) => url.includes("/daily/")))
      }).pipe(Effect.provide(world({ defects: [{ _tag: tag, in: "/monthly/" }] })))
    )
  }
})

describe("a hash of the archive", () => {
  it.live("is what it is now, so that a file that was written anew is noticed", () =>
    Effect.gen(function* () {
      const month = between("2023-12-01", "2024-01-01")
      const { files } = yield* fetched(yield* source(), request(month))
      const { fileHash } = yield* source()
      const [file] = files
      const before = yield* fileHash!(file!.url)
      assert.strictEqual(before._tag === "Some" ? before.value : "", file!.sha256)
      yield* (yield* Emulator).spoilArchive({ _tag: "Rewritten", in: december })
      const after = yield* fileHash!(file!.url)
      assert.isTrue(after._tag === "Some" && after.value !== file!.sha256)
      yield* (yield* Emulator).spoilArchive({ _tag: "GarbledChecksum" })
      // Not knowing is not a change.
      assert.strictEqual((yield* Effect.flip(fileHash!(file!.url))).reason._tag, "Malformed")
      yield* (yield* Emulator).spoilArchive({ _tag: "Missing" })
      assert.strictEqual((yield* fileHash!(file!.url))._tag, "None")
    }).pipe(Effect.provide(world()))
  )
})

describe("markets", () => {
  const futures = Dataset.cheap({
    symbol: "BTCUSDT",
    market: "um",
    interval: "1m",
    from: at("2022-03-01"),
    to: at("2100-01-01")
  })
  const both = Layer.provideMerge(
    client,
    Emulator.layer({ datasets: [dataset, futures], now: () => now, limiterNow: Date.now })
  )

  it.live("futures come from their own archive and their own pages, with a header from May 2022 on", () =>
    Effect.gen(function* () {
      const asked = between("2022-04-01", "2022-06-01")
      const { candles, error, files } = yield* fetched(yield* source(), request(asked, { symbol: "BTC/USDT:USDT" }))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, futures.candles(asked)))
      assert.deepStrictEqual(
        files.map(({ url }) => url),
        ["2022-04", "2022-05"].map(
          (month) => `data.binance.vision/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-${month}.zip`
        )
      )
      const tail = { from: now - day / 2, to: now - minute }
      const pages = yield* fetched(yield* source(), request(tail, { symbol: "BTC/USDT:USDT" }))
      assert.isTrue(Candles.equals(pages.candles, futures.candles(tail)))
      const paths = (yield* (yield* Emulator).requests).map(({ path }) => path)
      assert.isFalse(paths.some((path) => path.startsWith("/api/v3")))
    }).pipe(Effect.provide(both))
  )

  it.live("that Binance does not have are told so", () =>
    Effect.gen(function* () {
      for (const symbol of ["BTC/USD:BTC", "AAPL"]) {
        const { error } = yield* fetched(
          yield* source(),
          request(range, { symbol, assetClass: symbol === "AAPL" ? "equity" : "crypto" })
        )
        assert.strictEqual(error?.reason._tag, "Unsupported")
        assert.include(error?.message, "BTC/USDT:USDT")
      }
      const { error } = yield* fetched(yield* source(), request(range, { symbol: "NOPE/USDT" }))
      assert.strictEqual(error?.reason._tag, "NotListed")
    }).pipe(Effect.provide(both))
  )

  it.live("list what trades, with the turnover of a day", () =>
    Effect.gen(function* () {
      const listed = yield* (yield* source()).instruments!
      assert.deepStrictEqual(
        listed.map(({ active, quote, sourceSymbol, symbol }) => ({ active, quote, sourceSymbol, symbol })),
        [
          { active: true, quote: "USDT", sourceSymbol: "BTCUSDT", symbol: "BTC/USDT" },
          { active: true, quote: "USDT", sourceSymbol: "BTCUSDT", symbol: "BTC/USDT:USDT" }
        ]
      )
      assert.isTrue(listed.every(({ turnover }) => turnover! > 0))
    }).pipe(Effect.provide(both))
  )
})
