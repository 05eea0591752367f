import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { select } from "./database.ts"
import { assertForPeople, assertRefused, backfill, complaint, put, refuses, seconds } from "./refusal.ts"
import { contents, folder, parse, type ReportJson, run } from "./tidemark.ts"

const header = "date,open,high,low,close,volume"
const good = ["2024-01-02,10,12,9,11,1000", "2024-01-03,11,13,10,12,1100", "2024-01-04,12,14,11,13,1200"]
const csv = (...rows: ReadonlyArray<string>) => `${[header, ...rows].join("\n")}\n`

/** Rows of `market_data`, 0 where there is no database. */
const storedRows = Effect.fnUntraced(function* (cwd: string) {
  const files = yield* contents(cwd)
  if (files["x.duckdb"] === undefined) return 0
  const [row] = yield* select(join(cwd, "x.duckdb"), "SELECT count(*)::INTEGER AS candles FROM market_data")
  return row?.["candles"]
})

const env = { DATABASE_URL: "duckdb:./x.duckdb" }
const ofFile = backfill("--symbols=AAPL", "--timeframes=1d", "--source=file:bad.csv")

describe("a CSV file that cannot be trusted stores nothing, and the message names", { concurrent: true }, () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, says: ReadonlyArray<string>]> = [
    [
      "the missing column",
      "date,open,high,low,close\n2024-01-02,10,12,9,11\n",
      ["no column for volume", "date, open, high, low, close", "tidemark.json"]
    ],
    ["the row with text for a price", csv(...good, "2024-01-05,12,abc,11,13,1200"), ["row 4", '"high"', '"abc"']],
    ["the row with an empty price", csv(...good, "2024-01-05,12,14,11,,1200"), ["row 4", '"close"', "empty"]],
    ["the negative volume", csv(...good, "2024-01-05,12,14,11,13,-5"), ["row 4", "negative volume -5"]],
    ["the high below the low", csv(...good, "2024-01-05,12,9,11,13,5"), ["row 4", "high 9 below", "low 11"]],
    ["the low above the open", csv(...good, "2024-01-05,12,14,13,13,5"), ["row 4", "low 13 above", "open 12"]],
    ["the time that comes twice", csv(...good, "2024-01-03,11,13,10,12,1100"), ["2 rows", "2024-01-03", "keep one"]],
    ["the time that cannot be read", csv(...good, "soon,12,14,11,13,1200"), ["row 4", '"date"', '"soon"']],
    ["the date that does not exist", csv(...good, "2024-02-30,12,14,11,13,1200"), ["row 4", '"2024-02-30"']],
    ["a file of a header only", csv(), ["no rows"]],
    ["an empty file", "", []]
  ]
  const refused = Effect.fnUntraced(function* (
    text: string,
    says: ReadonlyArray<string>,
    ...range: ReadonlyArray<string>
  ) {
    const cwd = yield* folder
    yield* put(cwd, { "bad.csv": text })
    const ended = yield* run([...ofFile, ...range], { cwd, env })
    assert.strictEqual(ended.code, 1, JSON.stringify(ended))
    // Said once: by a message, or where a report came out, in the report.
    const said = complaint(ended)
    const heard = said.length === 0 ? ended.stdout : ended.stderr
    assert.isAtMost(said.length, 1, ended.stderr)
    for (const part of ["bad.csv", "nothing of it was stored", ...says]) assert.include(heard, part)
    assertForPeople(heard)
    assert.strictEqual(yield* storedRows(cwd), 0)
  })
  for (const [name, text, says] of cases) {
    it.live(name, () => refused(text, says), seconds)
  }

  it.live(
    "the row, also where a range is asked that ends before it",
    () =>
      refused(
        csv(...good, "2024-01-05,12,abc,11,13,1200"),
        ["row 4", '"high"', '"abc"'],
        "--start=2024-01-01",
        "--end=2024-01-04"
      ),
    seconds
  )

  it.live(
    "a file that is not there",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const ended = yield* run(ofFile, { cwd, env })
        assert.strictEqual(ended.code, 1)
        for (const part of ["bad.csv", "--source file:PATH"]) assert.include(ended.stdout, part)
        assertForPeople(ended.stdout)
        assert.strictEqual(yield* storedRows(cwd), 0)
      }),
    seconds
  )
})

describe("one bad file among several", { concurrent: true }, () => {
  for (const range of [[], ["--start=2024-01-01", "--end=2024-01-05"]]) {
    it.live(
      `does not keep the others from being stored (${range.length === 0 ? "everything asked" : "a range asked"})`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          yield* put(cwd, { "h/AAPL.csv": csv(...good), "h/SPY.csv": csv(...good, "2024-01-05,12,abc,11,13,1200") })
          const ended = yield* run(
            [...backfill("--symbols=SPY,AAPL", "--timeframes=1d", "--source=file:h/{symbol}.csv", "--json"), ...range],
            { cwd, env }
          )
          assert.strictEqual(ended.code, 1, JSON.stringify(ended))
          const report = parse<ReportJson>(ended)
          assert.deepStrictEqual(
            report.series.map(({ inserted, status, symbol }) => ({ inserted, status, symbol })),
            [
              { inserted: 0, status: "failed", symbol: "SPY" },
              { inserted: 3, status: "complete", symbol: "AAPL" }
            ]
          )
          assert.include(String(report.errors[0]?.["message"]), '"abc"')
        }),
      seconds
    )
  }
})

const synthetic = backfill("--symbols=BTC/USDT", "--timeframes=1d", "--source=synthetic", "--days=3")

