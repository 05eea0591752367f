import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Instant, OptionChain, type SourceError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import * as ContractTable from "@tidemark/source-file/ContractTable"
import * as OptionFile from "@tidemark/source-file/OptionFile"
import { Effect, Result, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterAll } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "tidemark-options-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const write = (content: string | Uint8Array, extension = "csv"): string => {
  const path = join(folder, `${files++}.${extension}`)
  writeFileSync(path, content)
  return path
}

const calendar = Calendars.get("XNYS")
const at = Date.parse("2024-06-18T20:00:00Z")
const read = (content: string, options: Partial<OptionFile.Options> = {}) =>
  OptionFile.read(write(content), { symbol: content.includes("RUTW") ? "^RUT" : "SPY", calendar, ...options })

const refusal = <A>(effect: Effect.Effect<A, SourceError.SourceError>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

const quotedata = (date: string, ...lines: ReadonlyArray<string>) =>
  `
Livevol Forward Russell 2000 Index,Last: 1817.4937,Change:  19.8837
"Date: ${date}",Bid: 0,Ask: 0,Size: 0*0,Volume: 0
Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest
${lines.join("\n")}
`
const line =
  "Mon Dec 12 2022,RUTW221212C01815000,4.3,0.65,0,10,542,0.1971,0.5,0.0002,105,1815.00,RUTW221212P01815000,0.42,-17.93,0,0.05,110,0.3235,-0.5,0.0003,17"

describe("a quotedata file", () => {
  it.live("of another underlying is refused, and one that says to be of another day than --at", () =>
    Effect.gen(function* () {
      const file = quotedata("December 12, 2022 at 8:30 PM EST", line)
      assert.include(yield* refusal(read(file, { symbol: "SPY", calendar })), "its contracts are named RUTW")
      const wrong = yield* refusal(read(file, { symbol: "^RUT", at: Date.parse("2022-12-01") }))
      assert.include(wrong, "it says to be of 2022-12-13T01:30Z")
      const near = yield* read(file, { symbol: "^RUT", at: Date.parse("2022-12-12T21:00Z") })
      assert.strictEqual(near.at, Date.parse("2022-12-12T21:00Z"))
    })
  )

  it.live("has a call and a put on each line", () =>
    Effect.gen(function* () {
      const path = write(quotedata("December 12, 2022 at 8:30 PM EST", line))
      const chain = yield* OptionFile.read(path, { symbol: "^RUT", calendar })
      const { contracts } = chain
      assert.deepStrictEqual(
        { ...chain, contracts: undefined },
        {
          symbol: "^RUT",
          source: "file",
          at: Date.parse("2022-12-13T01:30:00Z"),
          spot: 1817.4937,
          provenance: "observed",
          contracts: undefined,
          unreadable: []
        }
      )
      const expiry = Date.parse("2022-12-12") / 86_400_000
      const expected: OptionChain.Contracts = {
        root: ["RUTW", "RUTW"],
        expiry: Float64Array.of(expiry, expiry),
        strike: Float64Array.of(1815, 1815),
        isCall: Uint8Array.of(1, 0),
        bid: Float64Array.of(0, 0),
        ask: Float64Array.of(10, 0.05),
        last: Float64Array.of(4.3, 0.42),
        volume: Float64Array.of(542, 110),
        openInterest: Float64Array.of(105, 17),
        impliedVolatility: Float64Array.of(0.1971, 0.3235),
        delta: Float64Array.of(0.5, -0.5),
        gamma: Float64Array.of(0.0002, 0.0003),
        multiplier: Float64Array.of(100, 100)
      }
      assert.deepStrictEqual(contracts, expected)
    })
  )

  const times: Readonly<Record<string, string>> = {
    "December 12, 2022 at 8:30 PM EST": "2022-12-13T01:30Z",
    "June 12, 2022 at 8:30 AM EDT": "2022-06-12T12:30Z",
    "Jun 12 2022 @ 12:05 PM ET": "2022-06-12T16:05Z",
    "Dec 12 2022 @ 12:05 AM ET": "2022-12-12T05:05Z",
    "December 12, 2022 at 15:30 CST": "2022-12-12T21:30Z"
  }
  for (const [text, expected] of Object.entries(times))
    it.live(`of ${text} is of ${expected}`, () =>
      Effect.map(read(quotedata(text, line)), (chain) => assert.strictEqual(Instant.format(chain.at), expected))
    )

  it.live("is of another moment and price where that is said", () =>
    Effect.gen(function* () {
      const close = Date.parse("2022-12-12T21:00:00Z")
      const chain = yield* read(quotedata("December 12, 2022 at 8:30 PM EST", line), { at: close, spot: 1800 })
      assert.strictEqual(chain.at, close)
      assert.strictEqual(chain.spot, 1800)
    })
  )

  it.live("keeps account of every line", () =>
    Effect.gen(function* () {
      const chain = yield* read(
        quotedata(
          "December 12, 2022 at 8:30 PM EST",
          line,
          line.replaceAll("1815", "1820").replace("RUTW221212P01820000", "RUTW221212P01825000"),
          line.replace("1815.00", "1816.00"),
          line.replaceAll("1815", "1830").replace("0.3235", "abc"),
          "Mon Dec 12 2022,RUTW221212C0181",
          line.replace("Mon Dec 12 2022", "someday"),
          line.replace("RUTW221212P01815000", ""),
          line.replace("RUTW221212P", "RUT221212P")
        )
      )
      assert.strictEqual(OptionChain.length(chain.contracts), 5)
      assert.deepStrictEqual(chain.unreadable, [
        "line 6, put: RUTW221212P01825000 does not belong to strike 1820.00 of Mon Dec 12 2022",
        "line 7, call: RUTW221212C01815000 does not belong to strike 1816.00 of Mon Dec 12 2022",
        "line 7, put: RUTW221212P01815000 does not belong to strike 1816.00 of Mon Dec 12 2022",
        'line 8, put has no number as impliedVolatility: "abc"',
        "line 9, call: it has 2 cells instead of 22",
        "line 9, put: it has 2 cells instead of 22",
        "line 10, call: RUTW221212C01815000 does not belong to strike 1815.00 of someday",
        "line 10, put: RUTW221212P01815000 does not belong to strike 1815.00 of someday",
        "line 11, call is RUTW221212C01815000 once more",
        'line 11, put: "" is no name of a contract',
        "line 12, call is RUTW221212C01815000 once more"
      ])
    })
  )

  it.live("may be gzipped, and is refused where its end is missing", () =>
    Effect.gen(function* () {
      // More than what it is told by, and hard to compress.
      const many = Array.from({ length: 4_000 }, (_, i) =>
        line.replaceAll("1815", String(2000 + i)).replace("0.1971", String(Math.abs(Math.sin(i))))
      )
      const file = quotedata("December 12, 2022 at 8:30 PM EST", ...many)
      const zipped = gzipSync(file)
      assert.isAbove(zipped.length - 1_000, 65_536)
      const options = { symbol: "^RUT", calendar }
      const whole = yield* OptionFile.read(write(zipped, "csv.gz"), options)
      assert.deepStrictEqual(whole, yield* OptionFile.read(write(file), options))
      assert.strictEqual(OptionChain.length(whole.contracts), 8_000)
      const part = write(zipped.subarray(0, zipped.length - 1_000), "csv.gz")
      assert.match(yield* refusal(OptionFile.read(part, options)), /it is Z_BUF_ERROR/)
    })
  )

  it.live("without a date wants to be told one", () =>
    Effect.gen(function* () {
      assert.match(yield* refusal(read(quotedata("some time", line))), /\.csv: it does not say of which moment.*--at/)
    })
  )
})

const header =
  "expiration,strike,option_type,bid,ask,last,volume,open_interest,implied_volatility,delta,gamma,root,multiplier"
const rows = [
  "2024-06-21,545,call,3.1,3.2,3.15,1200,8000,0.11,0.52,0.03,SPY,100",
  "2024-06-21,545.5,P,2.9,3.0,,,7000,0.00001,-0.48,0.03,SPY1,10"
]

describe("a table of contracts", () => {
  it.live("is read by the names of its columns", () =>
    Effect.gen(function* () {
      const chain = yield* read([header, ...rows].join("\n"), { at, spot: 545.25 })
      const expiry = Date.parse("2024-06-21") / 86_400_000
      assert.strictEqual(chain.at, at)
      assert.strictEqual(chain.spot, 545.25)
      assert.deepStrictEqual(chain.contracts, {
        root: ["SPY", "SPY1"],
        expiry: Float64Array.of(expiry, expiry),
        strike: Float64Array.of(545, 545.5),
        isCall: Uint8Array.of(1, 0),
        bid: Float64Array.of(3.1, 2.9),
        ask: Float64Array.of(3.2, 3),
        last: Float64Array.of(3.15, Number.NaN),
        volume: Float64Array.of(1200, Number.NaN),
        openInterest: Float64Array.of(8000, 7000),
        impliedVolatility: Float64Array.of(0.11, 0.00001),
        delta: Float64Array.of(0.52, -0.48),
        gamma: Float64Array.of(0.03, 0.03),
        multiplier: Float64Array.of(100, 10)
      } satisfies OptionChain.Contracts)
    })
  )

  it.live("may be Parquet with columns of types, or gzipped CSV, and says the same", () =>
    Effect.gen(function* () {
      const csv = write([header, ...rows].join("\n"))
      const parquet = join(folder, "chain.parquet")
      const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(Effect.provide(Reactivity.layer))
      yield* sql`COPY (SELECT * FROM read_csv(${csv})) TO ${sql.literal(`'${parquet}'`)} (FORMAT parquet)`
      const options = { symbol: "SPY", calendar, at }
      const expected = yield* OptionFile.read(csv, options)
      assert.deepStrictEqual(yield* OptionFile.read(parquet, options), expected)
      const zipped = write(gzipSync([header, ...rows].join("\n")), "csv.gz")
      assert.deepStrictEqual(yield* OptionFile.read(zipped, options), expected)
    })
  )

  const expiries = ["2024-06-21", "20240621", "06/21/2024", "Fri Jun 21 2024", "2024-06-21 00:00:00", "1718928000"]
  for (const text of expiries)
    it.live(`knows the expiration ${text}`, () =>
      Effect.map(read(`expiry,strike,right\n${text},545,C`, { at }), (chain) =>
        assert.strictEqual(Instant.formatDate(chain.contracts.expiry[0]! * 86_400_000), "2024-06-21")
      )
    )

  it.live("may name its contracts instead, and then its columns must say the same", () =>
    Effect.gen(function* () {
      const chain = yield* read(
        `contractSymbol,strike,openInterest\nSPXW240621C05450000,5450,7\nO:SPY1240621P00545000,,8\nSPY240621C00545000,546,9\nnothing,545,1`,
        { at }
      )
      assert.deepStrictEqual(chain.contracts.root, ["SPY1"])
      assert.deepStrictEqual([...chain.contracts.strike], [545])
      assert.deepStrictEqual([...chain.contracts.openInterest], [8])
      assert.deepStrictEqual(chain.unreadable, [
        // Of another underlying: it must not be added to the exposure of this one.
        "row 1 is of SPXW, not of SPY",
        'row 3: its strike is "546", but its name is SPY240621C00545000',
        "row 4 has no expiry"
      ])
    })
  )

  it.live("keeps account of every row", () =>
    Effect.gen(function* () {
      const chain = yield* read(
        ["expiry,strike,type,bid", "2024-06-21,545,call,1", "2024-02-30,545,call,1", "2024-06-21,-5,put,1"]
          .concat("2024-06-21,x,put,1", "2024-06-21,545,warrant,1", "2024-06-21,545,put,cheap", ",545,put,1")
          .join("\n"),
        { at }
      )
      assert.strictEqual(OptionChain.length(chain.contracts), 1)
      assert.deepStrictEqual(chain.unreadable, [
        'row 2 has no expiry that can be read: "2024-02-30"',
        "row 3 has the strike -5",
        'row 4 has no strike that can be read: "x"',
        'row 5 has no type that can be read: "warrant"',
        'row 6 has no number as bid: "cheap"',
        "row 7 has no expiry"
      ])
    })
  )

  const moments =
    "quote_time,underlying,underlying_price,expiry,strike,type\n2024-06-18 20:00:00,SPY,545.5,2024-06-21,545,call\n" +
    "2024-06-18 14:00:00,SPY,544,2024-06-21,545,call\n2024-06-18 20:00:00,QQQ,480,2024-06-21,480,call\n"

  it.live("of several moments and underlyings is read for one of them", () =>
    Effect.gen(function* () {
      const chain = yield* read(moments, { at })
      assert.strictEqual(OptionChain.length(chain.contracts), 1)
      assert.strictEqual(chain.spot, 545.5)
      const alone = yield* read(moments, { symbol: "QQQ" })
      assert.strictEqual(alone.at, at)
      assert.strictEqual(alone.spot, 480)
      assert.match(yield* refusal(read(moments)), /holds 2 moments, .* 2024-06-18T14:00Z .*--at 2024-06-18T20:00Z/)
      assert.match(yield* refusal(read(moments, { symbol: "IWM" })), /options of SPY, QQQ in "underlying", not of IWM/)
    })
  )

  it.live("without a root is of the underlying's own, and SPX is the S&P 500 under any of its names", () =>
    Effect.gen(function* () {
      const spx = "underlying,expiry,strike,type\n$SPX,2024-06-21,5450,call\nQQQ,2024-06-21,480,call"
      const chain = yield* read(spx, { symbol: "^GSPC", at })
      assert.deepStrictEqual(chain.contracts.root, ["SPX"])
      assert.strictEqual(chain.symbol, "^GSPC")
    })
  )

  it.live("is of a moment that there was: neither before options were listed nor still to come", () =>
    Effect.gen(function* () {
      const content = [header, ...rows].join("\n")
      const past = Date.parse("1974-01-02T15:00Z")
      assert.strictEqual((yield* read(content, { at: past })).at, past)
      const refusedAt = (text: string) => refusal(read(content, { at: Date.parse(text) }))
      assert.match(yield* refusedAt("2099-01-01"), /by --at 2099-01-01.* which is still to come; say with --at/)
      assert.match(yield* refusedAt("2150-01-01"), /which is still to come; say with --at/)
      assert.match(yield* refusedAt("1850-01-01"), /options are listed since 1973-04-26; say with --at/)
      const timed = "timestamp,expiry,strike,type\n2090-06-18 20:00,2090-06-21,545,call"
      assert.match(yield* refusal(read(timed)), /\.csv: it says to be of 2090-06-18T20:00Z, which is still to come/)
    })
  )

  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    "without a time": ["expiry,strike,type\n2024-06-21,545,call", /does not say of which moment.*--at/],
    "without a needed column": ["expiry,price,bid\n2024-06-21,545,1", /no column strike, type \(its columns: expiry/],
    "without rows": ["timestamp,expiry,strike,type\n", /it has no rows|does not say/],
    "of which no row is a contract": [
      "timestamp,expiry,strike,type\n2024-06-18 20:00,,1,call\n2024-06-18 20:00,,1,put",
      /none of its rows is a contract: row 1 has no expiry; row 2 has no expiry/
    ],
    "that is none": ['{"a": [1, 2', /it has no column|cannot be read as CSV/]
  }
  for (const [name, [content, expected]] of Object.entries(refused))
    it.live(`${name} is refused`, () =>
      Effect.map(refusal(read(content)), (message) => assert.match(message, expected))
    )

  it.live("that is not there is said to be so", () =>
    Effect.map(refusal(OptionFile.read(join(folder, "none.csv"), { symbol: "SPY", calendar })), (message) =>
      assert.match(message, /none\.csv: there is no such file/)
    )
  )
})

/** Of each moment that a file is opened for: when it is of, its price, its strikes and what is no contract, or why it is none. */
const told = (path: string, options: Partial<OptionFile.Options> = {}) =>
  Effect.gen(function* () {
    const { chains, moments, unplaced } = yield* OptionFile.open(path, { symbol: "SPY", calendar, ...options })
    const all = yield* Stream.runCollect(chains)
    assert.deepStrictEqual(
      all.map((moment) => moment.at),
      moments
    )
    return {
      chains: all.map(({ at, chain }) =>
        Result.match(chain, {
          onFailure: ({ message }) => [Instant.format(at), message],
          onSuccess: ({ contracts, spot, unreadable }) => [
            Instant.format(at),
            spot,
            [...contracts.strike],
            ...unreadable
          ]
        })
      ),
      unplaced
    }
  }).pipe(Effect.scoped)

describe("a day without a time", () => {
  it.each([
    ["2024-06-14", "XNYS", "2024-06-14T20:00Z"],
    ["20240614", "XNYS", "2024-06-14T20:00Z"],
    ["06/14/2024", "XNYS", "2024-06-14T20:00Z"],
    ["2024.06.14 00:00:00.000000", "XNYS", "2024-06-14T20:00Z"],
    ["1718323200", "XNYS", "2024-06-14T20:00Z"],
    ["2024-07-03", "XNYS", "2024-07-03T17:00Z"],
    ["2024-06-15", "XNYS", "2024-06-16T00:00Z"],
    ["2024-06-14", "24/7", "2024-06-15T00:00Z"],
    // These say a time.
    ["2024-06-14 00:00", "24/7", "2024-06-14T00:00Z"],
    ["2024-06-14T00:00:00Z", "XNYS", "2024-06-14T00:00Z"],
    ["2024-06-14T00:00:00+00", "XNYS", "2024-06-14T00:00Z"],
    ["1800-06-14 00:00", "XNYS", "1800-06-14T00:00Z"],
    ["2024-06-14 00:01", "XNYS", "2024-06-14T00:01Z"],
    ["1718323260", "XNYS", "2024-06-14T00:01Z"]
  ] as const)("%s by %s is %s", (cell, id, expected) => {
    assert.strictEqual(Instant.format(ContractTable.instantOf(cell, Calendars.get(id))!), expected)
  })

  it.each(["", "soon", "99999999999999999999999"])("is not said by %j", (cell) => {
    assert.isUndefined(ContractTable.instantOf(cell, calendar))
  })

  it.live("in a column beside that of the times is refused: the two would be one day", () =>
    Effect.map(refusal(read("quote_date,time,expiry,strike,type\n2024-06-14,10:00,2024-06-21,540,call")), (message) =>
      assert.match(message, /the day in "quote_date" and the time in "time"; put both into one column/)
    )
  )

  it.live("is the close of its session, which a chain is of", () =>
    Effect.gen(function* () {
      const file = ["quote_date,expiry,strike,type", "2024-06-14,2024-06-21,540,call", "2024-06-17,2024-06-21,541,put"]
      assert.deepStrictEqual(
        (yield* told(write(file.join("\n")))).chains.map(([moment]) => moment),
        ["2024-06-14T20:00Z", "2024-06-17T20:00Z"]
      )
    })
  )
})

describe("a table of contracts", () => {
  const head = "expiry,strike,type"
  const many = [head, ...Array.from({ length: 20_000 }, (_, i) => `2024-06-21,${i + 1},call`)].join("\n")

  it.live("whose gzip is damaged is refused whole, wherever DuckDB would take what it can read", () =>
    Effect.gen(function* () {
      const zipped = gzipSync(many)
      const whole = yield* OptionFile.read(write(zipped, "csv.gz"), { symbol: "SPY", calendar, at })
      assert.strictEqual(OptionChain.length(whole.contracts), 20_000)
      const flipped = Buffer.from(zipped)
      flipped[zipped.length - 6]! ^= 1
      for (const damaged of [zipped.subarray(0, zipped.length - 4_000), zipped.subarray(0, -8), flipped]) {
        const message = yield* refusal(OptionFile.read(write(damaged, "csv.gz"), { symbol: "SPY", calendar, at }))
        assert.match(message, /it is (no whole gzip \()?Z_/)
      }
    })
  )

  it.live("takes away what a killed process has left, a day later", () =>
    Effect.gen(function* () {
      const [old, young] = ["old", "young"].map((name) => mkdtempSync(join(tmpdir(), `tidemark-file-${name}-`))) as [
        string,
        string
      ]
      const before = new Date(0)
      utimesSync(old, before, before)
      yield* read(`${head}\n2024-06-21,111,call`, { at })
      assert.deepStrictEqual([existsSync(old), existsSync(young)], [false, true])
      rmSync(young, { recursive: true })
    })
  )

  it.live("is the file that is named, whatever its name means in patterns", () =>
    Effect.gen(function* () {
      const [named, other] = [join(folder, "a[1].csv"), join(folder, "a1.csv")]
      writeFileSync(named, `${head}\n2024-06-21,111,call`)
      writeFileSync(other, `${head}\n2024-06-21,999,call`)
      const chain = yield* OptionFile.read(named, { symbol: "SPY", calendar, at })
      assert.deepStrictEqual([...chain.contracts.strike], [111])
    })
  )

  it.live("with row groups of a million rows is read", () =>
    Effect.gen(function* () {
      const parquet = join(folder, "groups.parquet")
      const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(Effect.provide(Reactivity.layer))
      yield* sql`COPY (SELECT DATE '2024-06-21' AS expiry, 1 + i / 16.0 AS strike, 'call' AS type, hash(i) / 1e9 AS bid,
          hash(i + 1) / 1e9 AS ask, hash(i + 2) / 1e9 AS last, hash(i + 3) / 1e9 AS volume, hash(i + 4) / 1e9 AS oi,
          CASE WHEN i < 3 THEN 'SPY' ELSE md5(i::VARCHAR) END AS root, hash(i + 5) / 1e9 AS delta, hash(i + 6) / 1e9 AS gamma,
          CASE WHEN i < 3 THEN 'SPY' ELSE 'QQQ' END AS underlying FROM range(1100000) t(i))
        TO ${sql.literal(`'${parquet}'`)} (FORMAT parquet, ROW_GROUP_SIZE 1048576)`
      const chain = yield* OptionFile.read(parquet, { symbol: "SPY", calendar, at })
      assert.strictEqual(chain.contracts.strike[0], 1)
    })
  )

  it.live("loses no row: not one that looks like a comment, nor one of nobody", () =>
    Effect.gen(function* () {
      const rows = ["underlying,expiry,strike,type", "SPY,2024-06-21,545,call", "#SPY,2024-06-21,546,call"]
      const two = yield* told(write([...rows, ",2024-06-21,547,call", "QQQ,2024-06-21,548,put"].join("\n")), { at })
      assert.deepStrictEqual(two.chains, [["2024-06-18T20:00Z", Number.NaN, [545]]])
      assert.deepStrictEqual(two.unplaced, { rows: 1, lines: ["row 3 names no underlying"] })
      const commented = [head, "#2024-06-21,546,call", "2024-06-21,545,call"].join("\n")
      const { unreadable } = yield* read(commented, { at })
      assert.deepStrictEqual(unreadable, ['row 1 has no expiry that can be read: "#2024-06-21"'])
    })
  )
})

describe("a table of several moments", () => {
  it.live("of one trade each is a table of trades, and refused", () =>
    Effect.gen(function* () {
      const trades = Array.from({ length: 11 }, (_, i) => `2024-06-14 15:${10 + i},2024-06-21,${500 + i},call`)
      const message = yield* refusal(told(write(["time,expiry,strike,type", ...trades].join("\n"))))
      assert.match(message, /holds 11 moments in "time", .* of 11 rows: .* take that column out, and say with --at/)
    })
  )

  const columns = "timestamp,underlying,spot,expiry,strike,type"
  const several = [
    columns,
    "2024-06-18 20:00,SPY,545.5,2024-06-21,545,call",
    "2024-06-14 20:00,SPY,542,2024-06-21,540,call",
    "2024-06-14 20:00,QQQ,480,2024-06-21,480,call",
    "2024-06-17 20:00,SPY,544,2024-06-21,541,put",
    "soon,SPY,500,2024-06-21,999,put",
    // Another way to write a moment that is there.
    "2024-06-18T16:00:00-04:00,$SPY,545.5,2024-06-21,546,call",
    "2024-06-17 20:00,SPY,544,2024-06-21,x,put",
    ",SPY,,2024-06-21,998,put",
    "2024-06-13 20:00,SPY,541,,540,call",
    "soon,QQQ,,2024-06-21,480,put",
    "2024-06-14 20:00,SPY,542,2024-06-21,539,put"
  ].join("\n")
  const chains = [
    ["2024-06-14T20:00Z", 542, [540, 539]],
    ["2024-06-17T20:00Z", 544, [541], 'row 7 has no strike that can be read: "x"'],
    ["2024-06-18T20:00Z", 545.5, [545, 546]]
  ]
  const unplaced = { rows: 2, lines: ['row 5 has no time that can be read: "soon"', "row 8 has no time"] }

  it.live("is a chain for each of them, ascending, of one underlying; rows without a time belong to none", () =>
    Effect.gen(function* () {
      const path = write(several)
      const all = yield* told(path)
      assert.match(String(all.chains[0]), /^2024-06-13T20:00Z,.*none of its rows is a contract: row 9 has no expiry/)
      assert.deepStrictEqual(all.chains.slice(1), chains)
      assert.deepStrictEqual(all.unplaced, unplaced)
      const other = yield* told(path, { symbol: "QQQ" })
      // Of this underlying there is one moment, and its row without a time is of that.
      assert.deepStrictEqual(other, {
        chains: [["2024-06-14T20:00Z", 480, [480, 480]]],
        unplaced: { rows: 0, lines: [] }
      })
    })
  )

  it.live("says the same as Parquet with columns of types", () =>
    Effect.gen(function* () {
      const csv = write([columns, ...several.split("\n").filter((row) => /^2024.*(call|,put)/.test(row))].join("\n"))
      const parquet = join(folder, "several.parquet")
      const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(Effect.provide(Reactivity.layer))
      yield* sql`COPY (SELECT * REPLACE (timestamp::TIMESTAMPTZ AS timestamp) FROM read_csv(${csv}))
        TO ${sql.literal(`'${parquet}'`)} (FORMAT parquet)`
      const expected = yield* told(csv)
      assert.lengthOf(expected.chains, 4)
      assert.strictEqual(JSON.stringify(yield* told(parquet)), JSON.stringify(expected).replaceAll(csv, parquet))
    })
  )

  it.live("is the same chain where it is chosen, and its other rows are told just so", () =>
    Effect.gen(function* () {
      const path = write(several)
      for (const chain of chains) {
        const chosen = yield* told(path, { at: Date.parse(chain[0] as string) })
        assert.deepStrictEqual(chosen, { chains: [chain], unplaced })
      }
      const priced = yield* told(path, { at, spot: 1 })
      assert.deepStrictEqual(priced.chains, [["2024-06-18T20:00Z", 1, [545, 546]]])
      const single = yield* refusal(OptionFile.read(path, { symbol: "SPY", calendar, at }))
      assert.match(single, /2 of its rows belong to none of its moments: row 5 has no time/)
    })
  )

  it.live("has no one price, no moment that is not in it, and none that is still to come", () =>
    Effect.gen(function* () {
      const path = write(several)
      assert.match(
        yield* refusal(told(path, { spot: 500 })),
        /holds 4 moments in "timestamp", from 2024-06-13T20:00Z to 2024-06-18T20:00Z, and --spot 500 cannot be .* column/
      )
      assert.match(
        yield* refusal(told(path, { at: Date.parse("2024-06-15") })),
        /none is of --at 2024-06-15T00:00Z; choose one of them/
      )
      const future = yield* told(write(several.replaceAll("2024-06-18 20:00", "2090-06-18 20:00")))
      assert.deepStrictEqual(future.chains.slice(1, 3), chains.slice(0, 2))
      assert.match(String(future.chains.at(-1)), /2090-06-18T20:00Z, which is still to come; correct it in "timestamp"/)
    })
  )

  it.live("names the first thousand rows without a time, and counts all", () =>
    Effect.gen(function* () {
      const without = Array.from({ length: 1_500 }, (_, i) => `t${i},SPY,1,2024-06-21,545,call`)
      const found = yield* told(write([several, ...without].join("\n")))
      assert.strictEqual(found.unplaced.rows, 1_502)
      assert.lengthOf(found.unplaced.lines, 1_000)
      assert.strictEqual(found.unplaced.lines.at(-1), 'row 1009 has no time that can be read: "t997"')
      assert.lengthOf(found.chains, 4)
    })
  )
})
