/**
 * Kills the command again and again, at moments drawn from a seed, and looks
 * at what is left each time. The moments: so many requests after the start
 * plus a few milliseconds, or in the middle of so many writes, which is in an
 * open transaction, in a checkpoint of the file or in the making of the schema.
 */
import { assert } from "@effect/vitest"
import type { Emulator } from "@tidemark/emulator"
import { Effect, Random } from "effect"
import { type Database, fresh, on, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { assertSound, visible } from "./soundness.ts"
import { type Options, parse, provider, query, type ReportJson, run, type Running, spawn, until } from "./tidemark.ts"

const latencyMillis = 25

/** When to kill: after a number of requests and a delay, or in the middle of a number of writes. */
type Moment =
  | { readonly kind: "requests"; readonly count: number; readonly delayMillis: number }
  | { readonly kind: "writes"; readonly count: number }

const draw = Effect.fnUntraced(function* (most: { readonly requests: number; readonly writes: number }) {
  if (yield* Random.nextBoolean) {
    const count = yield* Random.nextIntBetween(1, most.requests)
    return { kind: "requests", count, delayMillis: yield* Random.nextIntBetween(0, latencyMillis) } as const
  }
  return { kind: "writes", count: yield* Random.nextIntBetween(1, most.writes) } as const
})

/** Completes at the moment, or when the process has ended before it. */
const reached = (moment: Moment, running: Running, database: Database, requests: Effect.Effect<number>) =>
  moment.kind === "requests"
    ? Effect.gen(function* () {
        const target = (yield* requests) + moment.count
        while (running.isAlive() && (yield* requests) < target) yield* Effect.sleep(2)
        yield* Effect.sleep(moment.delayMillis)
      })
    : Effect.raceFirst(database.writes(moment.count), running.ended)

/** Starts the command and kills it; says how it ended. */
const killed = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  options: Options,
  database: Database,
  requests: Effect.Effect<number>,
  moment: Moment
) {
  const running = yield* spawn(args, options)
  yield* reached(moment, running, database, requests)
  yield* running.kill("SIGKILL")
  return yield* running.ended
}, Effect.scoped)

/** The same through the doors that users have. */
const assertSoundToUsers = Effect.fnUntraced(function* (options: Options, database: Database, when: string) {
  // Two commands see one database only once nobody writes to it.
  yield* until(database.holders, (holders) => holders === 0)
  const coverage = yield* run(["coverage", "--json"], options)
  assert.strictEqual(coverage.code, 0, `${when}: ${coverage.stderr}`)
  const rows = parse<ReadonlyArray<{ readonly candles: number }>>(coverage)
  const [counted] = yield* query("SELECT count(*)::INTEGER AS candles FROM market_data", options)
  assert.strictEqual(
    counted?.["candles"],
    rows.reduce((sum, row) => sum + row.candles, 0),
    when
  )
})

const assertComplete = Effect.fnUntraced(function* (options: Options, emulator: Emulator["Service"]) {
  const asked = yield* emulator.requestCount
  const again = yield* run([...Market.backfill, "--json"], options)
  const report = parse<ReportJson>(again)
  assert.deepInclude(report.summary, { complete: 4, missing: 0, requests: 0, inserted: 0, gaps_detected: 0 })
  assert.strictEqual(yield* emulator.requestCount, asked)
})

/** The history of one run that nothing disturbs. */
const undisturbed = Effect.fnUntraced(function* (emulator: Emulator["Service"]) {
  const { options } = yield* fresh(emulator)
  const ended = yield* run(Market.backfill, options)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return yield* visible(options)
})

const timeout = 240_000

