/** The command line over a daemon says what it says over the database itself. */
import { execFile } from "node:child_process"
import { readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { folder } from "./process.ts"
import { serve, settings } from "./serving.ts"

const bin = fileURLToPath(new URL("../../cli/src/bin.js", import.meta.url))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs commands in a folder, over its database or over a daemon. */
const shell = (cwd: string, env: Readonly<Record<string, string>>) => (line: string) =>
  Effect.promise(
    () =>
      new Promise<Ended>((resolve) => {
        const given = { PATH: process.env["PATH"], HOME: cwd, YAHOO_BASE_URL: "http://127.0.0.1:9", ...env }
        execFile(
          process.execPath,
          [bin, ...line.split(" ")],
          { cwd, env: given, timeout: 60_000 },
          (error, stdout, stderr) =>
            resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr })
        )
      })
  )

const read = (cwd: string, file: string) => Effect.promise(() => readFile(join(cwd, file)))

const whole = "--symbols BTC/USDT,ETH/USDT --timeframes 1d --include synthetic"

/** Questions with one answer, whoever is asked. */
const questions = [
  "status --json",
  "verify --json",
  "verify --symbols BTC/USDT,NO/SUCH --timeframes 1d --json",
  "quality list --all --json",
  "gaps list --json --start 2014-12-01 --end 2020-02-01",
  "coverage --json",
  `export ${whole}`,
  `export ${whole} --format json --start 2018-01-01 --end 2018-02-01`,
  "export --symbols BTC/USDT --timeframes 4h --resample 1w --include synthetic --start 2016-01-04 --end 2019-01-07",
  `export ${whole} --start 2014-12-30 --end 2015-01-03 --allow-gaps`,
  "gamma show --symbol BTC/USDT --include synthetic --last 3 --json",
  "gamma show --symbol BTC/USDT --include synthetic --last 3 --method vendor",
  "gamma show --symbol BTC/USDT --include synthetic --daily --last 2",
  "gamma show --symbol BTC/USDT",
  "gamma plot --symbol BTC/USDT --include synthetic --out chain.svg",
  "gamma plot --symbol BTC/USDT --include synthetic --at 2019-12-21T12:00 --method implied --out implied.html --json",
  "signals list --symbols BTC/USDT --include synthetic --last 3 --json",
  "signals list --include synthetic --outcomes won,lost --reasons",
  "signals performance --include synthetic"
]

