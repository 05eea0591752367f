/**
 * The databases that Tidemark runs on, each behind the same door, so that a
 * test of what users see is written once and runs on both: a file of DuckDB in
 * the test's folder, and a database of its own on a Postgres server.
 */
import { createHash } from "node:crypto"
import { existsSync, statSync, watch } from "node:fs"
import { copyFile, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { layer, type Vitest } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { PostgresServer } from "@tidemark/postgres"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import * as DuckDb from "./database.ts"
import { folder, type Options, type Row } from "./tidemark.ts"

export interface Database {
  /** For `DATABASE_URL`. */
  readonly url: string
  /** Runs one statement, past the product. */
  readonly select: (sql: string) => Effect.Effect<ReadonlyArray<Row>>
  /** Runs statements that write. */
  readonly execute: (...sql: ReadonlyArray<string>) => Effect.Effect<void>
  /** Whether there is a schema to look at; a kill may have come before it. */
  readonly hasSchema: Effect.Effect<boolean>
  /** How many are still at work on it; a server ends what a kill has left behind a moment later. */
  readonly holders: Effect.Effect<number>
  /** All that is in it: equal before and after means that nothing changed. */
  readonly contents: Effect.Effect<unknown>
  /** Keeps what is in it now; the effect that comes back brings it back, whoever still holds the database. */
  readonly remember: Effect.Effect<Effect.Effect<void>>
  /** Completes in the middle of so many writes from now on. */
  readonly writes: (count: number) => Effect.Effect<void>
}

export class Databases extends Context.Service<
  Databases,
  {
    /** One that nobody has used: no file, or no tables. */
    readonly make: (cwd: string) => Effect.Effect<Database, never, Scope.Scope>
    /** An aggregate that differs where the rows differ in any of these columns. */
    readonly fingerprint: (columns: string) => string
  }
>()("@tidemark/cli/test/Databases") {}

const duckDbFile = "x.duckdb"
/** What DuckDB writes before anything else: three blocks of headers. */
const newFileBytes = 3 * 4096

const duckDb: Databases["Service"] = {
  fingerprint: (columns) => `CAST(sum(hash(${columns})) AS VARCHAR)`,
  make: (cwd) => {
    const path = join(cwd, duckDbFile)
    const select = (sql: string) => DuckDb.select(path, sql)
    const parts = [path, `${path}.wal`]
    const hash = async (part: string) =>
      existsSync(part)
        ? createHash("sha256")
            .update(await readFile(part))
            .digest("hex")
        : "none"
    const restore = (kept: string) =>
      Effect.promise(async () => {
        for (const part of parts) await rm(part, { force: true })
        if (existsSync(kept)) await copyFile(kept, path)
      })
    return Effect.succeed({
      url: `duckdb:./${duckDbFile}`,
      select,
      execute: (...sql) => DuckDb.execute(path, ...sql),
      hasSchema: Effect.suspend(() =>
        // Half-made, it holds nothing that could be wrong; that the next run copes with it is that run's to show.
        !existsSync(path) || statSync(path).size < newFileBytes
          ? Effect.succeed(false)
          : Effect.map(select(hasCandles), ([row]) => row!["tables"] === 1)
      ),
      holders: Effect.succeed(0),
      contents: Effect.promise(() => Promise.all(parts.map(hash))),
      remember: Effect.promise(async () => {
        const kept = join(cwd, "kept.duckdb")
        if (existsSync(path)) await copyFile(path, kept)
        return restore(kept)
      }),
      // Changes of the files: in the middle of a transaction, of a checkpoint or of the making of the file.
      writes: (count) =>
        Effect.callback<void>((resume) => {
          let seen = 0
          const watcher = watch(cwd, (_, name) => {
            if (name?.startsWith(duckDbFile) === true && ++seen === count) resume(Effect.void)
          })
          return Effect.sync(() => watcher.close())
        })
    })
  }
}

const hasCandles = `SELECT count(*)::INTEGER AS tables FROM information_schema.tables
  WHERE table_name = 'candles' AND table_schema NOT IN ('pg_catalog', 'information_schema')`

/** Tables, views and sequences that people or programs have made. */
const relations = `SELECT n.nspname AS schema, c.relname AS name, c.relkind::TEXT AS kind FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'
    AND n.nspname NOT LIKE 'pg_toast_temp%' ORDER BY 1, 2`

/** Everything of a Postgres database with its rows: the same twice means that nothing has changed. */
export const postgresContents = Effect.fnUntraced(function* (url: string) {
  const [all] = yield* PostgresServer.execute(url, [relations])
  const readable = all!.filter(({ kind }) => kind === "r" || kind === "S" || kind === "v")
  const rows = yield* PostgresServer.execute(
    url,
    readable.map(
      ({ name, schema }) =>
        `SELECT md5(coalesce(string_agg(CAST(ROW(t.*) AS TEXT), ';' ORDER BY CAST(ROW(t.*) AS TEXT)), '')) AS rows FROM "${String(schema)}"."${String(name)}" t`
    )
  )
  return { all, rows: readable.map(({ name }, i) => [name, rows[i]![0]!["rows"]]) }
})

const holders = `SELECT count(*)::INTEGER AS holders FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'tidemark'`

const openTransactions = `SELECT backend_xid::TEXT AS id FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'tidemark' AND backend_xid IS NOT NULL`

/** Completes while the nth transaction that writes is open, of those that a look every millisecond finds. */
const openTransaction = (url: string, count: number) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.makeClient({ url: Redacted.make(url) })
    const seen = new Set<unknown>()
    while (seen.size < count) {
      for (const { id } of yield* sql.unsafe<Row>(openTransactions)) seen.add(id)
      if (seen.size < count) yield* Effect.sleep(1)
    }
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer), Effect.orDie)

