import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import * as Scratch from "./scratch.ts"

const name = "made-up"
const made = `packages/source-${name}`
const cli = "apps/cli/src/bin.js"
/** With the shortest and the longest: the formatter cares about the width of a line. */
const ids = [name, "x", "a-name-of-thirty-two-characters1"]

let scratch: ReturnType<typeof Scratch.make>
beforeAll(() => {
  scratch = Scratch.make()
})
afterAll(() => scratch.close())

it("a generated source is clean, passes its contract, backfills, and goes without a trace", async () => {
  const { bin, node, snapshot } = scratch
  const before = snapshot()

  for (const id of ids) await bin("nx", "g", "@tidemark/generators:source", id)
  const after = snapshot()
  const changed = Object.keys(after).filter((path) => after[path] !== before[path])
  assert.include(changed, join("node_modules", "@tidemark", `source-${name}`))

  await bin("oxfmt", "--check", ...changed.filter((path) => !path.startsWith("node_modules")))
  await bin("oxlint", "--deny-warnings", ...ids.map((id) => `packages/source-${id}`), "packages/runtime")
  await bin("tsc", "-b", made, "packages/runtime")
  const results = join(scratch.folder, "results.json")
  await bin("vitest", "run", "--project", `source-${name}`, "--reporter=json", "--outputFile", results)
  const report = JSON.parse(readFileSync(results, "utf8"))
  assert.strictEqual(report.numPassedTests, report.numTotalTests)
  assert.isAtLeast(report.numPassedTests, 16)

  const url = { MADE_UP_BASE_URL: await scratch.start(`${made}/test/provider.ts`, "0") }
  const sources: ReadonlyArray<Record<string, unknown>> = JSON.parse(
    await node(cli, ["sources", "list", "--json"], url)
  )
  const listed = sources.find(({ id }) => id === name)
  assert.deepStrictEqual(listed?.["variables"], ["MADE_UP_API_KEY", "MADE_UP_BASE_URL"])
  assert.strictEqual(listed?.["detail"], "reachable")

  const series = ["--symbols", "BTC/USD", "--timeframes", "1h,1w", "--days", "60", "--source", name]
  const database = ["--database", `duckdb:${join(scratch.folder, "made-up.duckdb")}`]
  const { summary } = JSON.parse(await node(cli, ["backfill", "--json", ...series, ...database], url))
  assert.deepInclude(summary, { complete: 2, missing: 0, requests: 3 })

  for (const id of ids) await bin("nx", "g", "@tidemark/generators:remove-source", id)
  assert.isFalse(scratch.exists(made))
  assert.deepStrictEqual(snapshot(), before)
}, 60_000)
