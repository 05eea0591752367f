/** What `export` writes: formats, folders, other timeframes, and another source where candles are missing. */
import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { tableFromIPC } from "apache-arrow"
import { Effect } from "effect"
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet"
import { fresh, onEvery } from "./databases.ts"
import { folder, parse, type Row, run } from "./tidemark.ts"

const seconds = 120_000
const span = ["--start=2024-01-30", "--end=2024-02-02"]
const minutes = ["--symbols=BTC/USDT", "--timeframes=1m", "--source=synthetic", "--include=synthetic", ...span]

/** Three days of generated minutes and hours. */
const world = Effect.gen(function* () {
  const { cwd, database } = yield* fresh()
  const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env: { DATABASE_URL: database.url } })
  const stored = yield* tidemark("backfill", "--symbols=BTC/USDT", "--timeframes=1m,1h", "--source=synthetic", ...span)
  assert.strictEqual(stored.code, 0, stored.stderr)
  return { cwd, database, tidemark }
})

const parquet = (path: string) =>
  Effect.promise(async () => parquetReadObjects({ file: await asyncBufferFromFile(path) }))

const plain = (rows: ReadonlyArray<Row>) =>
  rows.map((row) => ({ ...row, timestamp: new Date(row["timestamp"] as string | number | Date).getTime() }))

describe("docs/export.md", () => {
  it.live(
    "its program prints what it says, and every command on it is one",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const page = readFileSync(new URL("../../../docs/export.md", import.meta.url), "utf8")
        const tidemark = (...args: ReadonlyArray<string>) => run(args, { cwd, env: {} })
        const year = ["--source=synthetic", "--start=2026-01-01", "--end=2026-02-01"]
        yield* tidemark("backfill", "--symbols=BTC/USDT,ETH/USDT", "--timeframes=1h", ...year)
        yield* tidemark("backfill", "--symbols=AAPL", "--timeframes=1m", ...year)
        const [program] = /```ts\n([\s\S]*?)```/.exec(page)!.slice(1)
        const runtime = new URL("../../../packages/runtime/src/index.ts", import.meta.url).href
        writeFileSync(join(cwd, "program.ts"), program!.replace("@tidemark/runtime", runtime))
        const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, ["program.ts"], { cwd }))
        assert.strictEqual(stdout.trim(), "synthetic 744")
        const commands = [...page.matchAll(/^npx tidemark (.*)$/gm)].map(([, command]) => command!.split(" "))
        assert.isAtLeast(commands.length, 4)
        for (const command of commands) {
          const ended = yield* tidemark(...command, "--include=synthetic")
          assert.deepStrictEqual([ended.code, ended.stderr], [0, ""], command.join(" "))
        }
      }),
    seconds
  )
})