const postgres = Effect.map(PostgresServer.PostgresServer, (server): Databases["Service"] => {
  const onServer = (...statements: ReadonlyArray<string>) =>
    Effect.asVoid(PostgresServer.execute(server.url, statements))
  return {
    fingerprint: (columns) => `CAST(sum(hashtextextended(CAST(ROW(${columns}) AS TEXT), 0)) AS VARCHAR)`,
    make: Effect.fnUntraced(function* () {
      const url = yield* server.database
      const name = new URL(url).pathname.slice(1)
      const kept = `${name}_kept`
      const select = (sql: string) => Effect.map(PostgresServer.execute(url, [sql]), ([rows]) => rows!)
      // Whom a kill has left on the server goes too.
      const copy = (from: string, to: string) =>
        onServer(`DROP DATABASE IF EXISTS ${to} WITH (FORCE)`, `CREATE DATABASE ${to} TEMPLATE ${from}`)
      yield* Effect.addFinalizer(() =>
        onServer(...[name, kept].map((each) => `DROP DATABASE IF EXISTS ${each} WITH (FORCE)`))
      )
      return {
        url,
        select,
        execute: (...sql) => Effect.asVoid(PostgresServer.execute(url, sql)),
        hasSchema: Effect.map(select(hasCandles), ([row]) => row!["tables"] === 1),
        holders: Effect.map(select(holders), ([row]) => Number(row!["holders"])),
        contents: postgresContents(url),
        remember: Effect.as(copy(name, kept), copy(kept, name)),
        writes: (count) => openTransaction(url, count)
      }
    })
  }
})

/** Every kind, as a layer for the tests of a suite. */
export const kinds = {
  DuckDB: Layer.succeed(Databases, duckDb),
  Postgres: Layer.effect(Databases, postgres).pipe(Layer.provide(PostgresServer.PostgresServer.layer))
} as const

export type Kind = keyof typeof kinds

/** The same tests on every kind of database, at once. */
export const onEvery = (name: string, tests: (it: Vitest.MethodsNonLive<Databases>, kind: Kind) => void) => {
  for (const kind of ["DuckDB", "Postgres"] as const satisfies ReadonlyArray<Kind>) {
    layer(kinds[kind], { excludeTestServices: true, concurrent: true })(`${name}, on ${kind}`, (it) => tests(it, kind))
  }
}

/** How to run the command on a database, with a provider if one is given. */
export const on = (database: Database, cwd: string, emulator?: { readonly url: string }): Options => ({
  cwd,
  env: { DATABASE_URL: database.url, ...(emulator === undefined ? {} : { BINANCE_BASE_URL: emulator.url }) }
})

/** A new database, in a folder of its own, and how to run the command on it. */
export const fresh = Effect.fnUntraced(function* (emulator?: { readonly url: string }) {
  const cwd = yield* folder
  const database = yield* (yield* Databases).make(cwd)
  return { cwd, database, options: on(database, cwd, emulator) }
})
