/** Who is let in, as somebody who tries to get in sees it. */
import { assert, describe, it } from "@effect/vitest"
import { KeyStore } from "@tidemark/core"
import { ApiKey } from "@tidemark/runtime"
import { Cause, Effect, Exit, Option, Redacted } from "effect"
import * as Headers from "effect/http/Headers"
import * as Admission from "../src/http/Admission.ts"
import {
  type Answer,
  type Asked,
  database,
  problem,
  send,
  serve,
  type Serving,
  settings,
  withStores
} from "./serving.ts"

type Sent = NonNullable<Asked["headers"]>

const json = { "content-type": "application/json" }
const withKey = (key: string): Record<string, string> => ({ ...json, "x-api-key": key })

/** Stores a key that the daemon finds there. */
const stored = (url: string, name: string, scope: KeyStore.Scope) =>
  withStores(settings(url))(
    Effect.gen(function* () {
      const { kept, key } = yield* ApiKey.make({ name, scope })
      yield* (yield* KeyStore.KeyStore).add(kept)
      return { id: kept.id, hash: kept.hash, key: Redacted.value(key) }
    })
  )

const created = (serving: Serving, scope: KeyStore.Scope, key: string | undefined) =>
  send(serving, {
    method: "POST",
    path: "/api/v1/keys",
    headers: key === undefined ? json : { ...withKey(key) },
    body: JSON.stringify({ name: scope, scope })
  })

const bodyOf = ({ body, status }: Answer, expected: number) => {
  assert.strictEqual(status, expected, body)
  return JSON.parse(body)
}

/** Something that only a write may do. */
const write = (headers: Sent): Asked => ({
  method: "POST",
  path: "/api/v1/runs",
  headers: { ...json, ...headers },
  body: JSON.stringify({ work: "nothing" })
})

const read = (headers: Sent = {}): Asked => ({ path: "/api/v1/coverage", headers })

describe("while there is no key", () => {
  it.live("programs on this machine are let in, and nobody else", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database, { cors: ["http://good.example"] }))
      const ask = (asked: Asked) => send(serving, asked)
      for (const host of ["localhost", "127.0.0.1:1", `127.0.0.1:${serving.port}`, "[::1]:8430"]) {
        bodyOf(yield* ask(read({ host })), 200)
      }
      // A name that somebody has pointed here is a page's way in.
      for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"]) {
        assert.include(problem(yield* ask(read({ host })), 403), "tidemark keys create")
      }
      // Browsers send this without asking first, and keep only the answer from the page.
      for (const origin of ["http://evil.example", "http://localhost:3000", "null"]) {
        problem(yield* ask(write({ origin })), 403)
        problem(yield* ask({ method: "POST", path: "/api/v1/jobs/gaps/run", headers: { origin } }), 403)
      }
      const own = `http://127.0.0.1:${serving.port}`
      for (const origin of [own, "http://good.example"]) problem(yield* ask(write({ origin })), 400)
    })
  )

  it.live("the server refuses to listen where others can reach it, and names the way out", () =>
    Effect.gen(function* () {
      const url = yield* database
      const exit = yield* Effect.exit(Effect.scoped(serve(settings(url, { host: "0.0.0.0" }))))
      assert.isTrue(Exit.isFailure(exit))
      const said = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
      for (const word of ["0.0.0.0", "tidemark keys create", "TIDEMARK_API_KEY", "127.0.0.1"])
        assert.include(said, word)
      const withOwn = { host: "0.0.0.0", key: Redacted.make("open sesame") }
      const serving = yield* serve(settings(url, withOwn))
      problem(yield* send(serving, read()), 401)
      bodyOf(yield* send(serving, read(withKey("open sesame"))), 200)
    })
  )
})