onEvery("SIGKILL", (it) => {
  it.effect(
    "at 30 moments of the first backfill costs no candle and doubles none",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis })
        const reference = yield* undisturbed(emulator)
        assert.strictEqual(
          reference.values.reduce((sum, row) => sum + Number(row["candles"]), 0),
          Market.candles
        )
        const { database, options } = yield* fresh(emulator)
        const empty = yield* database.remember
        let kills = 0
        let finished = 0
        for (let attempt = 0; kills < 30; attempt++) {
          assert.isBelow(attempt, 120, "the kills come too late")
          const moment = yield* draw({ requests: 16, writes: 10 })
          const ended = yield* killed(Market.backfill, options, database, emulator.requestCount, moment)
          const when = `kill ${kills + 1}, ${JSON.stringify(moment)}`
          if (ended.signal === "SIGKILL") kills++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          const found = yield* assertSound(database, when)
          if (found.candles > 0 && kills % 10 === 0) yield* assertSoundToUsers(options, database, when)
          if (ended.signal === "SIGKILL") continue
          // All is there: compare, and begin anew.
          finished++
          assert.deepStrictEqual(yield* visible(options), reference, when)
          yield* empty
        }
        const last = yield* run(Market.backfill, options)
        assert.strictEqual(last.code, 0, `${last.stderr}\n${finished} finished`)
        assert.deepStrictEqual(yield* visible(options), reference)
        yield* assertComplete(options, emulator)
      }).pipe(Random.withSeed("first backfill")),
    timeout
  )

  it.effect(
    "at 12 moments of a backfill from an archive leaves what pages would have brought",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis })
        const reference = yield* undisturbed(emulator)
        const { database, options: byPages } = yield* fresh(emulator)
        const options = { ...byPages, env: { ...byPages.env, BINANCE_ARCHIVE: "on" } }
        const empty = yield* database.remember
        let kills = 0
        for (let attempt = 0; kills < 12; attempt++) {
          assert.isBelow(attempt, 60, "the kills come too late")
          const moment = yield* draw({ requests: 30, writes: 8 })
          const ended = yield* killed(Market.backfill, options, database, emulator.requestCount, moment)
          const when = `kill ${kills + 1}, ${JSON.stringify(moment)}`
          if (ended.signal === "SIGKILL") kills++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          yield* assertSound(database, when)
          if (ended.signal === "SIGKILL") continue
          assert.deepStrictEqual(yield* visible(options), reference, when)
          yield* empty
        }
        const last = yield* run(Market.backfill, options)
        assert.strictEqual(last.code, 0, last.stderr)
        assert.deepStrictEqual(yield* visible(options), reference)
        // Each file that rows came from is known, once, with the rows.
        const files = yield* query("SELECT url, status FROM source_files ORDER BY url", options)
        assert.strictEqual(new Set(files.map(({ url }) => url)).size, 2 * 11)
        assert.strictEqual(files.length, 2 * 11)
        yield* assertComplete(options, emulator)
      }).pipe(Random.withSeed("archive")),
    timeout
  )

  it.effect(
    "at 20 moments of a backfill that revises history leaves each revision once",
    () =>
      Effect.gen(function* () {
        const before = yield* provider({ datasets: Market.datasets() })
        const after = yield* provider({ datasets: Market.datasets({ revised: true }), latencyMillis })
        const reference = yield* undisturbed(after)
        const { cwd, database, options: old } = yield* fresh(before)
        assert.strictEqual((yield* run(Market.backfill, old)).code, 0)
        const unrevised = yield* database.remember
        const options = on(database, cwd, after)
        const force = [...Market.backfill, "--force"]
        let kills = 0
        for (let attempt = 0; kills < 20; attempt++) {
          assert.isBelow(attempt, 80, "the kills come too late")
          const moment = yield* draw({ requests: 40, writes: 25 })
          const ended = yield* killed(force, options, database, after.requestCount, moment)
          const when = `kill ${kills + 1}, ${JSON.stringify(moment)}`
          if (ended.signal === "SIGKILL") kills++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          const found = yield* assertSound(database, when)
          assert.strictEqual(found.candles, Market.candles, when)
          if (kills % 10 === 0) yield* assertSoundToUsers(options, database, when)
          // All is revised: begin anew from the old history.
          if (found.revisions === Market.revisedCandles) yield* unrevised
        }
        const last = yield* run(force, options)
        assert.strictEqual(last.code, 0, last.stderr)
        assert.deepStrictEqual(yield* visible(options), reference)
        assert.deepStrictEqual(yield* assertSound(database, "the end"), {
          candles: Market.candles,
          revisions: Market.revisedCandles
        })
        yield* assertComplete(options, after)
      }).pipe(Random.withSeed("revising backfill")),
    timeout
  )
})