/** What was said, but for figures that move with the clock. */
const said = ({ stdout }: Ended): unknown => {
  const text = stdout.replaceAll(/"(at|behind_hours)": [^\n]*[^,\n](?=,?\n)/g, '"$1": 0')
  return /^[[{]/.test(text) ? JSON.parse(text) : text
}

describe("a command that asks a daemon", () => {
  it.live(
    "says what it says of the database",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const url = `duckdb:${join(cwd, "x.duckdb")}`
        const here = shell(cwd, { DATABASE_URL: url })
        for (const line of [
          "backfill --symbols BTC/USDT,ETH/USDT --timeframes 4h,1d --source synthetic --start 2015-01-01 --end 2020-01-01 --quiet",
          "quality check",
          "gamma backfill --symbol BTC/USDT --start 2019-12-20 --end 2019-12-24 --quiet"
        ]) {
          const { code, stderr } = yield* here(line)
          assert.include([0, 3], code, stderr)
        }
        const own = yield* Effect.forEach(questions, here)
        const pictures = ["chain.svg", "implied.html"]
        const drawn = yield* Effect.forEach(pictures, (file) => read(cwd, file))
        yield* Effect.forEach(pictures, (file) => Effect.promise(() => rm(join(cwd, file))))
        const certified = yield* here("verify --symbols BTC/USDT --lock here.json")
        assert.strictEqual(certified.code, 0, certified.stderr)
        for (const file of ["here.parquet", "here.arrow"]) {
          assert.strictEqual((yield* here(`export ${whole} --out ${file}`)).code, 0)
        }

        const serving = yield* serve(settings(url))
        const there = shell(cwd, { DATABASE_URL: "duckdb:nothing-here.duckdb", TIDEMARK_REMOTE: serving.url })
        for (const [i, line] of questions.entries()) {
          const told = yield* there(line)
          assert.strictEqual(told.code, own[i]!.code, `${line}\n${told.stderr}`)
          assert.deepStrictEqual(said(told), said(own[i]!), line)
          assert.isAbove(told.stdout.length, line.startsWith("quality") ? 0 : 20, line)
        }
        for (const [i, file] of pictures.entries()) {
          assert.isTrue(drawn[i]!.length > 5_000 && drawn[i]!.equals(yield* read(cwd, file)), file)
        }
        const again = yield* there("verify --symbols BTC/USDT --lock there.json")
        assert.strictEqual(again.code, 0, again.stderr)
        const [before, after] = [yield* read(cwd, "here.json"), yield* read(cwd, "there.json")].map((file) =>
          JSON.parse(file.toString())
        )
        assert.deepStrictEqual(after.series, before.series)
        for (const kind of ["parquet", "arrow"]) {
          const { code, stderr, stdout } = yield* there(`export ${whole} --out there.${kind} --json`)
          assert.strictEqual(code, 0, stderr)
          assert.deepInclude(JSON.parse(stdout), { candles: 2 * 1_826, series: 2 })
        }
        assert.isTrue((yield* read(cwd, "there.arrow")).equals(yield* read(cwd, "here.arrow")))

        // What nobody asked for by name is named, by the flag of this program.
        for (const line of [
          "gamma show --symbol BTC/USDT",
          "gamma plot --symbol BTC/USDT --out x.svg",
          "signals list",
          "signals performance"
        ]) {
          const unnamed = yield* there(line)
          assert.deepStrictEqual([unnamed.code, unnamed.stdout.includes("synthetic")], [3, false], line)
          assert.match(unnamed.stderr, /--include synthetic/, line)
        }

        // What is not whole is not given out, with what is missing and how to get it.
        const lacking = yield* there(`export ${whole} --start 2014-12-30 --end 2015-01-03`)
        assert.strictEqual(lacking.code, 1)
        assert.strictEqual(lacking.stdout, "")
        assert.include(lacking.stderr, "2014-12-30")
        const unknown = yield* there("export --symbols NO/SUCH --timeframes 1d")
        assert.strictEqual(unknown.code, 1)
        assert.include(unknown.stderr, "NO/SUCH")
        const unasked = yield* there("export --symbols BTC/USDT --timeframes 1d")
        assert.strictEqual(unasked.code, 1)
        assert.include(unasked.stderr, "include=synthetic")
      }),
    180_000
  )

  it.live(
    "has regimes derived there, follows, and tells what they are",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const url = `duckdb:${join(cwd, "x.duckdb")}`
        const here = shell(cwd, { DATABASE_URL: url })
        const fetched = yield* here(
          "backfill --symbols BTC/USDT --timeframes 1h,4h,1d --source synthetic --start 2015-01-01 --end 2020-01-01 --quiet"
        )
        assert.strictEqual(fetched.code, 0, fetched.stderr)
        const serving = yield* serve(settings(url))
        const there = shell(cwd, { DATABASE_URL: "duckdb:nothing-here.duckdb", TIDEMARK_REMOTE: serving.url })
        const json = (ended: Ended) => {
          assert.strictEqual(ended.code, 0, ended.stderr)
          return JSON.parse(ended.stdout)
        }
        for (const [kind, flags] of [
          ["market", "--profile classic"],
          ["market", ""],
          ["jump", "--lambda 20 --train-start 2015-06-01 --train-end 2018-01-01"]
        ] as const) {
          const line = `regime ${kind} --symbol BTC/USDT ${flags}`.trim()
          const { current, performance, run } = json(yield* there(`${line} --json`))
          assert.strictEqual(run.status, "succeeded")
          assert.deepInclude(current, { symbol: "BTC/USDT", source: "synthetic", provenance: "synthetic" })
          assert.isAbove(Object.keys(performance.performance).length, 1)
          const text = yield* there(line)
          assert.include(text.stdout, "volatility a year")
        }
        assert.strictEqual(json(yield* there("regime structure --symbols BTC/USDT --json")).status, "succeeded")
        const strange = yield* there("regime jump --symbol NO/SUCH")
        assert.strictEqual(strange.code, 1)
        assert.include(strange.stderr + strange.stdout, "NO/SUCH")
        // A model takes five years of days: four of one that is named are too few.
        const short = yield* there("regime jump --symbol BTC/USDT --train-start 2018-01-01 --train-end 2018-01-05")
        assert.strictEqual(short.code, 3, short.stdout)
      }),
    180_000
  )

  it.live("refuses what only the database itself can answer, and says what else there is", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const serving = yield* serve(settings(`duckdb:${join(cwd, "x.duckdb")}`))
      const there = shell(cwd, { TIDEMARK_REMOTE: serving.url })
      for (const [line, word] of [
        ["query SELECT", "takes no SQL"],
        ["verify --against x.json", "--lock NEW --remote"],
        ["export --timeframes 1d --out x --partition month", "--out candles.parquet"],
        ["regime market --dry-run", "--dry-run"],
        ["regime jump --plot x.svg", "--plot"],
        ["regime structure --mode smc-compat", "--mode"],
        ["quality check", "cannot be asked"]
      ] as const) {
        const { code, stderr, stdout } = yield* there(line)
        assert.strictEqual(code, 2, `${line}: ${stderr}`)
        assert.strictEqual(stdout, "")
        assert.include(stderr, word)
      }
    })
  )
})
