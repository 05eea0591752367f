import { assert, describe, it } from "@effect/vitest"
import * as Judgement from "@tidemark/soak/Judgement"

const line = (what: "began" | "ended", run: number, pid: number, at: number, job = "a"): Judgement.Line => ({
  what,
  job,
  run,
  pid,
  at
})

describe("work that is told of", () => {
  it("overlaps where two are at one job at once, and not where one was killed before the other began", () => {
    const apart = [line("began", 1, 7, 0), line("began", 2, 8, 100), line("ended", 2, 8, 200)]
    assert.lengthOf(Judgement.overlaps(Judgement.spells(apart, [{ pid: 7, at: 90 }])), 0)
    const [found] = Judgement.overlaps(Judgement.spells(apart, [{ pid: 7, at: 110 }]))
    assert.deepStrictEqual(
      found?.map(({ run }) => run),
      [1, 2]
    )
    // One that never ended, of a process that nobody killed, is at work still.
    assert.lengthOf(Judgement.overlaps(Judgement.spells(apart, [])), 1)
    const others = [line("began", 1, 7, 0, "a"), line("began", 2, 7, 0, "b")]
    assert.lengthOf(Judgement.overlaps(Judgement.spells(others, [])), 0)
  })
})

describe("what a webhook was told", () => {
  const notice = (what: "fired" | "resolved", message: string, first_at = "t1"): Judgement.Notice => ({
    message,
    what,
    subject: "s",
    first_at
  })
  const open = new Set(["s"])
  const none = new Set<string>()

  it("is sound where each alert begins and ends once, also where a message came twice under one name", () => {
    const all = [notice("fired", "1"), notice("fired", "1"), notice("resolved", "2"), notice("fired", "3", "t2")]
    assert.deepStrictEqual(Judgement.unsound(all, open), [])
    assert.deepStrictEqual(Judgement.unsound(all.slice(0, 3), none), [])
    assert.deepStrictEqual(Judgement.unsound([], none), [])
  })

  it.each([
    ["an alert in two messages", [notice("fired", "1"), notice("fired", "2")], open, "told twice"],
    ["an end that nobody was told of", [notice("fired", "1")], none, "is over, and nobody was told"],
    ["an end between two beginnings", [notice("fired", "1"), notice("fired", "2", "t2")], open, "its end before"],
    ["a beginning that nobody was told of", [notice("resolved", "1")], none, "its beginning was never told"],
    ["an alert that is open", [], open, "is open, and nobody was told"],
    ["one that is open again", [notice("fired", "1"), notice("resolved", "2")], open, "is open, and nobody was told"]
  ] as const)("is not where it lacks or repeats something: %s", (_, notices, open, said) => {
    assert.include(Judgement.unsound(notices, open).join("; "), said)
  })
})
