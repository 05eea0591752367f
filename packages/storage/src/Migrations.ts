/**
 * Brings a database to the schema that this program knows.
 *
 * Forward only, recorded in `tidemark_migrations`, all in one transaction,
 * nothing to do when it is current. A database of a newer program and a
 * database that is not ours are refused before anything is changed.
 */
import { StoreError } from "@tidemark/core"
import { Effect } from "effect"
import { Migrator, SqlClient, SqlError } from "effect/sql"
import { Driver } from "./Driver.ts"
import { failing } from "./Failure.ts"
import candles from "./migrations/0001_candles.ts"
import actions from "./migrations/0002_actions.ts"
import files from "./migrations/0003_files.ts"
import quality from "./migrations/0004_quality.ts"
import retries from "./migrations/0005_retries.ts"
import candidates from "./migrations/0006_candidates.ts"
import features from "./migrations/0008_features.ts"
import retention from "./migrations/0009_retention.ts"
import strays from "./migrations/0010_strays.ts"
import regimes from "./migrations/0011_regimes.ts"
import jobs from "./migrations/0012_jobs.ts"
import alerts from "./migrations/0013_alerts.ts"
import keys from "./migrations/0014_keys.ts"
import gamma from "./migrations/0015_gamma.ts"

const table = "tidemark_migrations"

/** Every migration by its number. A released one is never edited; the next change is a new file. */
const migrations: ReadonlyArray<Migrator.ResolvedMigration> = [
  [1, "candles", Effect.succeed(candles)],
  [2, "actions", Effect.succeed(actions)],
  [3, "files", Effect.succeed(files)],
  [4, "quality", Effect.succeed(quality)],
  [5, "retries", Effect.succeed(retries)],
  [6, "candidates", Effect.succeed(candidates)],
  [8, "features", Effect.succeed(features)],
  [9, "retention", Effect.succeed(retention)],
  [10, "strays", Effect.succeed(strays)],
  [11, "regimes", Effect.succeed(regimes)],
  [12, "jobs", Effect.succeed(jobs)],
  [13, "alerts", Effect.succeed(alerts)],
  [14, "keys", Effect.succeed(keys)],
  [15, "gamma", Effect.succeed(gamma)]
]

/** The newest schema that this program knows. */
export const latest = Math.max(...migrations.map(([id]) => id))

const found = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { database, tables } = yield* Driver
  const names = yield* tables
  // A process may be killed between making the list of migrations and running the first.
  if (names.every((name) => name === table)) return 0
  const refuse = (reason: StoreError.Reason) => new StoreError.StoreError({ database, operation: "open", reason })
  if (!names.includes(table)) {
    const some = names.slice(0, 3).join(", ")
    const detail = `it has other tables (${some}${names.length > 3 ? ", …" : ""})`
    return yield* refuse(new StoreError.Foreign({ detail }))
  }
  const rows = yield* sql<{ id: number | null }>`SELECT max(migration_id) AS id FROM ${sql(table)}`
  const id = Number(rows[0]?.id ?? 0)
  if (id === 0) return yield* refuse(new StoreError.Foreign({ detail: "its list of migrations is empty" }))
  if (id > latest) return yield* refuse(new StoreError.TooNew({ found: id, known: latest }))
  return id
})

/** The schema of the database, 0 for an empty one. Fails for one that is newer or not ours. */
export const current = Effect.flatMap(Driver, (driver) => failing(driver, "open")(found))

/** The portable part of every migration, then what the driver adds to it. */
const tuned = Effect.map(Driver, ({ tuning }) =>
  migrations.map(([id, name, load]): Migrator.ResolvedMigration => [
    id,
    name,
    Effect.map(load, (migration) => Effect.andThen(migration, tuning[id] ?? Effect.void))
  ])
)

const migrate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // Made here, in the form that the Migrator knows: where it may not be made, the Migrator does not say why.
  yield* sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
    migration_id INTEGER NOT NULL PRIMARY KEY,
    created_at TIMESTAMP NOT NULL DEFAULT current_timestamp,
    name VARCHAR NOT NULL
  )`
  return yield* Migrator.make({})({ loader: Effect.succeed(yield* tuned), table })
}).pipe(
  // A migration fails with what its statements fail with; anything else is a mistake in this file.
  Effect.catchTag("MigrationError", (error) =>
    SqlError.isSqlError(error.cause) ? Effect.fail(error.cause) : Effect.die(error)
  )
)

/** Runs what is missing and returns the numbers of what ran. */
export const run = Effect.gen(function* () {
  const driver = yield* Driver
  if ((yield* current) === latest) return []
  // Another process may have done it while this one waited; then nothing is missing any more.
  const done = yield* driver.migrating(migrate).pipe(failing(driver, "migrate"))
  return done.map(([id]) => id)
})
