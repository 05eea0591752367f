import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { client, hours, start, type Row } from "./Wire.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** The command, interrupted when the scope ends. */
const emulator = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
type Child = Effect.Success<ReturnType<typeof emulator>>

const firstLine = (child: Child): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (text.includes("\n")) resume(Effect.succeed(text.slice(0, text.indexOf("\n"))))
    })
  })

const exit = (child: Child): Effect.Effect<{ readonly code: number | null; readonly text: string }> =>
  Effect.callback((resume) => {
    let text = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (text += chunk))
    child.once("close", (code) => resume(Effect.succeed({ code, text })))
  })

describe("emulator", () => {
  it.live(
    "serve says where it listens, serves the synthetic market as of --now, and ends when interrupted",
    () =>
      Effect.gen(function* () {
        const child = yield* emulator(
          "serve",
          "--port",
          "0",
          "--now",
          "2024-01-01T02:30Z",
          "--faults",
          "server-error:503"
        )
        const line = yield* firstLine(child)
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)![0]
        assert.include(line, `BINANCE_BASE_URL=${url}`)
        assert.include(line, "ETHUSDT 1m")
        const ask = HttpClient.get(`${url}/api/v3/klines?symbol=ETHUSDT&interval=1h&limit=2`)
        assert.strictEqual((yield* ask).status, 503)
        const rows = (yield* Effect.flatMap(ask, (response) => response.json)) as unknown as ReadonlyArray<Row>
        assert.deepStrictEqual(
          rows.map(([open]) => open),
          hours(1, 2)
        )
        assert.isAbove(Number(rows[0]![6]), start)
        child.kill("SIGINT")
        assert.strictEqual((yield* exit(child)).code, 130)
      }).pipe(Effect.provide(client)),
    20_000
  )

  it.live(
    "a fault that there is not is refused with a list of those that there are",
    () =>
      Effect.gen(function* () {
        const { code, text } = yield* exit(yield* emulator("serve", "--port", "0", "--faults", "html,stal"))
        assert.notStrictEqual(code, 0)
        assert.include(text, 'there is no fault "stal"; there are rate-limited,')
      }),
    20_000
  )
})
