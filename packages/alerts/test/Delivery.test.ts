/** Whatever is seen, and wherever the process is killed: each webhook is told everything, once and in order. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Notify, Settings } from "@tidemark/alerts"
import { Alert, AlertStore } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Exit, Layer, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { TestClock } from "effect/testing"

const minute = 60_000
const linger = 10 * minute
const layer = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

/** A watch: what holds, how long after the last, whether the receiver answers, and at which step it is killed (0: never). */
const Watched = Schema.Struct({
  holds: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 })),
  afterMinutes: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })),
  isUp: Schema.Boolean,
  kill: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 }))
})
const watches = Schema.Array(Watched).check(Schema.isMaxLength(14))

interface Told {
  readonly what: string
  readonly subject: string
}

const bySubject = (told: ReadonlyArray<Told>) =>
  Object.fromEntries(
    [...Map.groupBy(told, ({ subject }) => subject)].map(([subject, own]) => [subject, own.map(({ what }) => what)])
  )

/** The store, and a receiver, that end the process at a step of their own. */
const killable = (inner: AlertStore.AlertStore["Service"]) => {
  const state = { kill: 0, isUp: true }
  const expected: Array<Told> = []
  const received = new Map<string, ReadonlyArray<Told>>()
  const repeated: Array<string> = []
  const step = Effect.suspend(() => (--state.kill === 0 ? Effect.die("killed") : Effect.void))
  const around = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    step.pipe(
      Effect.andThen(effect),
      Effect.tap(() => step)
    )
  const store = AlertStore.AlertStore.of({
    ...inner,
    look: (looking) =>
      around(
        Effect.tap(inner.look(looking), (notices) =>
          Effect.sync(() => expected.push(...notices.map(({ alert, what }) => ({ what, subject: alert.subject }))))
        )
      ),
    claim: (claiming) => around(inner.claim(claiming)),
    delivered: (batch) => around(inner.delivered(batch)),
    failed: (batch) => around(inner.failed(batch))
  })
  const client = HttpClient.make((request) =>
    around(
      Effect.sync(() => {
        const { body } = request
        const sent = JSON.parse(new TextDecoder().decode((body as unknown as { body: Uint8Array }).body))
        if (state.isUp) {
          if (received.has(sent.id)) repeated.push(sent.id)
          const notices: ReadonlyArray<Told> = sent.groups.flatMap(
            (group: { notices: ReadonlyArray<Told> }) => group.notices
          )
          const mine = notices.map(({ subject, what }) => ({ subject, what }))
          if (received.has(sent.id)) assert.deepStrictEqual(mine, received.get(sent.id))
          received.set(sent.id, mine)
        }
        return HttpClientResponse.fromWeb(request, new Response("", { status: state.isUp ? 200 : 503 }))
      })
    )
  )
  return { state, expected, received, repeated, store, client }
}

describe("deliveries", () => {
  it.effect.prop(
    "of any looks, with kills between any two steps and a receiver that fails at times, are neither lost nor doubled",
    [watches],
    ([all]) =>
      Effect.gen(function* () {
        const subjects = ["a", "b", "c"]
        const webhook = Settings.webhook("https://example.com/hook")!
        const { client, expected, received, repeated, state, store } = killable(yield* AlertStore.AlertStore)
        const watch = Effect.fnUntraced(function* (holds: number) {
          const conditions = subjects
            .filter((_, i) => (holds & (1 << i)) !== 0)
            .map((subject): Alert.Condition => ({
              kind: "failed-job",
              severity: "critical",
              subject,
              message: subject
            }))
          const at = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          yield* store.look({ at, conditions, kinds: Alert.kinds, lingerMillis: linger, webhooks: [webhook.id] })
          yield* Notify.deliver
        })
        const settings = Settings.make({}, { database: "test", file: undefined, webhooks: [webhook] })
        const run = (holds: number) =>
          watch(holds).pipe(
            Effect.provideService(Settings.Alerting, settings),
            Effect.provideService(AlertStore.AlertStore, store),
            Effect.provideService(HttpClient.HttpClient, client),
            Effect.exit
          )
        let kills = 0
        for (const { afterMinutes, holds, isUp, kill } of all) {
          yield* TestClock.adjust(afterMinutes * minute)
          Object.assign(state, { kill, isUp })
          if (Exit.isFailure(yield* run(holds))) kills++
        }
        // In the end everything is over, and the receiver answers.
        Object.assign(state, { kill: 0, isUp: true })
        for (let i = 0; i < 6; i++) {
          yield* TestClock.adjust("2 hours")
          assert.isTrue(Exit.isSuccess(yield* run(0)))
        }
        const told = bySubject([...received.values()].flat())
        assert.deepStrictEqual(told, bySubject(expected))
        for (const whats of Object.values(told)) {
          assert.deepStrictEqual(
            whats,
            whats.map((_, i) => (i % 2 === 0 ? "fired" : "resolved"))
          )
          assert.strictEqual(whats.length % 2, 0)
        }
        // Only who was killed between sending and saying so has sent twice.
        assert.isAtMost(repeated.length, kills)
        assert.lengthOf(
          (yield* store.webhooks).filter(({ pending, webhook: id }) => id === webhook.id && pending > 0),
          0
        )
      }).pipe(Effect.provide(layer)),
    { arbitrary: { runs: 40 } }
  )
})
