import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Database, fresh, onEvery } from "./databases.ts"
import { assertForPeople, backfill, complaint, put, seconds } from "./refusal.ts"
import { contents, folder, parse, type ReportJson, run } from "./tidemark.ts"

const header = "date,open,high,low,close,volume"
const good = ["2024-01-02,10,12,9,11,1000", "2024-01-03,11,13,10,12,1100", "2024-01-04,12,14,11,13,1200"]
const csv = (...rows: ReadonlyArray<string>) => `${[header, ...rows].join("\n")}\n`

/** Rows of `market_data`, 0 where there is no schema. */
const storedRows = Effect.fnUntraced(function* (database: Database) {
  if (!(yield* database.hasSchema)) return 0
  const [row] = yield* database.select("SELECT count(*)::INTEGER AS candles FROM market_data")
  return row?.["candles"]
})

const ofFile = backfill("--symbols=AAPL", "--timeframes=1d", "--source=file:bad.csv")

onEvery("a CSV file that cannot be trusted stores nothing, and the message names", (it) => {
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
    const { cwd, database, options } = yield* fresh()
    yield* put(cwd, { "bad.csv": text })
    const ended = yield* run([...ofFile, ...range], options)
    assert.strictEqual(ended.code, 1, JSON.stringify(ended))
    // Said once: by a message, or where a report came out, in the report.
    const said = complaint(ended)
    const heard = said.length === 0 ? ended.stdout : ended.stderr
    assert.isAtMost(said.length, 1, ended.stderr)
    for (const part of ["bad.csv", "nothing of it was stored", ...says]) assert.include(heard, part)
    assertForPeople(heard)
    assert.strictEqual(yield* storedRows(database), 0)
  })
  for (const [name, text, says] of cases) {
    it.effect(name, () => refused(text, says), seconds)
  }

  it.effect(
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

  it.effect(
    "a file that is not there",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        const ended = yield* run(ofFile, options)
        assert.strictEqual(ended.code, 1)
        for (const part of ["bad.csv", "--source file:PATH"]) assert.include(ended.stdout, part)
        assertForPeople(ended.stdout)
        assert.strictEqual(yield* storedRows(database), 0)
      }),
    seconds
  )
})

onEvery("one bad file among several", (it) => {
  for (const range of [[], ["--start=2024-01-01", "--end=2024-01-05"]]) {
    it.effect(
      `does not keep the others from being stored (${range.length === 0 ? "everything asked" : "a range asked"})`,
      () =>
        Effect.gen(function* () {
          const { cwd, options } = yield* fresh()
          yield* put(cwd, { "h/AAPL.csv": csv(...good), "h/SPY.csv": csv(...good, "2024-01-05,12,abc,11,13,1200") })
          const ended = yield* run(
            [...backfill("--symbols=SPY,AAPL", "--timeframes=1d", "--source=file:h/{symbol}.csv", "--json"), ...range],
            options
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

const env = { DATABASE_URL: "duckdb:./x.duckdb" }
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
