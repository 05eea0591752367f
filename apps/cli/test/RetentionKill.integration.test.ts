/**
 * Kills `tidemark prune` again and again, in the middle of so many writes, as
 * drawn from a seed: what is left each time is a sound, shorter history of
 * which every candle is either there or pruned, and the last run ends where
 * one that nothing disturbs does.
 */
import { assert } from "@effect/vitest"
import { Effect, Random } from "effect"
import { type Database, fresh, onEvery } from "./databases.ts"
import { put } from "./refusal.ts"
import { assertSound, visible } from "./soundness.ts"
import { type Options, parse, run, spawn, until } from "./tidemark.ts"

const timeout = 240_000
const kills = 10

/** Half a year of minutes, which is cut in seven pieces, and their hours, which stay. */
const backfill = [
  "backfill",
  "--symbols=BTC/USDT",
  "--source=synthetic",
  "--timeframes=1m,1h",
  "--start=2024-01-01",
  "--end=2024-10-15",
  "--quiet"
]
const candles = 288 * 24 * 61
const minutes = 288 * 24 * 60

/** Starts a prune and kills it in the middle of a write, or lets it end before that. */
const killed = Effect.fnUntraced(function* (options: Options, database: Database, writes: number) {
  const running = yield* spawn(["prune"], options)
  yield* Effect.raceFirst(database.writes(writes), running.ended)
  yield* running.kill("SIGKILL")
  return yield* running.ended
}, Effect.scoped)

/** Candles that are there, and those that the ledger has as pruned. */
const parts = (database: Database) =>
  Effect.map(
    database.select(`SELECT (SELECT count(*) FROM candles)::INTEGER AS stored,
      (SELECT coalesce(sum(candles), 0) FROM coverage WHERE evidence = 'pruned')::INTEGER AS pruned,
      (SELECT count(*) FROM coverage WHERE evidence = 'pruned')::INTEGER AS runs`),
    ([row]) => row as unknown as { readonly stored: number; readonly pruned: number; readonly runs: number }
  )

onEvery("SIGKILL of a prune", (it) => {
  it.effect(
    `at ${kills} moments leaves every candle either there or pruned, and the next one goes on`,
    () =>
      Effect.gen(function* () {
        const { cwd, database, options } = yield* fresh()
        // Nothing of it is kept: all of it is older than a day.
        yield* put(cwd, { "tidemark.json": JSON.stringify({ retention: { "1m": "1 day", "1h": "forever" } }) })
        const filled = yield* run(backfill, options)
        assert.strictEqual(filled.code, 0, filled.stderr)
        assert.strictEqual((yield* assertSound(database, "filled")).candles, candles)
        const whole = yield* database.remember
        const undisturbed = yield* run(["prune", "--json"], options)
        assert.strictEqual(undisturbed.code, 0, undisturbed.stderr)
        assert.deepInclude(parse<{ readonly summary: object }>(undisturbed).summary, { rows: minutes, pruned: 1 })
        const reference = yield* visible(options)
        yield* whole

        const between = new Set<number>()
        let died = 0
        for (let attempt = 0; died < kills; attempt++) {
          assert.isBelow(attempt, 6 * kills, "the kills come too late")
          const writes = yield* Random.nextIntBetween(1, 12)
          const ended = yield* killed(options, database, writes)
          const when = `kill ${died + 1}, in write ${writes}`
          if (ended.signal === "SIGKILL") died++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          yield* until(database.holders, (holders) => holders === 0)
          yield* assertSound(database, when)
          const { pruned, runs, stored } = yield* parts(database)
          assert.strictEqual(stored + pruned, candles, when)
          assert.isAtMost(runs, 1, "what was pruned in several runs is one")
          if (pruned > 0 && pruned < minutes) between.add(pruned)
          const verified = yield* run(["verify"], options)
          assert.strictEqual(verified.code, 0, `${when}: ${verified.stdout}${verified.stderr}`)
          if (pruned < minutes) continue
          assert.deepStrictEqual(yield* visible(options), reference, when)
          yield* whole
        }
        assert.isNotEmpty([...between], "no kill was in the middle of a series")
        const last = yield* run(["prune"], options)
        assert.strictEqual(last.code, 0, last.stderr)
        assert.deepStrictEqual(yield* visible(options), reference)
      }).pipe(Random.withSeed("prune")),
    timeout
  )
})
