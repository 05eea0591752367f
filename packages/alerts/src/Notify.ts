/**
 * Tells webhooks what they are to be told.
 *
 * What is claimed is sent and taken off, or left for the next time, with
 * growing waits while a webhook does not take it. A process that is killed
 * after it has sent and before it could say so sends the same again, under the
 * same name. URLs are secrets: no message, log or span has them.
 */
import { AlertStore, HttpReason } from "@tidemark/core"
import { Clock, Effect, Metric, Redacted } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { randomUUID } from "node:crypto"
import * as Metrics from "./Metrics.ts"
import * as Payload from "./Payload.ts"
import { Alerting, type Webhook } from "./Settings.ts"

/** A daemon that is told to stop waits for what it is sending. */
const deadlineMillis = 5_000
/** Whoever has claimed a batch and said nothing for so long is gone. */
const silenceMillis = 60_000
const firstWaitMillis = 60_000
const longestWaitMillis = 3_600_000

/** What a webhook answered; `error` if it did not take what it was sent. */
export interface Answer {
  readonly status: number | undefined
  readonly error: string | undefined
}

/** Why there was no answer: a code, since everything else may hold the URL. */
const describe = ({ reason }: HttpClientError.HttpClientError): string =>
  reason._tag === "TransportError" ? HttpReason.causeOf(reason.cause) : "the request cannot be made"

const post = Effect.fn("Notify.post")(function* (webhook: Webhook, id: string, body: string) {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.post(Redacted.value(webhook.url)).pipe(
    HttpClientRequest.setHeader("idempotency-key", id),
    HttpClientRequest.bodyText(body, "application/json")
  )
  const answer = yield* client.execute(request).pipe(
    Effect.flatMap((response) => Effect.as(Effect.ignore(response.arrayBuffer), response)),
    Effect.map(({ status }): Answer => ({
      status,
      error: status >= 200 && status < 300 ? undefined : `it answered ${status}`
    })),
    Effect.catch((error): Effect.Effect<Answer> => Effect.succeed({ status: undefined, error: describe(error) })),
    Effect.timeoutOrElse({
      duration: deadlineMillis,
      orElse: () => Effect.succeed<Answer>({ status: undefined, error: `no answer within ${deadlineMillis / 1_000} s` })
    }),
    // The client's own spans hold the URL.
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false)
  )
  yield* Metric.update(Metrics.deliveries(answer.error === undefined ? "delivered" : "failed"), 1)
  return answer
})

/** Tells one webhook what is due; whether there was anything, and how it went. */
const tell = Effect.fnUntraced(function* (webhook: Webhook) {
  const store = yield* AlertStore.AlertStore
  const { database } = yield* Alerting
  const now = yield* Clock.currentTimeMillis
  const claim = yield* store.claim({ webhook: webhook.id, batch: randomUUID(), now, silence: silenceMillis })
  if (claim._tag !== "Claimed") return undefined
  const { batch, failures, notices } = claim
  const answer = yield* post(webhook, batch, Payload.of(webhook.shape, { id: batch, database, notices }))
  const at = yield* Clock.currentTimeMillis
  const mine = { webhook: webhook.id, batch, now: at }
  if (answer.error === undefined) {
    yield* store.delivered(mine)
    return { webhook, notices: notices.length, error: undefined }
  }
  const wait = Math.min(longestWaitMillis, firstWaitMillis * 2 ** Math.min(failures, 10))
  yield* store.failed({ ...mine, retryAt: at + wait, error: answer.error })
  yield* Effect.logWarning(`the webhook at ${webhook.host} was not told: ${answer.error}; it is tried again`)
  return { webhook, notices: notices.length, error: answer.error }
})

/** Tells all webhooks that are configured what they are to be told now. */
export const deliver = Effect.gen(function* () {
  const { webhooks } = yield* Alerting
  // What was sent is said to be: a stop waits for that, and it takes seconds at the most.
  const told = yield* Effect.forEach(webhooks, (webhook) => Effect.uninterruptible(tell(webhook)), {
    concurrency: "unbounded"
  })
  return told.filter((one) => one !== undefined)
}).pipe(Effect.withSpan("Notify.deliver"))

/** Sends a test message to every webhook, and says what each answered. */
export const test = Effect.gen(function* () {
  const { database, webhooks } = yield* Alerting
  return yield* Effect.forEach(
    webhooks,
    (webhook) => {
      const id = randomUUID()
      return Effect.map(post(webhook, id, Payload.test(webhook.shape, { id, database })), (answer) => ({
        webhook,
        ...answer
      }))
    },
    { concurrency: "unbounded" }
  )
})
