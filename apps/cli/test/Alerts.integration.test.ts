/** Alerts as people see them, and a test message that arrives or does not. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Alert, AlertStore } from "@tidemark/core"
import { Stores } from "@tidemark/runtime"
import { Effect } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Tidemark from "./tidemark.ts"

const secret = "T000-very-secret"

/** A webhook on loopback that answers with `status`. */
const receiver = (status: number) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly url: string; readonly heard: Array<string>; readonly close: () => void }>((resolve) => {
          const heard: Array<string> = []
          const server = createServer((request, response) => {
            let body = ""
            request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
            request.on("end", () => {
              heard.push(body)
              response.writeHead(status).end()
            })
          })
          server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo
            resolve({ url: `http://127.0.0.1:${port}/${secret}`, heard, close: () => void server.close() })
          })
        })
    ),
    ({ close }) => Effect.sync(close)
  )

describe("tidemark alerts", () => {
  it.live("lists what is open, and with --all what is over", () =>
    Effect.gen(function* () {
      const cwd = yield* Tidemark.folder
      const env = { DATABASE_URL: `duckdb:${cwd}/x.duckdb` }
      const at = Date.parse("2026-03-02T12:00:00Z")
      const condition = (subject: string): Alert.Condition => ({
        kind: "failed-job",
        subject,
        severity: "critical",
        message: `job ${subject} failed`
      })
      yield* Effect.gen(function* () {
        const store = yield* AlertStore.AlertStore
        const looking = { kinds: Alert.kinds, lingerMillis: 0, webhooks: [] }
        yield* store.look({ ...looking, at, conditions: [condition("first")] })
        yield* store.look({ ...looking, at: at + 60_000, conditions: [condition("second")] })
      }).pipe(Effect.provide(Stores.layer(env.DATABASE_URL, "write")), Effect.provide(NodeServices.layer))
      const open = yield* Tidemark.run(["alerts", "list"], { cwd, env })
      assert.strictEqual(open.code, 0, open.stderr)
      assert.include(open.stdout, "1 alert open")
      assert.include(open.stdout, "job second failed")
      assert.notInclude(open.stdout, "first")
      const all = yield* Tidemark.run(["alerts", "list", "--all", "--json"], { cwd, env })
      assert.deepStrictEqual(Tidemark.parse(all), [
        {
          ...condition("second"),
          first_at: "2026-03-02T12:01Z",
          last_at: "2026-03-02T12:01Z",
          resolved_at: null
        },
        {
          ...condition("first"),
          first_at: "2026-03-02T12:00Z",
          last_at: "2026-03-02T12:00Z",
          resolved_at: "2026-03-02T12:01Z"
        }
      ])
    })
  )

  it.live("sends a test message to every webhook, and fails if one does not take it; no URL is ever shown", () =>
    Effect.gen(function* () {
      const cwd = yield* Tidemark.folder
      const [good, bad] = [yield* receiver(200), yield* receiver(500)]
      const test = (env: Record<string, string>, ...flags: ReadonlyArray<string>) =>
        Tidemark.run(["alerts", "test", ...flags], { cwd, env })
      const none = yield* test({})
      assert.strictEqual(none.code, 2)
      assert.include(none.stderr, "TIDEMARK_ALERT_WEBHOOK")
      const well = yield* test({ TIDEMARK_ALERT_WEBHOOK: good.url, TIDEMARK_ALERT_WEBHOOK_SHAPE: "slack" })
      assert.strictEqual(well.code, 0, well.stderr)
      assert.include(well.stdout, "delivered (200)")
      assert.include(good.heard[0], "a test")
      yield* Effect.promise(() =>
        import("node:fs/promises").then(({ writeFile }) =>
          writeFile(`${cwd}/tidemark.json`, JSON.stringify({ alerts: { webhooks: [{ url: bad.url }] } }))
        )
      )
      const ill = yield* test({ TIDEMARK_ALERT_WEBHOOK: good.url }, "--json")
      assert.strictEqual(ill.code, 1)
      assert.deepStrictEqual(
        Tidemark.parse<ReadonlyArray<Tidemark.Row>>(ill).map(({ delivered, error, status }) => [
          delivered,
          status,
          error
        ]),
        [
          [false, 500, "it answered 500"],
          [true, 200, null]
        ]
      )
      for (const { stderr, stdout } of [none, well, ill]) assert.notInclude(stdout + stderr, secret)
    })
  )
})