describe("with keys", () => {
  it.live("the first is for writing; from then on everybody needs one, and one for reading changes nothing", () =>
    Effect.gen(function* () {
      const serving = yield* serve(settings(yield* database))
      assert.include(problem(yield* created(serving, "read", undefined), 409), "for writing first")
      const { key: writer } = bodyOf(yield* created(serving, "write", undefined), 201)
      assert.include(problem(yield* send(serving, read()), 401), "X-API-Key")
      problem(yield* created(serving, "read", undefined), 401)
      const { id, key: reader } = bodyOf(yield* created(serving, "read", writer), 201)
      bodyOf(yield* send(serving, read(withKey(reader))), 200)
      bodyOf(yield* send(serving, read(withKey(writer))), 200)
      for (const [method, path] of [
        ["POST", "/api/v1/runs"],
        ["POST", "/api/v1/runs/1/cancel"],
        ["PUT", "/api/v1/jobs/x"],
        ["PATCH", "/api/v1/jobs/gaps"],
        ["DELETE", "/api/v1/jobs/gaps"],
        ["POST", "/api/v1/jobs/gaps/run"],
        ["POST", "/api/v1/symbols"],
        ["PATCH", "/api/v1/symbols/AAPL"],
        ["DELETE", "/api/v1/symbols/AAPL"],
        ["POST", "/api/v1/keys"],
        ["DELETE", `/api/v1/keys/${id}`]
      ] as const) {
        assert.include(problem(yield* send(serving, { method, path, headers: withKey(reader) }), 403), "is for reading")
      }
      // The key names an address of this machine no more than any other: it is the key that counts.
      bodyOf(yield* send(serving, read({ ...withKey(reader), host: "tidemark.example" })), 200)
      assert.strictEqual(
        (yield* send(serving, { method: "DELETE", path: `/api/v1/keys/${id}`, headers: withKey(writer) })).status,
        204
      )
      assert.include(problem(yield* send(serving, read(withKey(reader))), 401), "revoked")
    })
  )

  it.live("a wrong key opens nothing, however nearly right it is", () =>
    Effect.gen(function* () {
      const url = yield* database
      const { id, key } = yield* stored(url, "one", "write")
      const serving = yield* serve(settings(url))
      const last = key.at(-1) === "A" ? "B" : "A"
      const wrong = [
        key.slice(0, -1) + last,
        key.slice(0, -1),
        `${key}A`,
        key.toUpperCase(),
        `tmk_${id}_${"A".repeat(43)}`,
        `tmk_${"0".repeat(12)}_${key.slice(-43)}`,
        "x",
        "__proto__",
        "' OR 1=1 --",
        "x".repeat(10_000)
      ]
      for (const one of wrong) problem(yield* send(serving, read(withKey(one))), 401)
      problem(yield* send(serving, read({ "x-api-key": [key, key] })), 401)
      // Nowhere else is a key looked for.
      problem(yield* send(serving, { path: `/api/v1/coverage?x-api-key=${key}`, headers: {} }), 401)
      problem(yield* send(serving, read({ cookie: `x-api-key=${key}`, authorization: `Bearer ${key}` })), 401)
      bodyOf(yield* send(serving, read(withKey(key))), 200)
    })
  )

  it.live("where the last key was revoked while others can reach it, nobody gets in from there", () =>
    Effect.gen(function* () {
      const url = yield* database
      const { id, key } = yield* stored(url, "one", "write")
      const serving = yield* serve(settings(url, { host: "0.0.0.0" }))
      assert.strictEqual(
        (yield* send(serving, { method: "DELETE", path: `/api/v1/keys/${id}`, headers: withKey(key) })).status,
        204
      )
      problem(yield* send(serving, read(withKey(key))), 401)
      // From this machine it is as on the first day; from another the address of the sender gives it away.
      bodyOf(yield* send(serving, read()), 200)
      const sent = { headers: Headers.fromInput({ host: "localhost" }) }
      for (const [address, isNear] of [
        ["127.0.0.1", true],
        ["::1", true],
        ["::ffff:127.0.0.1", true],
        ["192.0.2.7", false],
        ["2001:db8::1", false]
      ] as const) {
        assert.strictEqual(Admission.isNear({ ...sent, remoteAddress: Option.some(address) }, []), isNear, address)
      }
    })
  )

  it.live("what is measured is told to Prometheus, with a key where one is needed", () =>
    Effect.gen(function* () {
      const url = yield* database
      const { key } = yield* stored(url, "prometheus", "read")
      const serving = yield* serve(settings(url))
      const other = yield* database
      yield* stored(other, "somebody", "write")
      const strict = yield* serve(settings(other, { requestsPerSecond: 5 }))
      problem(yield* send(serving, { path: "/metrics" }), 401)
      problem(yield* send(serving, { path: "/metrics", headers: { authorization: "Bearer no" } }), 401)
      const tried = yield* Effect.forEach(
        Array.from({ length: 40 }, () => 0),
        () => send(strict, { path: "/metrics", headers: { authorization: "Bearer no" } }),
        { concurrency: 10 }
      )
      assert.isAbove(tried.filter(({ status }) => status === 429).length, 20)
      for (const headers of [{ "x-api-key": key }, { authorization: `Bearer ${key}` }]) {
        const answer = yield* send(serving, { path: "/metrics", headers })
        assert.strictEqual(answer.status, 200)
        assert.match(answer.headers["content-type"]!, /^text\/plain; version=0\.0\.4/)
      }
    })
  )

  it.live("a key is in no log, no list and no table; each write has its line, with who and what came of it", () =>
    Effect.gen(function* () {
      const url = yield* database
      const { hash, id, key } = yield* stored(url, "alice", "write")
      const serving = yield* serve(settings(url, { key: Redacted.make("the daemon's own") }))
      const answers = [
        yield* send(serving, write(withKey(key))),
        yield* send(serving, { ...write(withKey(key)), body: "{" }),
        yield* send(serving, { ...write(withKey(key)), body: "x".repeat(2_000_000) }),
        yield* send(serving, { ...write({ ...withKey(key), "content-type": "text/plain" }) }),
        yield* send(serving, write(withKey("the daemon's own"))),
        yield* send(serving, write(withKey(`${key}x`))),
        yield* send(serving, { path: "/api/v1/keys", headers: withKey(key) }),
        yield* send(serving, { path: "/openapi.json" })
      ]
      assert.deepStrictEqual(
        answers.map(({ status }) => status),
        [400, 400, 413, 415, 400, 401, 200, 200]
      )
      const audit = serving
        .log()
        .split("\n")
        .filter((line) => line.includes("audit=true"))
      assert.deepStrictEqual(
        audit.map((line) => /status=(\d+)/.exec(line)?.[1]),
        ["400", "400", "413", "415", "400"]
      )
      for (const line of audit.slice(0, 4)) assert.match(line, /POST \/api\/v1\/runs by alice/)
      assert.include(audit[4], "TIDEMARK_API_KEY")
      const everything = [serving.log(), ...answers.map(({ body, headers }) => body + JSON.stringify(headers))].join(
        "\n"
      )
      for (const secret of [key, key.slice(-43), hash, "the daemon's own"]) assert.notInclude(everything, secret)
      assert.include(everything, id)
      const made = bodyOf(yield* created(serving, "read", key), 201)
      assert.match(made.key, /^tmk_/)
      assert.notInclude(serving.log(), made.key)
    })
  )

  it.live("what is kept of a key is its hash", () =>
    Effect.gen(function* () {
      const url = yield* database
      const given = settings(url)
      const made = yield* Effect.scoped(
        Effect.map(
          Effect.flatMap(serve(given), (serving) => created(serving, "write", undefined)),
          (answer) => bodyOf(answer, 201)
        )
      )
      const kept = yield* withStores(given)(Effect.flatMap(KeyStore.KeyStore, ({ valid }) => valid))
      assert.lengthOf(kept, 1)
      assert.match(kept[0]!.hash, /^[0-9a-f]{64}$/)
      assert.notInclude(JSON.stringify(kept), made.key.slice(-43))
      const { readFile } = yield* Effect.promise(() => import("node:fs/promises"))
      const bytes = yield* Effect.promise(() => readFile(url.slice("duckdb:".length)))
      assert.isFalse(bytes.includes(made.key.slice(-43)), "the key is in the file")
    })
  )
})

