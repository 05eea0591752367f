/** Rows that another tool has written into the table are never taken for history: told, taken out, kept aside. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { parse, provider, query, type Row, run } from "./tidemark.ts"

/** A dozen processes a test, on a machine that may be busy. */
const seconds = 180_000
const range = ["--timeframes=1h", "--source=binance", "--start=2024-01-01", "--end=2024-01-05"]

const world = Effect.fnUntraced(function* (without: ReadonlyArray<number> = []) {
  const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTCUSDT", rows: 96, without })] })
  const { cwd, database } = yield* fresh()
  const env = { DATABASE_URL: database.url, BINANCE_BASE_URL: emulator.url }
  const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env })
  const ask = (sql: string) => query(sql, { cwd, env })
  yield* tidemark("backfill", "--symbols=BTC/USDT", ...range)
  return { ask, database, emulator, tidemark }
})

/** What the printed command says, as arguments. */
const commandIn = (text: string): ReadonlyArray<string> => {
  const [, line] = /: tidemark (backfill .*)$/m.exec(text)!
  return line!.split(" ")
}

const copyTo = (to: string) => `INSERT INTO candles SELECT series_id, TIMESTAMP '${to}', open, high, low, close, volume,
  quote_volume, trades, ingested_at FROM candles WHERE open_time = TIMESTAMP '2024-01-03 00:00:00'`
const move = (from: string, to: string) =>
  `UPDATE candles SET open_time = TIMESTAMP '${to}' WHERE open_time = TIMESTAMP '${from}'`
const history = "SELECT timestamp, open, high, low, close, volume FROM market_data ORDER BY timestamp"
const emptyRuns =
  "SELECT from_ms, to_ms, confirmations, first_ms, last_ms FROM coverage WHERE evidence = 'verified-empty'"
const strays = "SELECT CAST(open_time AS VARCHAR) AS opens FROM stray_candles ORDER BY open_time"

onEvery("rows that no source put there", (it) => {
  const cases: ReadonlyArray<readonly [name: string, statement: string, opens: string, says: RegExp]> = [
    ["after the end", copyTo("2024-01-07 00:00:00"), "2024-01-07 00:00:00", /put there \(2024-01-07T00:00Z\)/],
    ["far in the future", copyTo("2150-01-01 00:00:00"), "2150-01-01 00:00:00", /put there \(2150-01-01T00:00Z\)/],
    ["in a known hole", copyTo("2024-01-02 17:00:00"), "2024-01-02 17:00:00", /put there \(2024-01-02T17:00Z\)/],
    ["between two candles", copyTo("2024-01-03 10:00:30"), "2024-01-03 10:00:30", /put there \(2024-01-03T10:00:30Z\)/],
    [
      "instead of another",
      move("2024-01-03 10:00:00", "2024-01-03 10:00:30"),
      "2024-01-03 10:00:30",
      /2024-01-03T10:00Z → 2024-01-03T11:00Z: the rows are not what was stored; mend them: tidemark/
    ],
    [
      "into a hole, while another is gone",
      move("2024-01-03 10:00:00", "2024-01-02 17:00:00"),
      "2024-01-02 17:00:00",
      /2024-01-03T10:00Z → 2024-01-03T11:00Z: the rows are not what was stored; mend them: tidemark/
    ]
  ]
  for (const [name, statement, opens, says] of cases) {
    it.effect(
      `${name}: verify tells, its command takes them out, and what is left is the history as it was`,
      () =>
        Effect.gen(function* () {
          const { ask, database, tidemark } = yield* world([40, 41, 42])
          const before = yield* ask(history)
          const holes = yield* ask(emptyRuns)
          yield* database.execute(statement)
          const found = yield* tidemark("verify")
          assert.strictEqual(found.code, 3)
          assert.match(found.stdout, says)
          // Nothing of it is given out; where it does not reach, all is as it was.
          const inside = !name.endsWith("the end") && !name.endsWith("the future")
          const exported = yield* tidemark("export", "--allow-gaps")
          assert.deepStrictEqual([exported.code, exported.stdout === ""], inside ? [1, true] : [0, false])
          if (inside) {
            assert.include(exported.stderr, "something else has changed the table, and none of the range is given out")
            assert.deepStrictEqual(commandIn(exported.stderr), commandIn(found.stdout))
          }
          const elsewhere = ["--start=2024-01-03T12:00Z", "--end=2024-01-04", "--out=elsewhere.parquet"]
          assert.strictEqual((yield* tidemark("export", ...elsewhere)).code, 0)
          const command = commandIn(found.stdout)
          const mended = yield* tidemark(...command)
          assert.include(mended.stdout, "that no answer of binance accounts for")
          assert.include(mended.stdout, "stray_candles")
          assert.deepStrictEqual(yield* ask(history), before)
          // What was not asked for again has the evidence that it had.
          if (!command.includes("--force")) assert.deepStrictEqual(yield* ask(emptyRuns), holes)
          assert.deepStrictEqual(yield* ask(strays), [{ opens }])
          const after = yield* tidemark("verify", "--json")
          const [one] = parse<{ readonly series: ReadonlyArray<Row> }>(after).series
          assert.deepStrictEqual([one!["damaged"], one!["stray"]], [[], []])
        }),
      seconds
    )
  }

  it.effect(
    "are seen by their number wherever a series is listed, with the command that looks at them",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world()
        const commands = [["coverage"], ["gaps", "list"], ["status"], ["quality", "check"]]
        for (const command of commands) {
          assert.strictEqual((yield* tidemark(...command)).stderr, "", command.join(" "))
        }
        yield* database.execute(copyTo("2024-01-07 00:00:00"))
        for (const command of commands) {
          const listed = yield* tidemark(...command, "--json")
          assert.strictEqual(
            listed.stderr.trim(),
            "tidemark: binance BTC/USDT 1h: the table has 97 rows where 96 were stored: something else has changed it; " +
              "look: tidemark verify --symbols BTC/USDT --timeframes 1h --source binance",
            command.join(" ")
          )
        }
        const [row] = parse<ReadonlyArray<Row>>(yield* tidemark("coverage", "--json"))
        assert.deepInclude(row, { candles: 97, recorded: 96 })
        const { details } = parse<{ readonly details: ReadonlyArray<Row> }>(yield* tidemark("status", "--json"))
        assert.deepInclude(details[0], { candles: 97, recorded: 96 })
      }),
    seconds
  )

  it.effect(
    "are no reason to leave a series out: nothing is given out where all rows are gone",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world()
        yield* database.execute("DELETE FROM candles")
        const exported = yield* tidemark("export", "--allow-gaps")
        assert.deepStrictEqual([exported.code, exported.stdout], [1, ""])
        assert.include(
          exported.stderr,
          "candles that were stored are gone or changed (2024-01-01T00:00Z → 2024-01-05T00:00Z)"
        )
      }),
    seconds
  )
})
