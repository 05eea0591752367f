/** Ten thousand requests that are wrong in every way: the daemon answers each, and goes on. */
import { Agent, request as nodeRequest } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { PostgresServer } from "@tidemark/postgres"
import { Effect, Redacted, Stream } from "effect"
import * as requests from "./requests.ts"
import { type Answer, type Asked, database, send, serve, type Serving, settings } from "./serving.ts"

const count = Number(process.env["TIDEMARK_FUZZ_REQUESTS"] ?? 10_000)
const seed = Number(process.env["TIDEMARK_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))
const atOnce = 16
const longestMillis = 15_000

interface Answered extends Answer {
  readonly millis: number
}

const asking = ({ port }: Serving, agent: Agent) =>
  Effect.fnUntraced(function* ({ body, headers, method = "GET", path }: Asked) {
    return yield* Effect.promise(
      () =>
        new Promise<Answered>((resolve) => {
          const startedAt = performance.now()
          const end = (answer: Answer) => resolve({ ...answer, millis: performance.now() - startedAt })
          const failed = (error: Error) => end({ status: 0, headers: {}, body: String(error) })
          const request = nodeRequest(
            { host: "127.0.0.1", port, method, path, headers: headers as Record<string, string>, agent },
            (response) => {
              const chunks: Array<Buffer> = []
              response.on("data", (chunk: Buffer) => chunks.push(chunk))
              response.once("error", failed)
              response.once("end", () =>
                end({
                  status: response.statusCode!,
                  headers: response.headers,
                  body: Buffer.concat(chunks).toString("utf8")
                })
              )
            }
          )
          request.setTimeout(longestMillis, () => request.destroy(new Error("no answer")))
          request.once("error", failed)
          request.end(body)
        })
    )
  })

/** What is wrong with an answer; nothing if it is as it should be. */
const wrong = ({ method }: Asked, { body, headers, millis, status }: Answered): string | undefined => {
  if (status === 0) return body
  if (status >= 500) return `status ${status}`
  if (millis > longestMillis) return `${millis} ms`
  if (status < 400) return undefined
  if (headers["content-type"] !== "application/problem+json") return `${status} as ${headers["content-type"]}`
  if (method === "HEAD") return undefined
  const document = JSON.parse(body) as Record<string, unknown>
  if (document["status"] !== status) return `status ${status} says ${String(document["status"])}`
  const absent = ["type", "title", "detail"].filter(
    (member) => typeof document[member] !== "string" || document[member] === ""
  )
  return absent.length === 0 ? undefined : `no ${absent.join(", ")}`
}

/** A little of everything, so that questions have answers. */
const filled = Effect.fnUntraced(function* ({ ask }: Serving, key: Redacted.Redacted) {
  yield* ask(
    ({ symbols }) => symbols.add({ payload: { symbol: "BTC/USDT", sources: ["synthetic"], active: false } }),
    key
  )
  for (const payload of [
    { symbols: ["BTC/USDT"], timeframes: ["1h", "1d"], source: "synthetic", start: "2020-01-01", end: "2020-06-01" },
    { work: "features" },
    { work: "market" },
    { work: "structure" }
  ] as const) {
    const { id } = yield* ask(({ runs }) => runs.start({ payload }), key)
    yield* ask(({ runs }) => Effect.flatMap(runs.events({ params: { id } }), (events) => Stream.runDrain(events)), key)
  }
})

const answers = Effect.fnUntraced(function* (databaseUrl: string, count: number) {
  const key = Redacted.make("fuzz")
  const serving = yield* serve(settings(databaseUrl, { key }))
  yield* filled(serving, key)
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
  const ask = asking(serving, agent)
  const next = requests.from(seed)
  const wrongs: Array<string> = []
  const statuses = new Map<number, number>()
  yield* Effect.forEach(
    Array.from({ length: count }, (_, i) => [i, next()] as const),
    ([i, asked]) =>
      Effect.map(ask(asked), (answer) => {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const what = wrong(asked, answer)
        if (what === undefined) return
        const { body, headers, method, path } = asked
        wrongs.push(
          `${i} ${method} ${path.slice(0, 300)} ${JSON.stringify(headers)} ${String(body).slice(0, 300)}\n  ${what}: ${answer.body.slice(0, 500)}`
        )
      }),
    { concurrency: atOnce, discard: true }
  )
  const told = `seed ${seed}; ${[...statuses]
    .toSorted(([a], [b]) => a - b)
    .map(([status, times]) => `${times} × ${status}`)
    .join(", ")}`
  yield* Effect.logInfo(told)
  assert.deepStrictEqual(
    wrongs.slice(0, 20),
    [],
    `${wrongs.length} wrong answers; ${told}\n${serving
      .log()
      .split("\n")
      .filter((line) => /level=(ERROR|WARN)/.test(line))
      .slice(0, 10)
      .join("\n")}`
  )
  // The rarest of them is one of a thousand.
  for (const status of count < 10_000 ? [] : [200, 201, 202, 400, 401, 404, 405, 409, 413, 415]) {
    assert.isAtLeast(statuses.get(status) ?? 0, 1, `none of ${status}: ${told}`)
  }
  assert.strictEqual((yield* send(serving, { path: "/health/ready" })).body, '{"status":"ok"}')
  const rows = yield* ask({
    path: "/api/v1/coverage?symbols=BTC/USDT&timeframes=1d",
    headers: { "x-api-key": "fuzz" }
  })
  assert.strictEqual(rows.status, 200)
  assert.include(rows.body, '"symbol":"BTC/USDT"')
  assert.notInclude(serving.log(), "level=ERROR")
})

const sentence = "are each answered, with a problem where they are refused, and nothing of them stays"

describe("ten thousand wrong requests", () => {
  it.live(sentence, () => Effect.flatMap(database, (url) => answers(url, count)), 180_000)
})

describe("two thousand wrong requests over Postgres", () => {
  it.live(
    sentence,
    () =>
      Effect.gen(function* () {
        const server = yield* PostgresServer.PostgresServer
        // It takes several round trips to a server for one into a file.
        yield* answers(yield* server.database, Math.ceil(count / 5))
      }).pipe(Effect.provide(PostgresServer.PostgresServer.layer)),
    180_000
  )
})
