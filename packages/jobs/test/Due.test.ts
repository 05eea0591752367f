import { assert, describe, it } from "@effect/vitest"
import type { JobStore } from "@tidemark/core"
import { Due } from "@tidemark/jobs"
import { Result, Schema } from "effect"

const at = (text: string) => Date.parse(text)

const job = (change: Partial<JobStore.Job> = {}): JobStore.Job => ({
  name: "j",
  work: "w",
  cron: "30 16 * * 1-5",
  timeZone: "America/New_York",
  settings: {},
  isPaused: false,
  since: at("2026-01-01T00:00:00Z"),
  wantedAt: undefined,
  ...change
})

const cronOf = (of: JobStore.Job) => Result.getOrThrow(Due.schedule(of))
const dueAt = (of: JobStore.Job, now: string, done?: string) => {
  const due = Due.due(of, cronOf(of), done === undefined ? undefined : { dueAt: at(done) }, at(now))
  return due === undefined ? undefined : new Date(due).toISOString()
}

describe("a job", () => {
  it("is due by the clock of its market, also when that is put forward", () => {
    assert.strictEqual(dueAt(job(), "2026-03-06T21:30:00Z"), "2026-03-06T21:30:00.000Z")
    assert.strictEqual(dueAt(job(), "2026-03-06T21:29:59Z"), "2026-03-05T21:30:00.000Z")
    // Clocks went forward on Sunday the 8th.
    assert.strictEqual(dueAt(job(), "2026-03-09T20:30:00Z"), "2026-03-09T20:30:00.000Z")
    assert.strictEqual(Due.next(job(), cronOf(job()), at("2026-03-06T21:30:00Z")), at("2026-03-09T20:30:00Z"))
  })

  it("is due once for all that was missed, and not for what was done or was before its time", () => {
    assert.strictEqual(dueAt(job(), "2026-02-01T00:00:00Z", "2026-01-05T21:30:00Z"), "2026-01-30T21:30:00.000Z")
    assert.isUndefined(dueAt(job(), "2026-02-01T00:00:00Z", "2026-01-30T21:30:00Z"))
    assert.isUndefined(dueAt(job({ since: at("2026-01-30T21:30:00Z") }), "2026-02-01T00:00:00Z"))
  })

  it("that is paused is due when somebody wants it", () => {
    const paused = job({ isPaused: true })
    assert.isUndefined(dueAt(paused, "2026-02-01T00:00:00Z"))
    assert.isUndefined(Due.next(paused, cronOf(paused), at("2026-02-01T00:00:00Z")))
    const wanted = { ...paused, wantedAt: at("2026-01-31T12:00:00Z") }
    assert.strictEqual(dueAt(wanted, "2026-02-01T00:00:00Z"), "2026-01-31T12:00:00.000Z")
    const young = { ...wanted, since: at("2026-01-31T13:00:00Z") }
    assert.strictEqual(dueAt(young, "2026-02-01T00:00:00Z"), "2026-01-31T12:00:00.000Z")
    assert.isUndefined(dueAt(wanted, "2026-02-01T00:00:00Z", "2026-01-31T12:00:00Z"))
    assert.isUndefined(dueAt(wanted, "2026-01-31T11:59:59Z"))
  })

  it("says what of its schedule cannot be meant", () => {
    const wrong = Due.schedule(job({ cron: "61 * * * *" }))
    assert.isTrue(Result.isFailure(wrong))
    assert.include(Result.isFailure(wrong) ? wrong.failure : "", '"61 * * * *" in America/New_York is no schedule')
    assert.isTrue(Result.isFailure(Due.schedule(job({ timeZone: "Mars/Olympus" }))))
    const never = Due.schedule(job({ cron: "0 0 30 2 *" }))
    assert.include(Result.isFailure(never) ? never.failure : "", "there is no such day")
    assert.isTrue(Result.isSuccess(Due.schedule(job({ cron: "0 0 29 2 *" }))))
  })

  it.prop(
    "is never due twice for one instant, nor for one that has not come",
    {
      now: Schema.Int.check(
        Schema.isBetween({ minimum: at("2026-01-02T00:00:00Z"), maximum: at("2027-01-01T00:00:00Z") })
      )
    },
    ({ now }) => {
      const of = job()
      const due = Due.due(of, cronOf(of), undefined, now)
      if (due === undefined) return
      assert.isAtMost(due, now)
      assert.isUndefined(Due.due(of, cronOf(of), { dueAt: due }, now))
      const next = Due.next(of, cronOf(of), due)!
      assert.isAbove(next, now)
    },
    { arbitrary: { runs: 300 } }
  )
})
