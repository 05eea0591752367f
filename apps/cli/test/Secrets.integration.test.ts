/**
 * No key, cookie or crumb is in anything that a run leaves behind: what it
 * prints at every log level, its results file, the database.
 */
import { assert, describe, it } from "@effect/vitest"
import { CorporateAction } from "@tidemark/core"
import { type Emulator, Equity, Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { folder, provider, run } from "./tidemark.ts"

const seconds = 120_000
const key = "planted-key-0123456789"

const equities = [
  Equity.synthetic({
    symbol: "AAPL",
    actions: [
      new CorporateAction.Split({ exDate: "2024-06-10", from: 1, to: 4 }),
      new CorporateAction.Earnings({ exDate: "2024-05-01", estimate: 1.5, reported: 1.6 })
    ]
  })
]

/** Passing faults of every kind that a failure can have: what the provider says, what the wire does, what the data is. */
const passing: ReadonlyArray<Fault.Fault> = [
  Fault.RateLimited({ retryAfterSeconds: 0 }),
  Fault.ServerError({ status: 503 }),
  Fault.ServerError({ status: 500, body: `{"status":"ERROR","error":"no such key: ${key}"}` }),
  Fault.Truncate({ variant: "connection" }),
  Fault.Truncate({ variant: "json" }),
  Fault.Html(),
  Fault.EmptyBody(),
  Fault.Reset(),
  Fault.Redirect({ to: `http://127.0.0.1:1/?apiKey=${key}` }),
  Fault.HighBelowLow()
]

/** Everything that a run has left, by where. */
const traces = (cwd: string, ended: { readonly stdout: string; readonly stderr: string }) => ({
  stdout: ended.stdout,
  stderr: ended.stderr,
  ...Object.fromEntries(
    readdirSync(cwd, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name)).toString("latin1")])
  )
})

const assertClean = (
  cwd: string,
  ended: { readonly stdout: string; readonly stderr: string },
  secrets: ReadonlyArray<string>
) => {
  const found = Object.entries(traces(cwd, ended))
  assert.isAtLeast(found.length, 4, "there is something to look at")
  for (const [where, text] of found) for (const secret of secrets) assert.notInclude(text, secret, where)
}

const envOf = (emulator: Emulator["Service"]) => ({
  DATABASE_URL: "duckdb:./x.duckdb",
  POLYGON_BASE_URL: emulator.url,
  POLYGON_PLAN: "paid",
  POLYGON_API_KEY: key,
  YAHOO_BASE_URL: emulator.url
})

const backfill = (source: string, ...more: ReadonlyArray<string>) => [
  "backfill",
  "--symbols=AAPL",
  "--timeframes=1d",
  `--source=${source}`,
  "--start=2024-05-01",
  "--end=2024-08-01",
  "--results=results.json",
  "--log-level=all",
  ...more
]

describe("secrets", { concurrent: true }, () => {
  for (const fault of passing) {
    it.live(
      `are nowhere after ${fault._tag}${"variant" in fault ? ` (${fault.variant})` : ""}, whether it passes or stays`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const passes = yield* provider({ datasets: [], equities, faults: [fault] })
          const ended = yield* run(backfill("polygon"), { cwd, env: envOf(passes) })
          assertClean(cwd, ended, [key])
          // A redirect is the end of a request, and so is what the provider itself refuses.
          assert.include([0, 1], ended.code, ended.stderr)
          assert.isAtLeast(yield* passes.requestCount, 2)
        }),
      seconds
    )
  }

  it.live(
    "are nowhere after a key was refused",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({
          datasets: [],
          equities,
          faults: ["/v1/", "/v2/", "/v3/"].map((path) =>
            Fault.ServerError({
              status: 401,
              body: `{"status":"ERROR","error":"Unknown API Key ${key}"}`,
              match: { path },
              times: Infinity
            })
          )
        })
        const options = { cwd, env: envOf(emulator) }
        const ended = yield* run(backfill("polygon"), options)
        assert.strictEqual(ended.code, 1)
        assertClean(cwd, ended, [key])
        for (const args of [
          ["sources", "list", "--json"],
          ["sources", "check", "polygon"],
          ["actions", "fetch", "--symbols=AAPL", "--source=polygon"],
          ["doctor", "--json"]
        ]) {
          assertClean(cwd, yield* run([...args, "--log-level=all"], options), [key])
        }
      }),
    seconds
  )

  it.live(
    "of Yahoo, its cookie and its crumb, are nowhere after faults on the way to them",
    () =>
      Effect.gen(function* () {
        const faults = [
          Fault.RateLimited({ retryAfterSeconds: 0, match: { path: "/v1/test/getcrumb" } }),
          Fault.ServerError({ status: 500, match: { path: "/v10/finance" } }),
          Fault.ServerError({ status: 401, match: { path: "/v10/finance" } }),
          Fault.Html({ match: { path: "/v8/finance" } }),
          Fault.Truncate({ match: { path: "/v8/finance", after: 1 } })
        ]
        for (const fault of faults) {
          const cwd = yield* folder
          const emulator = yield* provider({ datasets: [], equities, faults: [fault] })
          const options = { cwd, env: envOf(emulator) }
          const backfilled = yield* run(backfill("yahoo"), options)
          const fetched = yield* run(
            ["actions", "fetch", "--symbols=AAPL", "--source=yahoo", "--start=2024-01-01", "--log-level=all"],
            options
          )
          // What a crumb looked like is in the provider's log alone.
          const asked = yield* emulator.requests
          const crumbs = asked.flatMap(({ query }) => query.get("crumb") ?? [])
          assert.isAtLeast(crumbs.length, 1, fault._tag)
          for (const ended of [backfilled, fetched]) {
            assertClean(cwd, ended, crumbs)
            for (const words of [/crumb=/i, /\bA[13]S?=/]) {
              assert.notMatch(ended.stdout + ended.stderr, words, fault._tag)
            }
          }
        }
      }),
    seconds
  )
})
