import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Market from "./market.ts"
import { folder, provider, run } from "./tidemark.ts"

/** Says at the end which files a process has loaded, each on a line of stderr. */
const telling = `import { registerHooks } from "node:module"
  const loaded = []
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
  process.on("exit", () => process.stderr.write(loaded.map((url) => "loaded " + url + "\\n").join("")))`

const loading = (args: ReadonlyArray<string>, cwd: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.map(
    run(args, {
      cwd,
      env: { ...env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(telling)}` }
    }),
    (ended) => ({
      ...ended,
      loaded: ended.stderr
        .split("\n")
        .flatMap((line) => (line.startsWith("loaded ") ? [line.slice("loaded ".length)] : []))
    })
  )

/** Of what is loaded, the packages that a command may do without. */
const heavy = ["undici", "ccxt", "yahoo-finance2", "@duckdb/node-api", "echarts"]

const packagesOf = (loaded: ReadonlyArray<string>) =>
  heavy.filter((name) => loaded.some((url) => url.includes(`/node_modules/${name}/`)))

/** Files that are loaded by another name than their own, or by two. */
const strays = (loaded: ReadonlyArray<string>) => {
  const paths = loaded.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url))
  return paths.filter((path, i) => realpathSync(path) !== path || paths.indexOf(path) !== i)
}

const backfill = "backfill --symbols BTC/USDT --timeframes 1h --start 2024-01-01 --end 2024-01-03 --quiet --source"

describe("A command loads", () => {
  it.live(
    "no database and no HTTP stack for its help, no HTTP stack where it asks nobody, and each file once where it needs both",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const help = yield* loading(["coverage", "--help"], cwd)
        assert.strictEqual(help.code, 0, help.stderr)
        assert.isNotEmpty(help.loaded)
        assert.deepStrictEqual(packagesOf(help.loaded), [])

        const made = yield* loading([...backfill.split(" "), "synthetic"], cwd)
        assert.strictEqual(made.code, 0, made.stderr)
        assert.deepStrictEqual(packagesOf(made.loaded), ["@duckdb/node-api"])

        const read = yield* loading(["coverage"], cwd)
        assert.strictEqual(read.code, 0, read.stderr)
        assert.include(read.stdout, "BTC/USDT")
        assert.deepStrictEqual(packagesOf(read.loaded), ["@duckdb/node-api"])

        // The parts that it uses, and not all of a package.
        assert.deepStrictEqual(
          read.loaded.filter((url) => /\/packages\/(backfill|quality|runtime|storage)\/src\/index\.ts$/.test(url)),
          []
        )

        const asked = yield* loading([...backfill.split(" "), "binance"], cwd, { BINANCE_BASE_URL: emulator.url })
        assert.strictEqual(asked.code, 0, asked.stderr)
        assert.deepStrictEqual(packagesOf(asked.loaded), ["undici", "@duckdb/node-api"])
        assert.deepStrictEqual(strays(asked.loaded), [])
      }),
    60_000
  )
})
