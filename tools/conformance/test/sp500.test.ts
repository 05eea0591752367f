/** The S&P 500 from a file of the user's, through the command: regimes of 5,105 days. */
import { spawn } from "node:child_process"
import { copyFile, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Data from "./data.ts"

const bin = fileURLToPath(new URL("../../../apps/cli/src/bin.js", import.meta.url))

interface Options {
  readonly cwd: string
  readonly database: string
  /** It is killed when it has said so many lines of progress: one a batch. */
  readonly killAfter?: number
}

/** Runs the command; what it printed, or `undefined` if it was killed. */
const tidemark = (args: ReadonlyArray<string>, { cwd, database, killAfter }: Options) =>
  Effect.promise(
    () =>
      new Promise<string | undefined>((resolve, reject) => {
        const child = spawn(process.execPath, [bin, ...args, "--database", `duckdb:./${database}`], {
          cwd,
          env: { PATH: process.env["PATH"], HOME: cwd },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let [stdout, stderr] = ["", ""]
        child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk))
        child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
          stderr += chunk
          if (killAfter !== undefined && stderr.split("\n").length > killAfter) child.kill("SIGKILL")
        })
        child.once("close", (code, signal) => {
          if (signal === "SIGKILL") resolve(undefined)
          else if (code === 0) resolve(stdout)
          else reject(new Error(`${args.join(" ")} ended with ${code}: ${stderr}`))
        })
      })
  )

const history =
  "SELECT date, regime, confirmed_regime, confidence, volatility_percentile, trend_strength, momentum_score, " +
  "drawdown_severity, volume_anomaly, market_symbol, description, known_at, method, input_hash " +
  "FROM market_regime_history ORDER BY date"

interface Summary {
  readonly series: ReadonlyArray<{
    readonly processed: number
    readonly inserted: number
    readonly updated: number
    readonly days: number
    readonly skipped: ReadonlyArray<{ readonly days: number; readonly reason: string }>
  }>
}

describe.skipIf(Data.isAbsent)(`regimes of the S&P 500 as a user's file${Data.note}`, () => {
  it.live(
    "are of 5,105 days and the same by 7, by 30, by 60 and all at once; a second run does nothing; killed it goes on",
    () =>
      Effect.gen(function* () {
        const cwd = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-sp500-"))),
          (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
        )
        yield* Effect.promise(() => copyFile(Data.path("regimes/sp500-2000.csv"), join(cwd, "sp500.csv")))
        const backfill = ["backfill", "--symbols=^GSPC", "--timeframes=1d", "--source=file:sp500.csv", "--quiet"]
        yield* tidemark(backfill, { cwd, database: "plain" })
        const on = Effect.fnUntraced(function* (database: string) {
          yield* Effect.promise(() => copyFile(join(cwd, "plain"), join(cwd, database)))
          return { cwd, database }
        })
        const market = ["regime", "market", "--symbol=^GSPC", "--json", "--quiet"]
        const summaryOf = (stdout: string | undefined) => (JSON.parse(stdout!) as Summary).series[0]!
        const rowsOf = (options: Options) =>
          Effect.map(tidemark(["query", history, "--json"], options), (stdout) => stdout!)

        const whole = yield* on("whole")
        const first = summaryOf(yield* tidemark(market, whole))
        assert.deepInclude(first, { processed: 5_105, inserted: 5_105, updated: 0, days: 5_105 })
        assert.deepStrictEqual(
          first.skipped.map(({ days, reason }) => [days, reason]),
          [[79, "needs 80 daily candles, has 79"]]
        )
        assert.deepInclude(summaryOf(yield* tidemark(market, whole)), { processed: 0, inserted: 0, updated: 0 })
        const expected = yield* rowsOf(whole)
        assert.lengthOf(expected.match(/"market_symbol"/g) ?? [], 5_105 - 79)

        for (const size of [7, 30, 60]) {
          const options = yield* on(`by-${size}`)
          yield* tidemark([...market, `--batch-size=${size}`], options)
          assert.strictEqual(yield* rowsOf(options), expected, `by ${size}`)
        }

        const killed = yield* on("killed")
        const steps = ["regime", "market", "--symbol=^GSPC", "--batch-size=7"]
        let before = 0
        for (const killAfter of [20, 60, 150]) {
          assert.isUndefined(yield* tidemark(steps, { ...killed, killAfter }))
          const counted = yield* tidemark(
            ["query", "SELECT count(*) AS n FROM market_regime_history", "--json"],
            killed
          )
          const n = (JSON.parse(counted!) as ReadonlyArray<{ readonly n: number }>)[0]!.n
          assert.isAbove(n, before)
          assert.isBelow(n, 5_026)
          before = n
        }
        yield* tidemark(market, killed)
        assert.strictEqual(yield* rowsOf(killed), expected)
      }),
    240_000
  )
})
