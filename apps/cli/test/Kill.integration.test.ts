/**
 * Kills the command again and again, at moments drawn from a seed, and looks
 * at what is left each time. The moments: so many requests after the start
 * plus a few milliseconds, or so many changes of the database's files, which
 * is in the middle of a transaction, of a checkpoint or of the making of the
 * file.
 */
import { existsSync, statSync, watch } from "node:fs"
import { copyFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { type Emulator } from "@tidemark/emulator"
import { Effect, Random } from "effect"
import { select } from "./database.ts"
import * as Market from "./market.ts"
import { folder, type Options, parse, provider, query, type ReportJson, run, type Running, spawn } from "./tidemark.ts"

const file = "x.duckdb"
const latencyMillis = 25

const served = (emulator: Emulator["Service"], cwd: string): Options => ({
  cwd,
  env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: `duckdb:./${file}` }
})

/** When to kill: after a number of requests and a delay, or after a number of changes to the files. */
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
const reached = (moment: Moment, running: Running, cwd: string, requests: Effect.Effect<number>) =>
  moment.kind === "requests"
    ? Effect.gen(function* () {
        const target = (yield* requests) + moment.count
        while (running.isAlive() && (yield* requests) < target) yield* Effect.sleep(2)
        yield* Effect.sleep(moment.delayMillis)
      })
    : Effect.callback<void>((resume) => {
        let seen = 0
        const watcher = watch(cwd, (_, name) => {
          if (name?.startsWith(file) === true && ++seen === moment.count) resume(Effect.void)
        })
        return Effect.sync(() => watcher.close())
      }).pipe(Effect.raceFirst(running.ended))

/** Starts the command and kills it; says how it ended. */
const killed = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  options: Options,
  requests: Effect.Effect<number>,
  moment: Moment
) {
  const running = yield* spawn(args, options)
  yield* reached(moment, running, options.cwd, requests)
  yield* running.kill("SIGKILL")
  return yield* running.ended
}, Effect.scoped)

/** What DuckDB writes before anything else: three blocks of headers. */
const newFileBytes = 3 * 4096

const soundness = `SELECT
  (SELECT count(*) FROM candles)::INTEGER AS candles,
  (SELECT count(*) FROM (SELECT DISTINCT series_id, open_time FROM candles))::INTEGER AS "distinct",
  (SELECT count(*) FROM series s
    LEFT JOIN (SELECT series_id, count(*) AS rows FROM candles GROUP BY series_id) c USING (series_id)
    LEFT JOIN (SELECT series_id, sum(candles) AS rows FROM coverage WHERE evidence = 'fetched' GROUP BY series_id) l
      USING (series_id)
    WHERE coalesce(c.rows, 0) <> coalesce(l.rows, 0))::INTEGER AS unreconciled,
  (SELECT count(*) FROM candles c ANTI JOIN coverage l ON l.series_id = c.series_id AND l.evidence = 'fetched'
    AND epoch_ms(c.open_time) >= l.from_ms AND epoch_ms(c.open_time) < l.to_ms)::INTEGER AS uncovered,
  (SELECT count(*) FROM revisions)::INTEGER AS revisions,
  (SELECT count(*) FROM (SELECT DISTINCT series_id, open_time FROM revisions))::INTEGER AS revised`

/**
 * No row stands twice, the ledger counts the rows that there are, and none
 * lies outside of what it covers. Says what is there; nothing where the kill
 * came before the schema.
 */
const assertSound = Effect.fnUntraced(function* (path: string, when: string) {
  const nothing = { candles: 0, revisions: 0 }
  // Half-made, it holds nothing that could be wrong; that the next run copes with it is that run's to show.
  if (!existsSync(path) || statSync(path).size < newFileBytes) return nothing
  const [schema] = yield* select(
    path,
    "SELECT count(*)::INTEGER AS tables FROM information_schema.tables WHERE table_name = 'candles'"
  )
  if (schema!["tables"] === 0) return nothing
  const [found] = yield* select(path, soundness)
  const { candles, revisions } = found as unknown as typeof nothing
  assert.deepStrictEqual(
    found,
    { candles, distinct: candles, unreconciled: 0, uncovered: 0, revisions, revised: revisions },
    when
  )
  return { candles, revisions }
})

