/** Corporate actions as users meet them: asked for, listed, applied when candles are read. */
import { execFile, execFileSync } from "node:child_process"
import { mkdir, readFile, readdir, readlink, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert } from "@effect/vitest"
import { CorporateAction } from "@tidemark/core"
import { Equity } from "@tidemark/emulator"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import { parse, provider, type ReportJson, type Row, run } from "./tidemark.ts"

const seconds = 120_000
const { Dividend, Split } = CorporateAction

/** A split and a dividend, the dates of which the synthetic prices do not know of. */
const apple = Equity.synthetic({
  symbol: "AAPL",
  actions: [
    new Split({ exDate: "2024-06-10", from: 1, to: 4 }),
    new Dividend({
      exDate: "2024-08-12",
      amount: 2.5,
      currency: "USD",
      declared: "2024-08-01",
      recorded: "2024-08-12",
      paid: "2024-08-15"
    })
  ]
})

const range = ["--start=2024-05-01", "--end=2024-10-01"]
const daily = ["--symbols=AAPL", "--timeframes=1d", "--source=polygon", ...range]

/** A new database, Massive on loopback, and the command over them. */
const world = Effect.fnUntraced(function* (equities: ReadonlyArray<Equity.Equity> = [apple]) {
  const emulator = yield* provider({ datasets: [], equities })
  const { cwd, database } = yield* fresh()
  const options = {
    cwd,
    env: {
      DATABASE_URL: database.url,
      POLYGON_BASE_URL: emulator.url,
      POLYGON_API_KEY: "a-key",
      POLYGON_PLAN: "paid",
      YAHOO_BASE_URL: "http://127.0.0.1:9"
    }
  }
  const tidemark = (...args: ReadonlyArray<string>) => run(args, options)
  return { cwd, database, emulator, options, tidemark }
})

/** The rows of a CSV, by column. */
const csv = (text: string): ReadonlyArray<Readonly<Record<string, string>>> => {
  const [head, ...lines] = text.trimEnd().split("\n")
  const names = head!.split(",")
  return lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [names[i]!, value])))
}

const closes = (rows: ReadonlyArray<Readonly<Record<string, string>>>) =>
  new Map(rows.map((row) => [row["timestamp"]!.slice(0, 10), Number(row["close"])]))

onEvery("corporate actions", (it) => {
  it.effect(
    "are asked for, kept and listed; asked again they are no news, and a changed one is told",
    () =>
      Effect.gen(function* () {
        const { database, tidemark } = yield* world()
        const first = yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=polygon", "--json")
        assert.strictEqual(first.code, 0, first.stderr)
        const [outcome] = parse<ReadonlyArray<Row>>(first)
        assert.deepInclude(outcome, {
          symbol: "AAPL",
          source: "polygon",
          told: 2,
          changed: [],
          removed: [],
          error: null
        })
        assert.lengthOf(outcome!["added"] as ReadonlyArray<unknown>, 2)

        const list = yield* tidemark("actions", "list", "--json")
        const listed = parse<ReadonlyArray<Row>>(list)
        assert.deepStrictEqual(
          listed.map(({ kind, ex_date, ratio_to, amount, pay_date }) => [kind, ex_date, ratio_to, amount, pay_date]),
          [
            ["split", "2024-06-10", 4, null, null],
            ["dividend", "2024-08-12", null, 2.5, "2024-08-15"]
          ]
        )
        const table = yield* tidemark("actions", "list", "--symbols=aapl", "--kinds=split")
        assert.match(table.stdout, /AAPL +2024-06-10 +split +4 for 1 +polygon/)
        assert.notInclude(table.stdout, "dividend")
        const none = yield* tidemark("actions", "list", "--start=2024-07-01", "--end=2024-08-12")
        assert.include(none.stdout, "tidemark actions fetch")

        yield* database.execute("UPDATE corporate_actions SET amount = 9 WHERE kind = 'dividend'")
        const again = yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=polygon")
        assert.strictEqual(again.code, 0, again.stderr)
        assert.include(again.stdout, "changed: 2024-08-12 dividend 9 USD is now 2024-08-12 dividend 2.5 USD")
        const rows = yield* database.select(
          "SELECT amount FROM corporate_actions WHERE kind = 'dividend' AND replaced_at IS NOT NULL"
        )
        assert.deepStrictEqual(rows, [{ amount: 9 }])
        const quiet = yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=polygon", "--quiet")
        assert.deepStrictEqual([quiet.stderr, quiet.stdout.includes("new:")], ["", false])
      }),
    seconds
  )

  it.effect(
    "that a source does not have, or cannot be asked for, are said so, and the others are kept",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world()
        const wrong = yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=synthetic")
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.stdout, "AAPL: synthetic serves no corporate actions; name a source that does")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(cwd)), [])
        const crypto = yield* tidemark("actions", "fetch", "--symbols=BTC/USDT")
        assert.include(crypto.stdout, "no corporate actions of crypto")

        yield* tidemark("symbols", "add", "AAPL", "--sources", "synthetic,polygon")
        yield* tidemark("symbols", "add", "MSFT", "--sources", "yahoo")
        yield* tidemark("symbols", "add", "BTC/USDT")
        const some = yield* tidemark("actions", "fetch", "--json")
        assert.strictEqual(some.code, 3, some.stderr)
        const outcomes = parse<ReadonlyArray<Row>>(some)
        assert.deepStrictEqual(
          outcomes.map(({ source, symbol, told }) => [symbol, source, told]),
          [
            ["AAPL", "polygon", 2],
            ["MSFT", "yahoo", undefined]
          ]
        )
        assert.include(String(outcomes[1]!["error"]), "MSFT")
        const kinds = yield* tidemark("actions", "list", "--kinds=split,spinoff")
        assert.strictEqual(kinds.code, 2)
      }),
    seconds
  )
})

