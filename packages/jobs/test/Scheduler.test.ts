/** Jobs as time goes by: on a real store, with a clock that the test turns. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { JobStore } from "@tidemark/core"
import { Due, Scheduler } from "@tidemark/jobs"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Deferred, Effect, Fiber, Layer, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

const hour = 3_600_000
const start = Date.parse("2026-01-05T00:00:00Z")

const layer = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

const test = <A, E>(name: string, effect: Effect.Effect<A, E, Layer.Success<typeof layer> | Scope.Scope>): void =>
  it.effect(name, () => Effect.andThen(TestClock.setTime(start), effect).pipe(Effect.provide(layer)))

const job = (change: Partial<JobStore.Job> = {}): JobStore.Job => ({
  name: "hourly",
  work: "count",
  cron: "0 * * * *",
  timeZone: "UTC",
  settings: {},
  isPaused: false,
  since: start,
  wantedAt: undefined,
  ...change
})

const done: Scheduler.Ended = { status: "succeeded", result: { rows: 1 } }

/** Waits, in real time, until what is stored has come to something. */
const until = <A, E, R>(figure: Effect.Effect<A, E, R>, reached: (value: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(figure, (value) =>
    reached(value)
      ? Effect.succeed(value)
      : Effect.andThen(TestClock.withLive(Effect.sleep("2 millis")), until(figure, reached))
  )

const runs = Effect.flatMap(JobStore.JobStore, (store) => store.runs({ limit: 1_000 }))
const ended = (count: number) => until(runs, (all) => all.filter((run) => !JobStore.isAtWork(run)).length >= count)

interface Serving {
  readonly fiber: Fiber.Fiber<never>
  /** How often it has looked. */
  readonly looks: () => number
}

const serve = Effect.fnUntraced(function* (work: Scheduler.Work<never>, holder = "one") {
  let looks = 0
  const fiber = yield* Effect.forkChild(
    Scheduler.serve({
      holder,
      works: new Map([["count", work]]),
      poll: "1 minute",
      silence: "5 minutes",
      onLook: () => Effect.sync(() => void looks++)
    })
  )
  const serving: Serving = { fiber, looks: () => looks }
  yield* until(Effect.sync(serving.looks), (count) => count > 0)
  return serving
})

/** Lets minutes go by, each when everyone has looked in the one before, and no short work is going on. */
const pass = Effect.fnUntraced(function* (millis: number, all: ReadonlyArray<Serving>, isShort = true) {
  const idle = isShort ? until(runs, (found) => found.every(({ status }) => status !== "running")) : Effect.void
  for (let gone = 0; gone < millis; gone += 60_000) {
    const before = all.map(({ looks }) => looks())
    yield* TestClock.adjust(60_000)
    yield* until(
      Effect.sync(() => all.every(({ looks }, i) => looks() > before[i]!)),
      (looked) => looked
    )
    yield* idle
  }
})

describe("the scheduler", () => {
  test(
    "runs what is due when it is, and keeps what became of it",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job())
      const serving = yield* serve(({ log, run }) => Effect.as(log(`due at ${run.dueAt}`), done))
      yield* pass(3 * hour, [serving])
      const all = yield* ended(3)
      yield* Fiber.interrupt(serving.fiber)
      assert.deepStrictEqual(
        all.map(({ dueAt, log, result, status }) => [dueAt, status, result, log]),
        [3, 2, 1].map((hours) => {
          const dueAt = start + hours * hour
          return [dueAt, "succeeded", { rows: 1 }, `due at ${dueAt}`]
        })
      )
    })
  )

  test(
    "catches up once what was missed, and does not repeat what has failed",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job())
      yield* TestClock.adjust(10 * hour + 1_000)
      const serving = yield* serve(() => Effect.fail({ message: "the disk is full" }))
      const [run] = yield* ended(1)
      yield* pass(10 * 60_000, [serving])
      assert.lengthOf(yield* runs, 1)
      assert.deepInclude(run, { dueAt: start + 10 * hour, status: "failed", result: { error: "the disk is full" } })
      yield* Fiber.interrupt(serving.fiber)
    })
  )

  test(
    "ends a run as interrupted when it is told to stop, and does it when it is back",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job())
      const begun = yield* Deferred.make<void>()
      const first = yield* serve(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      yield* pass(hour, [first], false)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(first.fiber)
      const [stopped] = yield* runs
      assert.deepInclude(stopped, { dueAt: start + hour, status: "interrupted" })
      const second = yield* serve(() => Effect.succeed(done))
      const [again] = yield* ended(2)
      assert.deepInclude(again, { dueAt: start + hour, status: "succeeded" })
      yield* Fiber.interrupt(second.fiber)
    })
  )

  test(
    "takes over from one that is heard of no more, and leaves one that is",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job())
      // A process that was killed: it has claimed, and says nothing.
      yield* TestClock.adjust(hour)
      const claiming = { job: "hourly", dueAt: start + hour, holder: "killed", now: start + hour, silence: 300_000 }
      yield* store.claim(claiming)
      const begun = yield* Deferred.make<void>()
      const slow = yield* serve(() => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never), "slow")
      yield* pass(6 * 60_000, [slow], false)
      yield* Deferred.await(begun)
      let others = 0
      const other = yield* serve(() => Effect.sync(() => ((others += 1), done)), "other")
      yield* pass(hour / 2, [slow, other], false)
      assert.strictEqual(others, 0)
      const all = yield* runs
      assert.deepStrictEqual(
        all.map(({ holder, status }) => [holder, status]),
        [
          ["slow", "running"],
          ["killed", "abandoned"]
        ]
      )
      yield* Fiber.interrupt(slow.fiber)
      yield* pass(2 * 60_000, [other])
      yield* until(
        Effect.sync(() => others),
        (count) => count === 1
      )
      yield* Fiber.interrupt(other.fiber)
    })
  )

  test(
    "sees what is changed: a pause, a wish, another schedule, work that there is not",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job({ isPaused: true }))
      const serving = yield* serve(() => Effect.succeed(done))
      yield* pass(2 * hour, [serving])
      assert.lengthOf(yield* runs, 0)
      const wantedAt = start + 2 * hour
      yield* store.put(job({ isPaused: true, wantedAt }))
      yield* pass(2 * 60_000, [serving])
      assert.deepInclude((yield* ended(1))[0], { dueAt: wantedAt, status: "succeeded" })
      yield* store.put(job({ cron: "*/30 * * * *", work: "nothing", since: start + 2 * hour }))
      yield* pass(30 * 60_000, [serving])
      const [run] = yield* ended(2)
      assert.deepInclude(run, { dueAt: start + 2.5 * hour, status: "failed" })
      assert.deepStrictEqual(run!.result, { error: 'there is no work "nothing"; there is: count' })
      yield* Fiber.interrupt(serving.fiber)
    })
  )

  test(
    "goes on with the others where a schedule never comes, and says so",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job({ name: "never", cron: "0 0 30 2 *" }))
      yield* store.put(job())
      const serving = yield* serve(() => Effect.succeed(done))
      yield* pass(hour, [serving])
      assert.deepInclude((yield* ended(1))[0], { job: "hourly", status: "succeeded" })
      yield* Fiber.interrupt(serving.fiber)
    })
  )

  const makeWith = (work: Scheduler.Work<never>, holder = "one") =>
    Scheduler.make({ holder, works: new Map([["count", work]]), silence: "5 minutes" })

  /** All that is told of a run, as one would read it. */
  const told = (scheduler: Scheduler.Scheduler["Service"], id: number) =>
    Stream.runCollect(
      Stream.map(scheduler.follow(id), (one) => (one._tag === "Line" ? one.line : `${one.run.id} ${one.run.status}`))
    )

  const begun = Effect.fnUntraced(function* (scheduler: Scheduler.Scheduler["Service"], name: string) {
    const claim = yield* scheduler.begin(name)
    if (claim?._tag !== "Claimed") return assert.fail(claim?._tag ?? "there is no such job")
    return claim.run
  })

  test(
    "begins what is wanted at once, and tells what happens in it from the first line to the end, also afterwards",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job({ cron: undefined }))
      const [first, rest] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const scheduler = yield* makeWith(
        Effect.fnUntraced(function* ({ log }) {
          yield* log("one")
          yield* Deferred.succeed(first, undefined)
          yield* Deferred.await(rest)
          yield* log("two")
          return done
        })
      )
      const { id } = yield* begun(scheduler, "hourly")
      yield* Deferred.await(first)
      const listening = yield* Effect.forkChild(told(scheduler, id))
      const busy = yield* scheduler.begin("hourly")
      assert.strictEqual(busy?._tag, "Busy")
      yield* Deferred.succeed(rest, undefined)
      const lines = ["one", "two", `${id} succeeded`]
      assert.deepStrictEqual(yield* Fiber.join(listening), lines)
      yield* ended(1)
      assert.deepStrictEqual(yield* told(scheduler, id), lines)
      assert.isUndefined(yield* scheduler.begin("no such job"))
      assert.deepStrictEqual(yield* told(scheduler, -1), [])
    })
  )

  test(
    "ends a run that is cancelled, here or in another process, and does not begin it again",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      yield* store.put(job({ cron: undefined }))
      let interrupted = 0
      const work: Scheduler.Work<never> = ({ log }) =>
        Effect.andThen(
          log("begun"),
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++))
        )
      const [here, there] = [yield* makeWith(work), yield* makeWith(work, "two")]
      const first = yield* begun(here, "hourly")
      const listening = yield* Effect.forkChild(told(here, first.id))
      assert.strictEqual((yield* here.cancel(first.id))?.status, "cancelled")
      assert.strictEqual(interrupted, 1)
      assert.deepStrictEqual(yield* Fiber.join(listening), ["begun", `${first.id} cancelled`])
      assert.isUndefined(yield* here.cancel(first.id))
      yield* TestClock.adjust("1 minute")
      const second = yield* begun(there, "hourly")
      assert.strictEqual((yield* here.cancel(second.id))?.status, "cancelling")
      assert.strictEqual(interrupted, 1)
      // Nobody else begins it before its process has noticed, when it next says that it is at work.
      assert.strictEqual((yield* here.begin("hourly"))?._tag, "Busy")
      yield* TestClock.adjust("5 minutes")
      yield* until(
        Effect.sync(() => interrupted),
        (count) => count === 2
      )
      const all = yield* ended(2)
      assert.deepStrictEqual(
        all.map(({ log, status }) => [status, log]),
        [
          ["cancelled", "begun"],
          ["cancelled", "begun"]
        ]
      )
      assert.isUndefined(Due.due(job({ cron: undefined }), undefined, all[0], start + hour))
    })
  )
})