describe("results that cannot be written", { concurrent: true }, () => {
  for (const [name, path] of [
    ["a missing folder", "missing/results.json"],
    ["a folder in its place", "taken"]
  ] as const) {
    it.live(
      `${name}: the report is printed all the same, the message names the file, and no scraps are left`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          yield* Effect.promise(() => mkdir(join(cwd, "taken")))
          const ended = yield* run([...synthetic, "--json", "--results", path], { cwd, env })
          assert.strictEqual(ended.code, 2, JSON.stringify(ended))
          assert.strictEqual(parse<ReportJson>(ended).summary["complete"], 1)
          assert.strictEqual(complaint(ended).length, 1)
          assert.include(ended.stderr, `could not be written to ${path}`)
          assert.deepStrictEqual(Object.keys(yield* contents(cwd)).sort(), ["taken", "x.duckdb"])
          assertForPeople(ended.stderr)
        }),
      seconds
    )
  }
})

describe("a query that may not be", { concurrent: true }, () => {
  const cases: ReadonlyArray<readonly [name: string, sql: string, says: ReadonlyArray<string>]> = [
    ["to drop a table", "DROP TABLE candles", ["read-only"]],
    ["to delete rows", "DELETE FROM candles", ["read-only"]],
    ["to change rows", "UPDATE candles SET close = 0", ["read-only"]],
    ["to leave the transaction and write", "COMMIT; DROP TABLE candles", ["read-only"]],
    ["to write behind a first statement", "SELECT 1; DELETE FROM candles", ["read-only"]],
    ["to write a file", "COPY (SELECT 1 AS one) TO 'made.csv'", []],
    ["to make another database", "ATTACH 'made.duckdb'", []],
    ["with an error in its syntax", "SELEC 1", ['syntax error at or near "SELEC"']],
    ["of a table that is not there", "SELECT * FROM nothing_like_it", ["nothing_like_it"]],
    ["of nothing", "", []]
  ]
  let template = ""
  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), "tidemark-cli-"))
    await Effect.runPromise(run(synthetic, { cwd: template, env }))
  }, seconds)
  afterAll(() => rm(template, { recursive: true, force: true }))

  for (const [name, sql, says] of cases) {
    it.live(
      `${name} is refused and changes nothing`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          yield* Effect.promise(() => copyFile(join(template, "x.duckdb"), join(cwd, "x.duckdb")))
          const before = yield* contents(cwd)
          const ended = yield* run(["query", sql], { cwd, env })
          assert.deepStrictEqual(yield* contents(cwd), before)
          assert.include([1, 2], ended.code, JSON.stringify(ended))
          for (const part of says) assert.include(ended.stderr, part)
          assert.strictEqual(complaint(ended).length, 1, ended.stderr)
          assert.strictEqual(ended.stdout, "")
          assertForPeople(ended.stderr)
        }),
      seconds
    )
  }
})

describe("a wrong list of symbols", { concurrent: true }, () => {
  const symbolForm = "BTC/USDT, AAPL, ^GSPC or EUR/USD"
  refuses([
    {
      name: "adding what cannot be a symbol",
      args: ["symbols", "add", "b!d"],
      code: 2,
      says: ['"b!d" cannot be added', symbolForm]
    },
    {
      name: "adding a share without a source",
      args: ["symbols", "add", "MSFT"],
      code: 2,
      says: ["MSFT: name its sources", "--sources file:", "tidemark sources list"]
    },
    {
      name: "adding a source that there is not",
      args: ["symbols", "add", "SOL/USDT", "--sources", "binanse"],
      code: 2,
      says: ['no source "binanse"', "binance, file, synthetic"]
    },
    {
      name: "a day of listing that is none",
      args: ["symbols", "add", "SOL/USDT", "--listed", "soon"],
      code: 2,
      says: ['SOL/USDT: "soon" is no date for listed', "YYYY-MM-DD"]
    },
    {
      name: "importing a text with one bad line imports none of it",
      args: ["symbols", "import", "list.txt"],
      files: { "list.txt": "SOL/USDT # fine\nb!d\nADA/USDT\n" },
      code: 2,
      says: ["list.txt, entry 2", "nothing was imported", symbolForm]
    },
    {
      name: "importing JSON with an unknown field imports none of it",
      args: ["symbols", "import", "list.json"],
      files: { "list.json": '[{"symbol": "SOL/USDT"}, {"symbol": "ADA/USDT", "clendar": "24/7"}]' },
      code: 2,
      says: ["list.json, entry 2", "nothing was imported", "clendar"]
    },
    {
      name: "importing what is no JSON",
      args: ["symbols", "import", "list.json"],
      files: { "list.json": "[1" },
      code: 2,
      says: ["list.json is not JSON"]
    },
    {
      name: "importing nothing",
      args: ["symbols", "import", "list.txt"],
      files: { "list.txt": "# later\n" },
      code: 2,
      says: ["list.txt has no symbols; nothing was imported"]
    },
    {
      name: "importing a file that is not there",
      args: ["symbols", "import", "list.txt"],
      code: 2,
      says: ["Cannot read list.txt"]
    },
    {
      name: "removing a symbol that is not there",
      args: ["symbols", "remove", "NOPE"],
      code: 2,
      says: ["NOPE is not on your list; nothing was removed", "tidemark symbols list"]
    }
  ])

  it.live(
    "removing two of which one is not there removes none",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        yield* run(["symbols", "add", "SOL/USDT"], { cwd, env })
        const ended = yield* run(["symbols", "remove", "SOL/USDT", "NOPE"], { cwd, env })
        assertRefused(ended, 2, ["NOPE is not on your list; nothing was removed"])
        const list = parse<{ readonly symbols: ReadonlyArray<unknown> }>(
          yield* run(["symbols", "list", "--json"], { cwd, env })
        )
        assert.lengthOf(list.symbols, 1)
      }),
    seconds
  )
})
