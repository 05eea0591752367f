/** Jobs: one run at a time, whoever claims; what is done is not due again, what was stopped is. */
import { assert, type Vitest } from "@effect/vitest"
import { JobStore } from "@tidemark/core"
import { Effect } from "effect"

let count = 0

const job = (change: Partial<JobStore.Job> = {}): JobStore.Job => ({
  name: `job-${count++}`,
  work: "nothing",
  cron: "0 * * * *",
  timeZone: "UTC",
  settings: { symbols: ["BTC/USDT"], days: 3 },
  isPaused: false,
  since: 1_000,
  wantedAt: undefined,
  ...change
})

const silence = 30_000

export const cases = (it: Vitest.MethodsNonLive<JobStore.JobStore>): void => {
  const claiming = (name: string, dueAt: number, now: number, holder = "one"): JobStore.Claiming => ({
    job: name,
    dueAt,
    holder,
    now,
    silence
  })
  const ended = (status: JobStore.Status, endedAt: number) => ({ status, endedAt, result: { rows: 3 }, log: "a\nb" })

  it.effect("J01 jobs are kept as they were put; what is seeded leaves what is there", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const [one, two] = [job(), job({ isPaused: true, wantedAt: 5_000, timeZone: "America/New_York" })]
      yield* store.put(one)
      yield* store.put(two)
      const named = (names: ReadonlyArray<string>) =>
        Effect.map(store.list, (all) => all.filter(({ name }) => names.includes(name)))
      const both = named([one.name, two.name])
      assert.deepStrictEqual(yield* both, [one, two])
      yield* store.put({ ...one, cron: "5 * * * *", settings: {} })
      const three = job()
      yield* store.seed([one, { ...two, cron: "1 1 1 1 1" }, three])
      assert.deepStrictEqual(yield* both, [{ ...one, cron: "5 * * * *", settings: {} }, two])
      assert.deepStrictEqual(yield* named([three.name]), [three])
      assert.isTrue(yield* store.remove(one.name))
      assert.isFalse(yield* store.remove(one.name))
      assert.deepStrictEqual(yield* both, [two])
    })
  )

  it.effect("J02 of many who claim at once one succeeds, and what it has done is not due again", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const { name } = job()
      yield* store.put(job({ name }))
      const claims = yield* Effect.forEach(
        ["a", "b", "c", "d", "e", "f"],
        (holder) => store.claim(claiming(name, 60_000, 61_000, holder)),
        { concurrency: "unbounded" }
      )
      const claimed = claims.filter((claim) => claim._tag === "Claimed")
      assert.lengthOf(claimed, 1)
      assert.lengthOf(
        claims.filter((claim) => claim._tag === "Busy"),
        5
      )
      const { run } = claimed[0]!
      assert.deepInclude(run, { job: name, dueAt: 60_000, startedAt: 61_000, status: "running" })
      assert.isTrue(yield* store.finish(run, ended("succeeded", 62_000)))
      assert.strictEqual((yield* store.claim(claiming(name, 60_000, 63_000)))._tag, "Idle")
      assert.strictEqual((yield* store.claim(claiming(name, 120_000, 121_000)))._tag, "Claimed")
      const [, first] = yield* store.runs({ job: name, limit: 10 })
      assert.deepStrictEqual(first, { ...run, ...ended("succeeded", 62_000), heardAt: 62_000 })
      assert.strictEqual((yield* store.lastDone).get(name)?.id, run.id)
    })
  )

  it.effect("J09 a job that many add and change at once is there once, by each of them", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      for (let round = 0; round < 5; round++) {
        const one = job()
        const seen: Array<string | undefined> = []
        yield* Effect.all(
          Array.from({ length: 4 }, (_, i) => [
            store.put({ ...one, cron: `${i} * * * *` }),
            store.change(one.name, (before) => {
              seen.push(before?.cron)
              return Effect.succeed({ ...one, cron: `1${i} * * * *` })
            })
          ]).flat(),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(
          (yield* store.list).filter(({ name }) => name === one.name),
          1
        )
        assert.isAtLeast(seen.length, 4)
      }
    })
  )

  it.effect("J03 a run of which nothing was heard is abandoned, and done again; it has lost what it claimed", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const { name } = job()
      yield* store.put(job({ name }))
      const first = yield* store.claim(claiming(name, 60_000, 61_000, "dead"))
      if (first._tag !== "Claimed") return assert.fail(first._tag)
      assert.strictEqual(yield* store.heartbeat(first.run, 70_000), "wanted")
      assert.strictEqual((yield* store.claim(claiming(name, 60_000, 70_000 + silence - 1, "two")))._tag, "Busy")
      const second = yield* store.claim(claiming(name, 60_000, 70_000 + silence, "two"))
      if (second._tag !== "Claimed") return assert.fail(second._tag)
      assert.strictEqual(yield* store.heartbeat(first.run, 200_000), "lost")
      assert.isFalse(yield* store.finish(first.run, ended("succeeded", 200_000)))
      assert.isTrue(yield* store.finish(second.run, ended("interrupted", 110_000)))
      const runs = yield* store.runs({ job: name, limit: 10 })
      assert.deepStrictEqual(
        runs.map(({ endedAt, holder, status }) => [holder, status, endedAt]),
        [
          ["two", "interrupted", 110_000],
          ["dead", "abandoned", 70_000]
        ]
      )
      // What was stopped is due still.
      assert.isUndefined((yield* store.lastDone).get(name))
      assert.strictEqual((yield* store.claim(claiming(name, 60_000, 120_000)))._tag, "Claimed")
    })
  )

  it.effect("J04 a job that is paused runs when somebody wants it, and once", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const paused = job({ isPaused: true })
      yield* store.put(paused)
      assert.strictEqual((yield* store.claim(claiming(paused.name, 60_000, 61_000)))._tag, "Idle")
      yield* store.put({ ...paused, wantedAt: 65_000 })
      const claim = yield* store.claim(claiming(paused.name, 65_000, 66_000))
      if (claim._tag !== "Claimed") return assert.fail(claim._tag)
      // Whoever is stopped over it leaves it due.
      yield* store.finish(claim.run, ended("interrupted", 66_500))
      const again = yield* store.claim(claiming(paused.name, 65_000, 66_600))
      if (again._tag !== "Claimed") return assert.fail(again._tag)
      yield* store.finish(again.run, ended("failed", 67_000))
      assert.strictEqual((yield* store.claim(claiming(paused.name, 65_000, 68_000)))._tag, "Idle")
      assert.strictEqual((yield* store.claim(claiming(paused.name, 70_000, 71_000)))._tag, "Idle")
      assert.isTrue(yield* store.want(paused.name, 72_000))
      assert.strictEqual((yield* store.claim(claiming(paused.name, 72_000, 73_000)))._tag, "Claimed")
      assert.isFalse(yield* store.want("no such job", 72_000))
      assert.strictEqual((yield* store.claim(claiming("no such job", 70_000, 71_000)))._tag, "Idle")
    })
  )

  it.effect("J05 what was cancelled is done, whoever ran it; a run is found by its number", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const once = job({ cron: undefined, isPaused: true, wantedAt: 60_000 })
      yield* store.put(once)
      assert.deepStrictEqual(
        (yield* store.list).find(({ name }) => name === once.name),
        once
      )
      const claim = yield* store.claim(claiming(once.name, 60_000, 61_000))
      if (claim._tag !== "Claimed") return assert.fail(claim._tag)
      assert.deepStrictEqual(yield* store.run(claim.run.id), claim.run)
      assert.isTrue(yield* store.finish(claim.run, ended("cancelled", 62_000)))
      assert.strictEqual(yield* store.heartbeat(claim.run, 63_000), "lost")
      assert.strictEqual((yield* store.claim(claiming(once.name, 60_000, 64_000)))._tag, "Idle")
      assert.strictEqual((yield* store.lastDone).get(once.name)?.status, "cancelled")
      assert.isUndefined(yield* store.run(-1))
    })
  )

  it.effect(
    "J07 one that is cancelled is at work until whoever runs it has heard of it, and nobody else begins it",
    () =>
      Effect.gen(function* () {
        const store = yield* JobStore.JobStore
        const once = job({ cron: undefined, wantedAt: 60_000 })
        yield* store.put(once)
        const claim = yield* store.claim(claiming(once.name, 60_000, 61_000))
        if (claim._tag !== "Claimed") return assert.fail(claim._tag)
        assert.isTrue(yield* store.cancel(claim.run, 62_000, silence))
        yield* store.want(once.name, 63_000)
        assert.strictEqual((yield* store.claim(claiming(once.name, 63_000, 63_000, "two")))._tag, "Busy")
        assert.deepStrictEqual(
          (yield* store.atWork).filter((run) => run.job === once.name).map(({ id, status }) => [id, status]),
          [[claim.run.id, "cancelling"]]
        )
        assert.strictEqual(yield* store.heartbeat(claim.run, 64_000), "cancelled")
        assert.isTrue(yield* store.finish(claim.run, ended("interrupted", 65_000)))
        assert.deepInclude(yield* store.run(claim.run.id), { status: "cancelled", log: "a\nb" })
        assert.isFalse(yield* store.cancel(claim.run, 66_000, silence))
        // Of one that nothing is heard of nobody waits to hear.
        const again = yield* store.claim(claiming(once.name, 63_000, 67_000))
        if (again._tag !== "Claimed") return assert.fail(again._tag)
        assert.isTrue(yield* store.cancel(again.run, 67_000 + silence, silence))
        assert.deepInclude(yield* store.run(again.run.id), { status: "cancelled", endedAt: 67_000 })
        assert.strictEqual((yield* store.claim(claiming(once.name, 63_000, 100_000)))._tag, "Idle")
      })
  )

  it.effect("J08 a change follows from the job as it is, and a refusal leaves it so", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const one = job()
      const made = yield* store.change(one.name, (before) => Effect.succeed(before ?? one))
      assert.deepStrictEqual(made, one)
      const many = Array.from({ length: 10 }, (_, i) => `${i}`)
      yield* Effect.forEach(
        many,
        (key) =>
          store.change(one.name, (before) =>
            Effect.succeed({ ...before!, settings: { ...before!.settings, [key]: 1 } })
          ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* Effect.flip(store.change(one.name, () => Effect.fail("no" as const))), "no")
      const found = (yield* store.list).find(({ name }) => name === one.name)!
      assert.includeMembers(Object.keys(found.settings), many)
    })
  )

  it.effect("J06 old runs are forgotten, but not the last that was done of a job, nor what is still wanted", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const [hourly, old, young, open] = [
        job(),
        job({ cron: undefined, wantedAt: 1_000 }),
        job({ cron: undefined, wantedAt: 1_000 }),
        job({ cron: undefined, wantedAt: 1_000 })
      ]
      const run = Effect.fnUntraced(function* (
        { name }: JobStore.Job,
        dueAt: number,
        endedAt: number,
        status: JobStore.Status
      ) {
        const claim = yield* store.claim(claiming(name, dueAt, dueAt + 1))
        if (claim._tag !== "Claimed") return assert.fail(claim._tag)
        yield* store.finish(claim.run, ended(status, endedAt))
        return claim.run.id
      })
      yield* Effect.forEach([hourly, old, young, open], store.put)
      yield* run(hourly, 1_000, 2_000, "succeeded")
      const kept = [yield* run(hourly, 3_000, 4_000, "succeeded")]
      yield* run(hourly, 5_000, 6_000, "interrupted")
      yield* run(old, 1_000, 4_000, "succeeded")
      kept.push(yield* run(young, 1_000, 60_000, "failed"))
      yield* run(open, 1_000, 4_000, "interrupted")
      assert.strictEqual(yield* store.forget(50_000, 50_000), 4)
      const left = yield* store.runs({ limit: 1_000 })
      const mine = new Set([hourly, old, young, open].map(({ name }) => name))
      assert.deepStrictEqual(
        left
          .filter((one) => mine.has(one.job))
          .map(({ id }) => id)
          .sort(),
        kept.sort()
      )
      const names = new Set((yield* store.list).map(({ name }) => name))
      assert.deepStrictEqual(
        [hourly, old, young, open].map(({ name }) => names.has(name)),
        [true, false, true, true]
      )
    })
  )

  it.effect("J09 a list of runs has the end of a long log, in whole lines; a run has all of it", () =>
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const { name } = job()
      yield* store.put(job({ name }))
      const log = Array.from({ length: 500 }, (_, i) => `line ${i}`).join("\n")
      for (const [i, text] of ["short", log, "x".repeat(2 * JobStore.logEnd)].entries()) {
        const at = (i + 1) * 60_000
        const claim = yield* store.claim(claiming(name, at, at))
        if (claim._tag !== "Claimed") return assert.fail(claim._tag)
        yield* store.finish(claim.run, { ...ended("succeeded", at + 1), log: text })
        assert.strictEqual((yield* store.run(claim.run.id))?.log, text)
      }
      const [endless, long, short] = yield* store.runs({ job: name, limit: 3 })
      assert.strictEqual(short?.log, "short")
      assert.strictEqual(endless?.log, `…${"x".repeat(JobStore.logEnd)}`)
      const [first, ...lines] = long!.log.split("\n")
      assert.strictEqual(first, "…")
      assert.isAtMost(long!.log.length, JobStore.logEnd + 1)
      assert.deepStrictEqual(lines, log.split("\n").slice(-lines.length))
      assert.isAbove(lines.length, 100)
    })
  )
}