onEvery("export", (it) => {
  it.effect(
    "writes candles as they were traded, in today's shares, or with dividends taken out",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world()
        const stored = yield* tidemark("backfill", ...daily, "--json")
        assert.strictEqual(stored.code, 0, stored.stderr)
        const traded = yield* tidemark("export", "--symbols=AAPL", "--timeframes=1d")
        assert.strictEqual(traded.code, 0, traded.stderr)
        assert.strictEqual(
          traded.stdout.split("\n", 1)[0],
          "symbol,timeframe,timestamp,open,high,low,close,volume,quote_volume,trades,source,provenance,adjustment"
        )
        const raw = csv(traded.stdout)
        assert.deepInclude(raw[0], {
          symbol: "AAPL",
          timeframe: "1d",
          timestamp: "2024-05-01T13:30:00.000Z",
          source: "polygon",
          provenance: "observed",
          adjustment: "none"
        })
        assert.lengthOf(raw, parse<ReportJson>(stored).summary.inserted)

        const refused = yield* tidemark("export", ...daily, "--adjust=splits")
        assert.strictEqual(refused.code, 1)
        const command = "tidemark actions fetch --symbols AAPL --source polygon --start 2024-05-01"
        assert.include(refused.stderr, command)
        assert.strictEqual((yield* tidemark(...command.split(" ").slice(1))).code, 0)

        const splits = csv((yield* tidemark("export", ...daily, "--adjust=splits")).stdout)
        assert.lengthOf(splits, raw.length)
        for (const [i, row] of splits.entries()) {
          const old = row["timestamp"]! < "2024-06-10"
          assert.closeTo(Number(row["close"]) / Number(raw[i]!["close"]), old ? 1 / 4 : 1, 1e-9)
          assert.closeTo(Number(row["volume"]) / Number(raw[i]!["volume"]), old ? 4 : 1, 1e-9)
          assert.strictEqual(row["adjustment"], "splits")
        }
        const out = yield* tidemark("export", ...daily, "--adjust=all", "--format=json", "--out=all.json")
        assert.strictEqual(out.code, 0, out.stderr)
        assert.include(out.stdout, `${raw.length} candles of 1 series in all.json`)
        const all = JSON.parse(
          yield* Effect.promise(() => readFile(join(cwd, "all.json"), "utf8"))
        ) as ReadonlyArray<Row>
        assert.lengthOf(all, raw.length)
        const before = closes(splits).get("2024-08-09")!
        for (const [i, row] of all.entries()) {
          const factor = String(row["timestamp"]) < "2024-08-12" ? 1 - 2.5 / before : 1
          assert.closeTo(Number(row["close"]) / Number(splits[i]!["close"]), factor, 1e-9)
          assert.strictEqual(row["adjustment"], "splits-and-dividends")
        }
        assert.sameMembers(
          (yield* Effect.promise(() => readdir(cwd))).filter((name) => !name.startsWith("x.duckdb")),
          ["all.json"]
        )
      }),
    seconds
  )

  it.effect(
    "names the close that a dividend needs, and works once it is fetched",
    () =>
      Effect.gen(function* () {
        const { tidemark } = yield* world()
        yield* tidemark(
          "backfill",
          "--symbols=AAPL",
          "--timeframes=1d",
          "--source=polygon",
          "--start=2024-05-01",
          "--end=2024-07-01"
        )
        yield* tidemark("actions", "fetch", "--symbols=AAPL", "--source=polygon")
        const refused = yield* tidemark("export", "--symbols=AAPL", "--adjust=all")
        assert.strictEqual(refused.code, 1)
        const [, command] = /fetch: tidemark (.*)$/m.exec(refused.stderr)!
        assert.include(refused.stderr, "the dividend of 2.5 on 2024-08-12 needs the close of 2024-08-09")
        assert.strictEqual((yield* tidemark(...command!.split(" "))).code, 0)
        const mended = yield* tidemark("export", "--symbols=AAPL", "--adjust=all", "--end=2024-07-01")
        assert.strictEqual(mended.code, 0, mended.stderr)
        assert.isAbove(csv(mended.stdout).length, 30)
      }),
    seconds
  )

  it.effect(
    "is never silently short, and never holds what was not observed unless that is asked for",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world()
        yield* tidemark("backfill", ...daily)
        const wide = yield* tidemark(
          "export",
          "--symbols=AAPL",
          "--timeframes=1d",
          "--start=2024-04-29",
          "--end=2024-10-01"
        )
        assert.deepStrictEqual([wide.code, wide.stdout], [1, ""])
        const [, command] = /2 of \d+ candles are missing \(.*fetch what there is: tidemark (.*)$/m.exec(wide.stderr)!
        const some = yield* tidemark(
          "export",
          "--symbols=AAPL",
          "--start=2024-04-29",
          "--end=2024-10-01",
          "--allow-gaps"
        )
        assert.strictEqual(some.code, 0)
        assert.include(some.stderr, "2 of")
        assert.isAbove(csv(some.stdout).length, 100)
        assert.strictEqual((yield* tidemark(...command!.split(" "))).code, 0)
        const whole = yield* tidemark(
          "export",
          "--symbols=AAPL",
          "--timeframes=1d",
          "--start=2024-04-29",
          "--end=2024-10-01"
        )
        assert.deepStrictEqual([whole.code, whole.stderr], [0, ""])

        yield* tidemark("backfill", "--symbols=SPY", "--timeframes=1d", "--source=synthetic", ...range)
        const observed = yield* tidemark("export", "--timeframes=1d")
        assert.strictEqual(observed.code, 0)
        assert.notInclude(observed.stdout, "SPY")
        const named = yield* tidemark("export", "--symbols=SPY,MSFT", "--timeframes=1d")
        assert.strictEqual(named.code, 1)
        assert.strictEqual(named.stdout, "")
        assert.include(
          named.stderr,
          "SPY 1d is stored only as synthetic data; ask for that by name: --include synthetic"
        )
        assert.include(
          named.stderr,
          "MSFT 1d is not stored; fetch it: tidemark backfill --symbols MSFT --timeframes 1d"
        )
        // Nothing to export is said, and is no success.
        for (const [args, code, says] of [
          [["--symbols=AAPL", "--start=2025-11-01"], 1, /AAPL 1d is stored for .*, not for the range/],
          [["--symbols=SPY"], 1, /SPY is stored only as synthetic data/],
          [["--symbols=SPY", "--allow-gaps"], 3, /SPY is stored only as synthetic data/],
          [["--symbols=AAPL", "--source=typo"], 2, /There is no source "typo"/]
        ] as const) {
          const none = yield* tidemark("export", ...args)
          assert.strictEqual(none.code, code, none.stderr)
          assert.match(none.stderr, says)
          assert.strictEqual(none.stdout, "")
        }
        const synthetic = yield* tidemark("export", "--symbols=SPY", "--include=synthetic", "--json")
        assert.strictEqual(synthetic.code, 0, synthetic.stderr)
        assert.deepInclude(parse<ReadonlyArray<Row>>(synthetic)[0], { symbol: "SPY", provenance: "synthetic" })

        yield* tidemark("backfill", "--symbols=AAPL", "--timeframes=1d", "--source=synthetic", ...range)
        const two = yield* tidemark("export", "--symbols=AAPL", "--include=synthetic")
        assert.strictEqual(two.code, 2)
        assert.include(two.stderr, "name one with --source")
        yield* Effect.promise(() => writeFile(join(cwd, "taken"), "mine"))
        const nowhere = yield* tidemark("export", "--symbols=AAPL", "--out=taken/aapl.csv")
        assert.strictEqual(nowhere.code, 2)
        assert.strictEqual(yield* Effect.promise(() => readFile(join(cwd, "taken"), "utf8")), "mine")
      }),
    seconds
  )

  it.effect(
    "leaves what is there what it is, and says what it could not write",
    () =>
      Effect.gen(function* () {
        const { cwd, database, tidemark } = yield* world()
        yield* tidemark("backfill", ...daily)
        const exported = (out: string) => tidemark("export", "--symbols=AAPL", `--out=${out}`)
        yield* Effect.promise(async () => {
          await mkdir(join(cwd, "folder"))
          await mkdir(join(cwd, "elsewhere"))
          await writeFile(join(cwd, "elsewhere", "file.csv"), "old")
          await symlink("elsewhere/file.csv", join(cwd, "link.csv"))
        })
        const folder = yield* exported("folder")
        assert.deepStrictEqual([folder.code, folder.stderr.trim().split("\n").length], [2, 1])
        assert.include(folder.stderr, "folder: it is a folder; name a file")
        assert.strictEqual((yield* exported("link.csv")).code, 0)
        assert.strictEqual(yield* Effect.promise(() => readlink(join(cwd, "link.csv"))), "elsewhere/file.csv")
        const written = yield* Effect.promise(() => readFile(join(cwd, "elsewhere", "file.csv"), "utf8"))
        assert.strictEqual((yield* tidemark("export", "--symbols=AAPL")).stdout, written)
        execFileSync("mkfifo", [join(cwd, "pipe")])
        const [, piped] = yield* Effect.all(
          [exported("pipe"), Effect.promise(() => promisify(execFile)("cat", [join(cwd, "pipe")]))],
          { concurrency: 2 }
        )
        assert.strictEqual(piped.stdout, written)
        const full = yield* exported("/dev/full")
        assert.strictEqual(full.code, 1)
        assert.include(full.stderr, "The candles could not be written to /dev/full: no space left on the disk")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(cwd, "folder"))), [])
        // What is gone behind the ledger's back is no whole export.
        yield* database.execute("DELETE FROM candles WHERE open_time > TIMESTAMP '2024-09-20'")
        const less = yield* tidemark("export", "--symbols=AAPL")
        assert.deepStrictEqual([less.code, less.stdout], [1, ""])
        const [, command] = /put it right: tidemark (.*)$/m.exec(less.stderr)!
        assert.strictEqual((yield* tidemark(...command!.split(" "))).code, 0)
        assert.strictEqual((yield* tidemark("export", "--symbols=AAPL")).stdout, written)
      }),
    seconds
  )

  it.effect(
    "adjusts nothing where nothing can be: only companies act, and those of the generator do not",
    () =>
      Effect.gen(function* () {
        const { tidemark } = yield* world()
        yield* tidemark("backfill", "--symbols=SPY,BTC/USDT", "--timeframes=1d", "--source=synthetic", ...range)
        for (const symbol of ["SPY", "BTC/USDT"]) {
          const raw = yield* tidemark("export", `--symbols=${symbol}`, "--include=synthetic")
          const all = yield* tidemark("export", `--symbols=${symbol}`, "--include=synthetic", "--adjust=all")
          assert.deepStrictEqual([all.code, all.stdout], [0, raw.stdout], all.stderr)
        }
      }),
    seconds
  )
})