/** The same through the doors that users have. */
const assertSoundToUsers = Effect.fnUntraced(function* (options: Options, when: string) {
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

const everyValue = `SELECT source, symbol, timeframe, provenance, count(*)::INTEGER AS candles,
    count(DISTINCT timestamp)::INTEGER AS instants, min(timestamp)::VARCHAR AS first, max(timestamp)::VARCHAR AS last,
    CAST(sum(hash(timestamp, open, high, low, close, volume, quote_volume, trades)) AS VARCHAR) AS fingerprint
  FROM market_data GROUP BY ALL ORDER BY ALL`

/** All that a user can see of the history: values, and what the ledger says about them. */
const visible = Effect.fnUntraced(function* (options: Options) {
  const coverage = yield* run(["coverage", "--json"], options)
  return { values: yield* query(everyValue, options), coverage: parse<ReadonlyArray<object>>(coverage) }
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
  const options = served(emulator, yield* folder)
  const ended = yield* run(Market.backfill, options)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return yield* visible(options)
})

const timeout = 240_000

describe("SIGKILL", { concurrent: true }, () => {
  it.live(
    "at 30 moments of the first backfill costs no candle and doubles none",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis })
        const reference = yield* undisturbed(emulator)
        assert.strictEqual(
          reference.values.reduce((sum, row) => sum + Number(row["candles"]), 0),
          Market.candles
        )
        const cwd = yield* folder
        const options = served(emulator, cwd)
        let kills = 0
        let finished = 0
        for (let attempt = 0; kills < 30; attempt++) {
          assert.isBelow(attempt, 120, "the kills come too late")
          const moment = yield* draw({ requests: 16, writes: 10 })
          const ended = yield* killed(Market.backfill, options, emulator.requestCount, moment)
          const when = `kill ${kills + 1}, ${JSON.stringify(moment)}`
          if (ended.signal === "SIGKILL") kills++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          const found = yield* assertSound(join(cwd, file), when)
          if (found.candles > 0 && kills % 10 === 0) yield* assertSoundToUsers(options, when)
          if (ended.signal === "SIGKILL") continue
          // All is there: compare, and begin anew.
          finished++
          assert.deepStrictEqual(yield* visible(options), reference, when)
          yield* Effect.promise(() => rm(join(cwd, file)))
        }
        const last = yield* run(Market.backfill, options)
        assert.strictEqual(last.code, 0, `${last.stderr}\n${finished} finished`)
        assert.deepStrictEqual(yield* visible(options), reference)
        yield* assertComplete(options, emulator)
      }).pipe(Random.withSeed("first backfill")),
    timeout
  )

  it.live(
    "at 20 moments of a backfill that revises history leaves each revision once",
    () =>
      Effect.gen(function* () {
        const before = yield* provider({ datasets: Market.datasets() })
        const after = yield* provider({ datasets: Market.datasets({ revised: true }), latencyMillis })
        const reference = yield* undisturbed(after)
        const cwd = yield* folder
        const old = served(before, cwd)
        assert.strictEqual((yield* run(Market.backfill, old)).code, 0)
        yield* Effect.promise(() => copyFile(join(cwd, file), join(cwd, "old.duckdb")))
        const options = served(after, cwd)
        const force = [...Market.backfill, "--force"]
        let kills = 0
        for (let attempt = 0; kills < 20; attempt++) {
          assert.isBelow(attempt, 80, "the kills come too late")
          const moment = yield* draw({ requests: 40, writes: 25 })
          const ended = yield* killed(force, options, after.requestCount, moment)
          const when = `kill ${kills + 1}, ${JSON.stringify(moment)}`
          if (ended.signal === "SIGKILL") kills++
          else assert.strictEqual(ended.code, 0, `${when}: ${ended.stderr}`)
          const found = yield* assertSound(join(cwd, file), when)
          assert.strictEqual(found.candles, Market.candles, when)
          if (kills % 10 === 0) yield* assertSoundToUsers(options, when)
          if (found.revisions !== Market.revisedCandles) continue
          // All is revised: begin anew from the old history.
          yield* Effect.promise(async () => {
            await rm(join(cwd, `${file}.wal`), { force: true })
            await copyFile(join(cwd, "old.duckdb"), join(cwd, file))
          })
        }
        const last = yield* run(force, options)
        assert.strictEqual(last.code, 0, last.stderr)
        assert.deepStrictEqual(yield* visible(options), reference)
        assert.deepStrictEqual(yield* assertSound(join(cwd, file), "the end"), {
          candles: Market.candles,
          revisions: Market.revisedCandles
        })
        yield* assertComplete(options, after)
      }).pipe(Random.withSeed("revising backfill")),
    timeout
  )
})
