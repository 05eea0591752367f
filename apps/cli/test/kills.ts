/** A command that is killed again and again in the middle of its writes, and goes on. */
import { assert } from "@effect/vitest"
import { Effect, Random } from "effect"
import type { Database, Databases } from "./databases.ts"
import { type Options, spawn, until } from "./tidemark.ts"

export interface Killing {
  readonly args: ReadonlyArray<string>
  readonly database: Database
  readonly options: Options
  /** How often it has to die. */
  readonly kills: number
  /** Kills come at one of these numbers of writes; what counts as one differs by far between a file and a server. */
  readonly writes: ReadonlyArray<number>
  /** What is in the database as far as the command fills it. */
  readonly contents: Effect.Effect<unknown, never, Databases>
  /** What it comes to without a kill. */
  readonly reference: unknown
  /** Empties it, for a command that came to its end before it was killed. */
  readonly begin: Effect.Effect<void>
}

/** Kills it at random writes; fails unless kills came at two different states at least. */
export const killed = Effect.fnUntraced(function* (killing: Killing) {
  const { args, begin, contents, database, kills, options, reference, writes } = killing
  let died = 0
  const between = new Set<string>()
  for (let attempt = 0; died < kills; attempt++) {
    assert.isBelow(attempt, 60, "the kills come too late")
    const count = writes[yield* Random.nextIntBetween(0, writes.length - 1)]!
    const ended = yield* Effect.scoped(
      Effect.gen(function* () {
        const running = yield* spawn(args, options)
        yield* Effect.raceFirst(database.writes(count), running.ended)
        yield* running.kill("SIGKILL")
        return yield* running.ended
      })
    )
    yield* until(database.holders, (holders) => holders === 0)
    const found = yield* contents
    if (ended.signal === "SIGKILL") {
      died++
      between.add(JSON.stringify(found))
      continue
    }
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.deepStrictEqual(found, reference)
    yield* begin
  }
  assert.isAtLeast(between.size, 2, "some kills come between writes")
})