onEvery("export", (it) => {
  it.effect(
    "writes the same candles as JSON, Parquet and Arrow",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world
        const json = plain(parse<ReadonlyArray<Row>>(yield* tidemark("export", ...minutes, "--json")))
        assert.lengthOf(json, 3 * 1_440)
        for (const name of ["candles.parquet", "candles.arrow"]) {
          const written = yield* tidemark("export", ...minutes, `--out=${name}`)
          assert.deepStrictEqual([written.code, written.stderr], [0, ""])
          assert.strictEqual(written.stdout.trim(), `4,320 candles of 1 series in ${name}`)
        }
        assert.deepStrictEqual(plain(yield* parquet(join(cwd, "candles.parquet"))), json)
        const arrow = tableFromIPC(yield* Effect.promise(() => readFile(join(cwd, "candles.arrow"))))
        assert.deepStrictEqual(plain(arrow.toArray().map((row) => row.toJSON() as Row)), json)
        // As it was known is read, not copied.
        const then = yield* tidemark("export", ...minutes, "--as-of=2100-01-01", "--out=then.parquet")
        assert.strictEqual(then.code, 0, then.stderr)
        assert.deepStrictEqual(plain(yield* parquet(join(cwd, "then.parquet"))), json)
        const before = yield* tidemark("export", ...minutes, "--as-of=2020-01-01")
        assert.strictEqual(before.code, 3)
        assert.include(before.stderr, "nothing of these was known at the time of --as-of")
      }),
    seconds
  )

  it.effect(
    "makes a folder of files by month, whole or not at all",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world
        const all = ["export", "--include=synthetic", "--partition=month", "--out=lake"]
        const made = yield* tidemark(...all, "--json")
        assert.deepStrictEqual([made.code, made.stderr], [0, ""])
        assert.deepStrictEqual(parse(made), { file: "lake", candles: 3 * 1_464, series: 2, files: 4 })
        const found = yield* Effect.promise(() => readdir(join(cwd, "lake"), { recursive: true, withFileTypes: true }))
        const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
        const inside = ["1h", "1m"].flatMap((timeframe) =>
          ["month=01", "month=02"].map((month) =>
            join(
              cwd,
              `lake/source=synthetic/symbol=BTC%2FUSDT/timeframe=${timeframe}/year=2024/${month}/candles.parquet`
            )
          )
        )
        assert.sameMembers(files, inside)
        const january = yield* parquet(inside[2]!)
        assert.lengthOf(january, 2 * 1_440)
        assert.notProperty(january[0], "symbol")
        const again = yield* tidemark(...all)
        assert.strictEqual(again.code, 2)
        assert.include(again.stderr, "lake: there is something in it; name another folder")
        const clean = (yield* Effect.promise(() => readdir(cwd))).filter((name) => !name.startsWith("x.duckdb"))
        assert.deepStrictEqual(clean, ["lake"])
      }),
    seconds
  )

  it.effect(
    "puts candles together, and refuses what makes no sense",
    () =>
      Effect.gen(function* () {
        const { tidemark } = yield* world
        const hours = minutes.map((flag) => flag.replace("1m", "1h"))
        const own = yield* tidemark("export", ...hours)
        const made = yield* tidemark("export", ...minutes, "--resample=1h")
        assert.strictEqual(made.code, 0, made.stderr)
        assert.strictEqual(made.stdout, own.stdout)
        for (const [args, says] of [
          [["--resample=1m"], /candles of 1m cannot be put together from those of 1m/],
          [["--resample=7h"], /There is no timeframe "7h"/],
          [["--format=parquet"], /Parquet cannot be written to stdout; name a file/],
          [["--partition=year"], /--partition needs a folder: --out FOLDER/],
          [["--partition=year", "--out=x", "--format=csv"], /--partition makes Parquet files, nothing else/],
          [["--fill-from=typo"], /There is no source "typo"/],
          [["--fill-from=kraken"], /no source "kraken"\. Did you mean ccxt:kraken\? Known sources: binance, /],
          [["--fill-from=synthetic"], /synthetic is itself the source of BTC\/USDT 1m: .*; name another/],
          [["--out=a.xls"], /a\.xls: no format is written as \.xls\. Name one with --format csv, json, parquet, arrow/],
          [["--out=/dev/null", "--format=parquet"], /it is no file that can be read again/]
        ] as const) {
          const refused = yield* tidemark("export", ...minutes, ...args)
          assert.deepStrictEqual([refused.code, refused.stdout], [2, ""], refused.stderr)
          assert.match(refused.stderr, says)
        }
      }),
    seconds
  )

  it.effect(
    "takes another source's candles where the first has none, and says whose each is",
    () =>
      Effect.gen(function* () {
        const { cwd, tidemark } = yield* world
        const rows = Array.from({ length: 72 }, (_, hour) => hour).filter((hour) => hour < 10 || hour > 12)
        const text = rows.map((hour) => `${new Date(Date.UTC(2024, 0, 30, hour)).toISOString()},10,12,9,11,5`)
        yield* Effect.promise(() =>
          writeFile(join(cwd, "mine.csv"), `timestamp,open,high,low,close,volume\n${text.join("\n")}\n`)
        )
        const hours = ["--symbols=BTC/USDT", "--timeframes=1h", ...span]
        const stored = yield* tidemark("backfill", ...hours, "--source=file:mine.csv")
        assert.include([0, 3], stored.code, stored.stderr)
        const holed = yield* tidemark("export", ...hours, "--source=file:mine.csv")
        assert.strictEqual(holed.code, 1)
        assert.include(holed.stderr, "3 of 72 candles are missing (2024-01-30T10:00Z → 2024-01-30T13:00Z)")
        const filled = yield* tidemark(
          "export",
          ...hours,
          "--source=file:mine.csv",
          "--fill-from=synthetic",
          "--include=synthetic",
          "--json"
        )
        assert.deepStrictEqual([filled.code, filled.stderr], [0, ""])
        const all = parse<ReadonlyArray<Row>>(filled)
        assert.lengthOf(all, 72)
        assert.deepStrictEqual(
          all.flatMap(({ provenance, source }, hour) => (source === "synthetic" ? [[hour, provenance]] : [])),
          [10, 11, 12].map((hour) => [hour, "synthetic"])
        )
        const folder = ["--partition=year", "--out=lake", "--include=synthetic", "--fill-from=synthetic"]
        const lake = yield* tidemark("export", ...hours, "--source=file:mine.csv", ...folder, "--json")
        assert.deepStrictEqual(parse(lake), { file: "lake", candles: 72, series: 1, files: 2 })
        const standIn = yield* parquet(
          join(cwd, "lake/source=synthetic/symbol=BTC%2FUSDT/timeframe=1h/year=2024/candles.parquet")
        )
        assert.lengthOf(standIn, 3)
      }),
    seconds
  )
})
