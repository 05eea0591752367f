/** The log as programs read it: of a process of its own. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const program = (level: string) => `
import { Effect, Redacted } from "effect"
import { Logs } from "@tidemark/runtime"
const secret = Redacted.make("T000-very-secret")
await Effect.gen(function* () {
  yield* Effect.logDebug("hidden")
  yield* Effect.logInfo("two\\nlines", { key: secret })
  yield* Effect.logError("failed", new Error("boom"))
}).pipe(
  Effect.annotateLogs({ job: "nightly", level: "mine", key: secret }),
  Effect.withSpan("Job.run"),
  Effect.provide(Logs.layer({ format: "json", level: "${level}" })),
  Effect.runPromise
)
`

const run = (level: string) =>
  promisify(execFile)(process.execPath, ["--input-type=module", "-e", program(level)], {
    cwd: fileURLToPath(new URL("..", import.meta.url))
  })

describe("the log as JSON", () => {
  it("is an object a line, with what every line has, what it is annotated with, and no secret", async () => {
    const { stdout } = await run("info")
    const lines = stdout.trim().split("\n")
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, string>)
    assert.lengthOf(lines, 2)
    assert.deepInclude(first, { level: "info", job: "nightly", span: "Job.run", key: "<redacted>" })
    assert.match(first!["message"]!, /^two\nlines .*redacted/u)
    assert.match(first!["time"]!, /^\d{4}-\d\d-\d\dT.*Z$/u)
    assert.match(first!["trace_id"]!, /^[0-9a-f]{32}$/u)
    assert.deepInclude(second, { level: "error" })
    assert.include(JSON.stringify(second), "boom")
    assert.notInclude(stdout, "secret")
  })

  it("begins at the level that is asked for", async () => {
    assert.lengthOf((await run("debug")).stdout.trim().split("\n"), 3)
    assert.lengthOf((await run("error")).stdout.trim().split("\n"), 1)
  })
})