describe("limits of a caller", () => {
  it.live("who asks too much is told to wait, and others are answered meanwhile", () =>
    Effect.gen(function* () {
      const url = yield* database
      const [one, other] = [yield* stored(url, "one", "write"), yield* stored(url, "other", "read")]
      const serving = yield* serve(settings(url, { requestsPerSecond: 5 }))
      const many = (key: string) =>
        Effect.forEach(Array.from({ length: 30 }), () => send(serving, read(withKey(key))), { concurrency: 30 })
      const refused = (yield* many(one.key)).filter(({ status }) => status !== 200)
      assert.isAtLeast(refused.length, 15)
      for (const answer of refused) {
        assert.include(problem(answer, 429), "5 requests a second")
        assert.strictEqual(answer.headers["retry-after"], "1")
      }
      bodyOf(yield* send(serving, read(withKey(other.key))), 200)
      // Whoever tries keys is slowed down too, and keeps nobody out who has one.
      const tried = yield* many(`tmk_${one.id}_${"A".repeat(43)}`)
      assert.isAtLeast(tried.filter(({ status }) => status === 429).length, 15)
      bodyOf(yield* send(serving, read(withKey(other.key))), 200)
    })
  )
})

describe("browsers", () => {
  it.live("are told to keep answers from other sites' pages, unless such a site is named", () =>
    Effect.gen(function* () {
      const preflight: Asked = {
        method: "OPTIONS",
        path: "/api/v1/coverage",
        headers: { origin: "http://good.example", "access-control-request-method": "GET" }
      }
      const closed = yield* serve(settings(yield* database))
      problem(yield* send(closed, preflight), 405)
      const { headers } = yield* send(closed, read())
      assert.isUndefined(headers["access-control-allow-origin"])
      assert.deepInclude(headers, {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
      })
      const open = yield* serve(settings(yield* database, { cors: ["http://good.example"] }))
      const allowed = yield* send(open, preflight)
      assert.strictEqual(allowed.status, 204)
      assert.strictEqual(allowed.headers["access-control-allow-origin"], "http://good.example")
      assert.include(String(allowed.headers["access-control-allow-headers"]).toLowerCase(), "x-api-key")
      const other = yield* send(open, {
        ...preflight,
        headers: { ...preflight.headers, origin: "http://evil.example" }
      })
      assert.notStrictEqual(other.headers["access-control-allow-origin"], "http://evil.example")
      assert.notStrictEqual(other.headers["access-control-allow-origin"], "*")
      // Where the next page is, is in a header.
      const page = yield* send(open, { ...read(), headers: { origin: "http://good.example" } })
      assert.include(String(page.headers["access-control-expose-headers"]).split(","), "link")
      // Problems too can be read by the page that is allowed to ask.
      const refused = yield* send(open, { path: "/nothing", headers: { origin: "http://good.example" } })
      problem(refused, 404)
      assert.strictEqual(refused.headers["access-control-allow-origin"], "http://good.example")
    })
  )
})
