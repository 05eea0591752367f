import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
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
    "serve leaves out the candles of --holes, and serves --symbols beside recorded ones",
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-emulator-"))),
          (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
        )
        const csv = join(folder, "rows.csv")
        const rows = hours(0, 6).map((open) => `${open},1,2,0.5,1.5,7,${open + 3_599_999},10,3,1,1,0`)
        yield* Effect.promise(() => writeFile(csv, rows.join("\n")))
        const child = yield* emulator(
          "serve",
          "--port=0",
          `--csv=${csv}`,
          "--symbol=ADABTC",
          "--symbols=BTC/USDT",
          "--now=2024-01-01T06:00Z",
          "--holes=2024-01-01T01:00Z..2024-01-01T03:00Z,2024-01-01T04:00Z..2024-01-01T05:00Z"
        )
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(yield* firstLine(child))![0]
        const opens = (symbol: string) =>
          HttpClient.get(`${url}/api/v3/klines?symbol=${symbol}&interval=1h&startTime=${start}&limit=6`).pipe(
            Effect.flatMap((response) => response.json),
            Effect.map((body) => (body as unknown as ReadonlyArray<Row>).map(([open]) => open))
          )
        const [first, , , fourth, , sixth, seventh] = hours(0, 7)
        assert.deepStrictEqual(yield* opens("ADABTC"), [first, fourth, sixth])
        assert.deepStrictEqual(yield* opens("BTCUSDT"), [first, fourth, sixth, seventh])
      }).pipe(Effect.provide(client)),
    20_000
  )

  it.live(
    "a hole that ends before it begins is refused",
    () =>
      Effect.gen(function* () {
        const backwards = "--holes=2024-01-02..2024-01-01"
        const { code, text } = yield* exit(yield* emulator("serve", "--port=0", backwards))
        assert.notStrictEqual(code, 0)
        assert.include(text, "such as 2024-01-01T02:00Z..2024-01-01T05:00Z")
      }),
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
