/** Requests that are wrong: each gets a problem document, and nothing of them stays. */
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { database, problem, send, serve, type Serving, settings, talk } from "./serving.ts"

const json = { "content-type": "application/json" }
const runs = { method: "POST", path: "/api/v1/runs", headers: json } as const

/** What came over a socket, as an answer. */
const parse = (heard: string) => {
  const [head = "", ...body] = heard.split("\r\n\r\n")
  const [first = "", ...lines] = head.split("\r\n")
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(":", 1)[0]!.toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
  )
  return { status: Number(first.split(" ")[1]), headers, body: body.join("\r\n\r\n") }
}

const well = (serving: Serving) =>
  Effect.gen(function* () {
    const { body, status } = yield* send(serving, { path: "/health/ready" })
    assert.deepStrictEqual([status, body], [200, '{"status":"ok"}'])
  })

/** Sends a byte now and then until it is cut off; gives what it heard, and after how long. */
const trickle = ({ port }: Serving, text: string, millis: number) =>
  Effect.promise(
    () =>
      new Promise<{ readonly heard: string; readonly millis: number }>((resolve) => {
        const startedAt = performance.now()
        // It does not close its own side, as somebody who means ill would not.
        const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
        let heard = ""
        let at = 0
        let isRefused = false
        // Once it was refused it goes on, and only a connection that is gone stops it.
        const timer = setInterval(() => {
          if (at < text.length) socket.write(text[at++]!)
          else if (isRefused) socket.write("x")
        }, millis)
        socket.once("end", () => (isRefused = true))
        socket.setEncoding("utf8").on("data", (chunk) => (heard += chunk))
        socket.on("error", () => undefined)
        socket.once("close", () => {
          clearInterval(timer)
          resolve({ heard, millis: performance.now() - startedAt })
        })
      })
  )

