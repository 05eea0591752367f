/** Alerts: one by key however many look; what webhooks are told of them is neither lost nor told twice. */
import { assert, type Vitest } from "@effect/vitest"
import { Alert, AlertStore } from "@tidemark/core"
import { Effect } from "effect"

const minute = 60_000
const linger = 10 * minute
const silence = minute

/** The cases share one database: each looks later than the last, at subjects of its own, and is told through a webhook of its own. */
let now = 1_767_225_600_000
let count = 0

const fresh = () => ({ webhook: `webhook-${count++}`, subject: `job-${count++}` })

const condition = (subject: string, change: Partial<Alert.Condition> = {}): Alert.Condition => ({
  kind: "failed-job",
  subject,
  severity: "critical",
  message: `${subject} failed: it's "down"; DROP TABLE alerts`,
  ...change
})

export const cases = (it: Vitest.MethodsNonLive<AlertStore.AlertStore>): void => {
  /** Looks `after` milliseconds later than before. */
  const look = (after: number, conditions: ReadonlyArray<Alert.Condition>, webhooks: ReadonlyArray<string> = []) =>
    Effect.flatMap(AlertStore.AlertStore, (store) =>
      store.look({ at: (now += after), conditions, kinds: Alert.kinds, lingerMillis: linger, webhooks })
    )
  /** All of earlier cases is over. */
  const clear = Effect.andThen(look(linger, []), look(linger, []))
  const said = (notices: ReadonlyArray<Alert.Notice>) => notices.map(({ alert, what }) => `${what} ${alert.subject}`)
  const claim = (webhook: string, batch: string, after = 0) =>
    Effect.flatMap(AlertStore.AlertStore, (store) => store.claim({ webhook, batch, now: now + after, silence }))
  const claimed = (webhook: string, batch: string, after = 0) =>
    Effect.map(claim(webhook, batch, after), (claim) =>
      claim._tag === "Claimed" ? claim : assert.fail(`${claim._tag} instead of Claimed`)
    )

  it.effect(
    "W01 an alert fires once, is there while it is seen, and is resolved when it has not been seen for a while",
    () =>
      Effect.gen(function* () {
        const store = yield* AlertStore.AlertStore
        const { subject } = fresh()
        yield* clear
        assert.deepStrictEqual(said(yield* look(minute, [condition(subject)])), [`fired ${subject}`])
        const firstAt = now
        assert.deepStrictEqual(yield* look(minute, [condition(subject, { message: "still" })]), [])
        const open = { ...condition(subject, { message: "still" }), firstAt, lastAt: now, resolvedAt: undefined }
        assert.deepStrictEqual(yield* store.list({ open: true, limit: 10 }), [open])
        assert.deepStrictEqual(yield* look(linger - 1, []), [])
        assert.deepStrictEqual(said(yield* look(1, [])), [`resolved ${subject}`])
        assert.deepStrictEqual(yield* store.list({ open: true, limit: 10 }), [])
        const [last] = yield* store.list({ open: false, limit: 1 })
        assert.deepStrictEqual(last, { ...open, resolvedAt: now })
        assert.deepStrictEqual(said(yield* look(minute, [condition(subject)])), [`fired ${subject}`])
        assert.deepStrictEqual(
          (yield* store.list({ open: false, limit: 10 })).filter((one) => one.subject === subject).length,
          1
        )
      })
  )

  it.effect("W02 what was not looked for stays; a look that is older than the last changes nothing", () =>
    Effect.gen(function* () {
      const store = yield* AlertStore.AlertStore
      const { subject } = fresh()
      yield* clear
      yield* look(minute, [condition(subject)])
      const others = Alert.kinds.filter((kind) => kind !== "failed-job")
      const looking = { conditions: [], kinds: others, lingerMillis: linger, webhooks: [] }
      assert.deepStrictEqual(yield* store.look({ ...looking, at: (now += 2 * linger) }), [])
      const late = { ...looking, conditions: [condition(fresh().subject)], at: now - 1 }
      assert.deepStrictEqual(yield* store.look(late), [])
      assert.deepStrictEqual(
        (yield* store.list({ open: true, limit: 10 })).map((one) => one.subject),
        [subject]
      )
    })
  )

  it.effect("W03 of many who look at once one sees what is new, and of many who claim at once one tells it", () =>
    Effect.gen(function* () {
      const store = yield* AlertStore.AlertStore
      const { subject, webhook } = fresh()
      yield* clear
      yield* look(minute, [], [webhook])
      now += minute
      const looking = { at: now, conditions: [condition(subject)], kinds: Alert.kinds, lingerMillis: linger }
      const notices = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => store.look({ ...looking, webhooks: [webhook] }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(said(notices.flat()), [`fired ${subject}`])
      const claims = yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (batch) => claim(webhook, batch), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(claims.map(({ _tag }) => _tag).sort(), ["Claimed", ...Array(5).fill("Waiting")])
    })
  )

  it.effect("W04 a batch stays as it was begun until it is delivered; what came meanwhile is told after it", () =>
    Effect.gen(function* () {
      const store = yield* AlertStore.AlertStore
      const { subject, webhook } = fresh()
      const other = fresh().subject
      yield* clear
      assert.strictEqual((yield* claim(webhook, "nobody"))._tag, "Idle")
      yield* look(minute, [], [webhook])
      assert.strictEqual((yield* claim(webhook, "nothing"))._tag, "Idle")
      yield* look(minute, [condition(subject)], [webhook])
      const first = yield* claimed(webhook, "one")
      assert.deepInclude(first, { batch: "one", failures: 0 })
      assert.deepStrictEqual(said(first.notices), [`fired ${subject}`])
      const both = [condition(subject, { message: "worse" }), condition(other)]
      yield* look(minute - 1, both, [webhook])
      // Whoever had it was killed, or has not said what became of it.
      assert.deepStrictEqual(yield* claim(webhook, "two"), { _tag: "Waiting", until: now + 1 })
      assert.deepStrictEqual(yield* claimed(webhook, "two", 1), first)
      const mine = { webhook, batch: "one" }
      const retryAt = now + linger
      assert.isTrue(yield* store.failed({ ...mine, now, retryAt, error: "503" }))
      assert.deepStrictEqual(yield* claim(webhook, "three", linger - 1), { _tag: "Waiting", until: retryAt })
      assert.deepInclude(
        (yield* store.webhooks).find((one) => one.webhook === webhook),
        { pending: 2, failures: 1, error: "503", seenAt: now, deliveredAt: undefined }
      )
      assert.deepStrictEqual(yield* claimed(webhook, "three", linger), { ...first, failures: 1 })
      assert.isTrue(yield* store.delivered({ ...mine, now }))
      assert.isFalse(yield* store.delivered({ ...mine, now }))
      assert.isFalse(yield* store.failed({ ...mine, now, retryAt, error: "late" }))
      const second = yield* claimed(webhook, "four")
      assert.deepInclude(second, { batch: "four", failures: 0 })
      assert.deepStrictEqual(said(second.notices), [`fired ${other}`])
      yield* store.delivered({ webhook, batch: "four", now })
      assert.deepInclude(
        (yield* store.webhooks).find((one) => one.webhook === webhook),
        { pending: 0, failures: 0, error: undefined, deliveredAt: now }
      )
    })
  )

  it.effect("W05 each webhook is told, a new one of what is open, and one that is gone is forgotten", () =>
    Effect.gen(function* () {
      const store = yield* AlertStore.AlertStore
      const [old, added] = [fresh(), fresh()]
      yield* clear
      yield* look(minute, [condition(old.subject)], [old.webhook])
      const both = [condition(old.subject), condition(added.subject)]
      yield* look(minute, both, [old.webhook, added.webhook])
      const told = (webhook: string) =>
        Effect.map(claimed(webhook, `to ${webhook}`), ({ notices }) => said(notices).sort())
      const all = both.map(({ subject }) => `fired ${subject}`).sort()
      assert.deepStrictEqual(yield* told(old.webhook), all)
      assert.deepStrictEqual(yield* told(added.webhook), all)
      // Another daemon knows only one of them: the other is told all the same, for a while.
      yield* look(linger, [], [old.webhook])
      yield* store.delivered({ webhook: added.webhook, batch: `to ${added.webhook}`, now })
      assert.lengthOf((yield* claimed(added.webhook, "later")).notices, 2)
      for (let day = 0; day < 8; day++) yield* look(86_400_000, [], [old.webhook])
      const known = (yield* store.webhooks).map(({ webhook }) => webhook)
      assert.notInclude(known, added.webhook)
      assert.strictEqual((yield* claim(added.webhook, "never"))._tag, "Idle")
    })
  )

  it.effect("W06 two thousand at once", () =>
    Effect.gen(function* () {
      const { webhook } = fresh()
      yield* clear
      yield* look(minute, [], [webhook])
      const many = Array.from({ length: 2_000 }, () => condition(fresh().subject))
      assert.lengthOf(yield* look(minute, many, [webhook]), 2_000)
      assert.lengthOf(yield* look(minute, many, [webhook]), 0)
      const first = yield* claimed(webhook, "many")
      assert.deepStrictEqual(
        first.notices.map(({ alert }) => alert.subject),
        many.map(({ subject }) => subject)
      )
      assert.lengthOf(yield* look(linger, [], [webhook]), 2_000)
    })
  )
}
