/** Webhooks on loopback that take what they are sent, fail at times, say nothing, or are not there. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Notify, Settings } from "@tidemark/alerts"
import { Alert, AlertStore } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"

const minute = 60_000
const secret = "T000-very-secret"

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A webhook; `answer` says with which status, or that it says nothing. */
const receiver = (answer: (count: number) => number | undefined) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly url: string; readonly heard: Array<Heard>; readonly close: () => void }>((resolve) => {
          const heard: Array<Heard> = []
          const server = createServer((request, response) => {
            let body = ""
            request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
            request.on("end", () => {
              heard.push({ headers: request.headers, body })
              const status = answer(heard.length)
              if (status !== undefined) response.writeHead(status).end("whatever")
            })
          })
          server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo
            const close = () => {
              server.closeAllConnections()
              server.close()
            }
            resolve({ url: `http://127.0.0.1:${port}/${secret}`, heard, close })
          })
        })
    ),
    ({ close }) => Effect.sync(close)
  )

const layer = Layer.merge(
  DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer)),
  NodeHttpClient.layerUndici
)

const using =
  (...webhooks: ReadonlyArray<Settings.Webhook>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideService(effect, Settings.Alerting, Settings.make({}, { database: "test", file: undefined, webhooks }))

const look = Effect.fnUntraced(function* (
  subjects: ReadonlyArray<string>,
  ...webhooks: ReadonlyArray<Settings.Webhook>
) {
  const store = yield* AlertStore.AlertStore
  const at = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
  yield* store.look({
    at,
    kinds: Alert.kinds,
    lingerMillis: 10 * minute,
    webhooks: webhooks.map(({ id }) => id),
    conditions: subjects.map((subject) => ({ kind: "failed-job", severity: "critical", subject, message: subject }))
  })
})

describe("a webhook", () => {
  it.effect("is told once, with a name for what it is told, in its own shape", () =>
    Effect.gen(function* () {
      const [slack, plain] = [yield* receiver(() => 200), yield* receiver(() => 204)]
      const both = [Settings.webhook(slack.url, "slack")!, Settings.webhook(plain.url)!]
      yield* look(["nightly"], ...both)
      const told = yield* Notify.deliver.pipe(using(...both))
      assert.deepStrictEqual(
        told.map(({ error, notices }) => [notices, error]),
        [
          [1, undefined],
          [1, undefined]
        ]
      )
      assert.lengthOf(yield* Notify.deliver.pipe(using(...both)), 0)
      const [said] = slack.heard
      assert.strictEqual(said!.headers["content-type"], "application/json")
      assert.include(JSON.parse(said!.body).text, "nightly")
      assert.include(JSON.parse(said!.body).text, said!.headers["idempotency-key"])
      const sent = JSON.parse(plain.heard[0]!.body)
      assert.strictEqual(sent.id, plain.heard[0]!.headers["idempotency-key"])
      assert.deepInclude(sent.groups[0].notices[0], { what: "fired", kind: "failed-job", subject: "nightly" })
      assert.deepStrictEqual([slack.heard.length, plain.heard.length], [1, 1])
    }).pipe(Effect.provide(layer))
  )

  it.effect(
    "that fails is told again later, after waits that grow, the same under the same name, and the others meanwhile",
    () =>
      Effect.gen(function* () {
        const bad = yield* receiver((count) => (count <= 2 ? 503 : 200))
        const good = yield* receiver(() => 200)
        const both = [Settings.webhook(bad.url)!, Settings.webhook(good.url)!]
        const lines: Array<string> = []
        const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
        const deliver = Notify.deliver.pipe(using(...both), Effect.provide(logger))
        yield* look(["one"], ...both)
        const [first] = yield* deliver
        assert.strictEqual(first!.error, "it answered 503")
        yield* look(["one", "two"], ...both)
        assert.lengthOf(yield* deliver, 1)
        yield* TestClock.adjust(minute - 1)
        assert.lengthOf(yield* deliver, 0)
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* deliver)[0]!.error, "it answered 503")
        yield* TestClock.adjust(minute)
        assert.lengthOf(yield* deliver, 0)
        yield* TestClock.adjust(minute)
        assert.isUndefined((yield* deliver)[0]!.error)
        assert.isUndefined((yield* deliver)[0]!.error)
        const [a, b, c, d] = bad.heard
        assert.lengthOf(bad.heard, 4)
        assert.deepStrictEqual([b!.body, c!.body], [a!.body, a!.body])
        assert.include(d!.body, "two")
        assert.lengthOf(good.heard, 2)
        assert.lengthOf(lines, 2)
        assert.notInclude(lines.join("\n"), secret)
      }).pipe(Effect.provide(layer))
  )

  it.effect("that is not there costs an error without its URL", () =>
    Effect.gen(function* () {
      const gone = Settings.webhook(`http://127.0.0.1:9/${secret}`)!
      yield* look(["one"], gone)
      const [told] = yield* Notify.deliver.pipe(using(gone))
      assert.strictEqual(told!.error, "ECONNREFUSED")
      assert.notInclude(JSON.stringify(yield* (yield* AlertStore.AlertStore).webhooks), secret)
      assert.notInclude(JSON.stringify(told), secret)
    }).pipe(Effect.provide(layer))
  )

  it.effect("that says nothing is given up after seconds; who is told to stop meanwhile ends after them", () =>
    Effect.gen(function* () {
      const silent = yield* receiver(() => undefined)
      const webhook = Settings.webhook(silent.url)!
      yield* look(["one"], webhook)
      const fiber = yield* Effect.forkChild(Notify.deliver.pipe(using(webhook)))
      while (silent.heard.length === 0) yield* TestClock.withLive(Effect.sleep("2 millis"))
      const stopping = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(stopping)
      const [state] = yield* (yield* AlertStore.AlertStore).webhooks
      assert.deepInclude(state, { pending: 1, failures: 1, error: "no answer within 5 s" })
    }).pipe(Effect.provide(layer))
  )

  it.effect("says whether it takes a test message", () =>
    Effect.gen(function* () {
      const [good, bad] = [yield* receiver(() => 200), yield* receiver(() => 404)]
      const both = [Settings.webhook(good.url, "slack")!, Settings.webhook(bad.url)!]
      const answers = yield* Notify.test.pipe(using(...both))
      assert.deepStrictEqual(
        answers.map(({ error, status }) => [status, error]),
        [
          [200, undefined],
          [404, "it answered 404"]
        ]
      )
      assert.include(good.heard[0]!.body, "a test")
    }).pipe(Effect.provide(layer))
  )
})