describe("a request that is wrong", () => {
  it.live("gets a problem that says what is wrong with it", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      const said = (body: string) => Effect.map(send(serving, { ...runs, body }), (answer) => problem(answer, 400))
      for (const text of ["{", "", "[]", "null", "1", '"x"', '{"a":}', "\u0000", "\ufeff", '{"days":1e999}']) {
        assert.include(yield* said(text), "the body", text)
      }
      assert.include(yield* said('{"days":"x"}'), "days in the body: Expected number")
      assert.include(yield* said('{"days":0}'), "days in the body")
      assert.include(yield* said('{"days":1e15}'), "days in the body")
      assert.include(yield* said('{"start":"0000-01-01"}'), "start in the body: a date or an instant from 1800")
      assert.include(yield* said('{"symbol":"BTC/USDT"}'), "symbol in the body")
      assert.include(yield* said('{"symbols":["BTC\\u0000"]}'), "control character")
      assert.include(yield* said('{"work":"nothing"}'), 'There is no work "nothing"; there is: backfill')
      assert.include(yield* said('{"source":"file:/etc/passwd"}'), "Files are not named over HTTP")
      const listed = { method: "POST", path: "/api/v1/symbols", headers: json }
      const body = '{"symbol":"X/Y","sources":["file:/etc/passwd"]}'
      assert.include(problem(yield* send(serving, { ...listed, body }), 400), "Files are not named over HTTP")
      const never = '{"work":"gaps","cron":"0 0 30 2 *"}'
      const put = { method: "PUT", path: "/api/v1/jobs/never", headers: json }
      assert.include(problem(yield* send(serving, { ...put, body: never }), 400), "there is no such day")
      problem(yield* send(serving, { path: "/api/v1/jobs/never" }), 404)
      for (const path of [
        "gaps",
        "certificate",
        "candles?symbol=BTC/USDT&timeframe=1d",
        "regimes/market/history?symbol=X"
      ]) {
        const span = `${path}${path.includes("?") ? "&" : "?"}start=2024-01-02&end=2024-01-01`
        assert.include(problem(yield* send(serving, { path: `/api/v1/${span}` }), 400), "is not before end", path)
      }
      for (const query of [
        "symbol=BTC/USDT",
        "source=a%00b",
        "timeframes=7m",
        "source=",
        "counted=yes",
        "__proto__=x"
      ]) {
        const detail = problem(yield* send(serving, { path: `/api/v1/coverage?${query}` }), 400)
        assert.match(detail, new RegExp(`^${query.split("=", 1)[0]}.* in the query: `))
      }
      for (const id of ["0", "-1", "1.5", "1e30", "NaN", "x", "%00", "9".repeat(80)]) {
        assert.include(problem(yield* send(serving, { path: `/api/v1/runs/${id}` }), 400), "id in the address")
      }
      for (const type of ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense"]) {
        const answer = yield* send(serving, { ...runs, headers: { "content-type": type }, body: "{}" })
        assert.include(problem(answer, 415), "application/json")
      }
      for (const depth of [10_000, 250_000]) {
        const deep = `{"cron":"* * * * *","work":"gaps","settings":{"symbols":${"[".repeat(depth)}${"]".repeat(depth)}}}`
        problem(yield* send(serving, { method: "PUT", path: "/api/v1/jobs/deep", headers: json, body: deep }), 400)
      }
      yield* well(serving)
    })
  )

  it.live("that is for nothing there is gets 404, and 405 with what can be done there", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      for (const path of ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v2/coverage", "/%2e%2e/etc/passwd", "/%"]) {
        problem(yield* send(serving, { path }), 404)
      }
      for (const [method, path, allow] of [
        ["DELETE", "/api/v1/coverage", "GET, HEAD"],
        ["PUT", "/api/v1/runs/1", "GET, HEAD"],
        ["PROPFIND", "/api/v1/jobs/x", "GET, HEAD, PUT, PATCH, DELETE"],
        ["TRACE", "/health/live", "GET, HEAD"],
        ["GET", "/api/v1/runs/1/cancel", "POST"]
      ] as const) {
        const answer = yield* send(serving, { method, path })
        problem(answer, 405)
        assert.strictEqual(answer.headers["allow"], allow)
      }
    })
  )

  it.live("that is too large is refused before it is read, whatever it says of its size", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      const body = "x".repeat(10_000_000)
      const before = process.memoryUsage().rss
      const answers = yield* Effect.forEach(
        [{}, { "transfer-encoding": "chunked" }, { expect: "100-continue", "content-length": "10000000" }],
        (headers) => send(serving, { ...runs, headers: { ...json, ...headers }, body })
      )
      for (const answer of answers) problem(answer, 413)
      assert.isBelow(process.memoryUsage().rss - before, 200e6)
      // Less than it says: what follows is no request.
      const head = "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
      const short = yield* talk(serving, `${head}content-length: 2\r\n\r\n{"work":"nothing"}`)
      problem(parse(short), 400)
      for (const lie of [
        "content-length: -1",
        "content-length: 1\r\ncontent-length: 2",
        "content-length: 2\r\ntransfer-encoding: chunked"
      ]) {
        problem(parse(yield* talk(serving, `${head}${lie}\r\n\r\n{}`)), 400)
      }
      yield* well(serving)
    })
  )

  it.live("that is no HTTP gets a problem and is cut off", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      for (const text of [
        "garbage\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001",
        "GET / HTTP/9.9\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nx: \u0000\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      ]) {
        problem(parse(yield* talk(serving, text)), 400)
      }
      problem(parse(yield* talk(serving, `GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`)), 431)
      problem(parse(yield* talk(serving, `GET /${"a".repeat(20_000)} HTTP/1.1\r\n\r\n`)), 431)
      problem(parse(yield* talk(serving, "CONNECT evil.example:80 HTTP/1.1\r\nhost: evil.example\r\n\r\n")), 405)
      problem(parse(yield* talk(serving, "GET /api/v1/coverage HTTP/1.1\r\nconnection: close\r\n\r\n")), 403)
      problem(yield* send(serving, { path: "/api/v1/coverage", headers: { expect: "nonsense" } }), 417)
      const upgrade = {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "x",
        "sec-websocket-version": "13"
      }
      assert.strictEqual((yield* send(serving, { path: "/api/v1/coverage", headers: upgrade })).status, 200)
      yield* well(serving)
    })
  )

  it.live(
    "that does not arrive is given up, and its connection with it",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve(settings(yield* database))
        const head = "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        const slow = yield* Effect.all(
          [
            trickle(serving, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(10_000)}`, 100),
            trickle(serving, `${head}content-length: 100\r\n\r\n`, 1),
            trickle(serving, `${head}content-length: 10000\r\n\r\n${" ".repeat(10_000)}`, 20),
            trickle(serving, `${head}transfer-encoding: chunked\r\n\r\n`, 1)
          ],
          { concurrency: "unbounded" }
        )
        for (const { heard, millis } of slow) {
          problem(parse(heard), 408)
          assert.isBelow(millis, 27_000)
        }
        yield* well(serving)
      }),
    60_000
  )
})
