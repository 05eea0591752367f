/** What keeps a database from being used: one clear reason each, and nothing half-written. */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { ActionStore, CandleStore } from "@tidemark/core"
import { PostgresServer } from "@tidemark/postgres"
import { Query } from "@tidemark/storage"
import candles from "@tidemark/storage/migrations/0001_candles"
import { Effect, Redacted, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import { changed, fetched, page, reasonOf, series, using, write } from "./rig.ts"

const { PostgresServer: Server } = PostgresServer

/** Runs statements in a database as its superuser. */
const execute = (url: string, ...statements: ReadonlyArray<string>) => PostgresServer.execute(url, statements)

const nameOf = (url: string) => new URL(url).pathname.slice(1)

const tables = (url: string) =>
  Effect.map(
    execute(url, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"),
    ([rows]) => rows!.map((row) => row["relname"])
  )

const list = Effect.flatMap(CandleStore.CandleStore, (store) => store.list)

/** A role that may log in, with these rights in the database. */
const role = Effect.fnUntraced(function* (url: string, name: string, ...rights: ReadonlyArray<string>) {
  const unique = `${name}_${nameOf(url)}`
  yield* execute(url, `CREATE ROLE ${unique} LOGIN PASSWORD 'pw'`, ...rights.map((right) => `${right} TO ${unique}`))
  yield* Effect.addFinalizer(() => execute(url, `DROP OWNED BY ${unique}`, `DROP ROLE ${unique}`))
  return changed(url, { username: unique, password: "pw" })
})

it.layer(Server.layer)("a database that cannot be used", (it) => {
  it.effect("a wrong password", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const error = yield* reasonOf(using(changed(yield* database, { password: "wrong-secret" }))(list))
      assert.strictEqual(error.reason._tag, "CannotOpen")
      assert.include(error.message, "password authentication failed")
      assert.notInclude(error.message, "wrong-secret")
    })
  )

  it.effect("a database that is not there", () =>
    Effect.gen(function* () {
      const { url } = yield* Server
      const error = yield* reasonOf(using(changed(url, { pathname: "/nowhere" }))(list))
      assert.strictEqual(error.reason._tag, "CannotOpen")
      assert.include(error.message, '"nowhere" does not exist')
      assert.include(error.message, "CREATE DATABASE")
    })
  )

  it.effect("nothing listens", () =>
    Effect.gen(function* () {
      const { url } = yield* Server
      const error = yield* reasonOf(using(changed(url, { port: "9" }))(list))
      assert.strictEqual(error.reason._tag, "CannotOpen")
      assert.include(error.message, "nothing listens there")
    })
  )

  it.effect("the database of others is left as it is, whatever the mode", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* execute(url, "CREATE TABLE customers (id INTEGER)")
      for (const mode of ["read", "update", "write"] as const) {
        const error = yield* reasonOf(using(url, mode)(list))
        assert.strictEqual(error.reason._tag, "Foreign")
        assert.include(error.message, "customers")
      }
      assert.deepStrictEqual(yield* tables(url), ["customers"])
    })
  )

  it.effect("one that an older program has written is migrated to write, and to read says what migrates it", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* Effect.gen(function* () {
        const sql = yield* PgClient.makeClient({ url: Redacted.make(url) })
        yield* Effect.provideService(candles, SqlClient.SqlClient, sql)
      }).pipe(Effect.scoped, Effect.provide(Reactivity.layer))
      yield* execute(
        url,
        "CREATE TABLE tidemark_migrations (migration_id INTEGER PRIMARY KEY, created_at TIMESTAMP DEFAULT now(), name VARCHAR)",
        "INSERT INTO tidemark_migrations (migration_id, name) VALUES (1, 'candles')"
      )
      const before = yield* tables(url)
      const error = yield* reasonOf(using(url, "read")(list))
      assert.strictEqual(error.reason._tag, "CannotOpen")
      assert.include(error.message, "an older Tidemark wrote it; bring it up to date with `tidemark migrate`")
      assert.deepStrictEqual(yield* tables(url), before)
      const actions = Effect.flatMap(ActionStore.ActionStore, (store) => store.list({}))
      assert.deepStrictEqual(yield* using(url, "update")(actions), [])
      assert.deepStrictEqual(yield* using(url, "read")(actions), [])
    })
  )

  it.effect("what an extension has put there is no table of others", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* execute(url, "CREATE EXTENSION pg_stat_statements")
      assert.deepStrictEqual(yield* using(url)(list), [])
    })
  )

  it.effect("a schema of its own beside the tables of others", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* execute(url, "CREATE TABLE customers (id INTEGER)", "CREATE SCHEMA tidemark")
      const own = `${url}?options=-csearch_path%3Dtidemark`
      yield* using(own)(write(page(0, 10)))
      assert.deepStrictEqual(yield* using(own)(fetched()), [10])
      assert.deepStrictEqual(yield* tables(url), ["customers"])
    })
  )

  it.effect("a newer schema", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* using(url)(list)
      yield* execute(url, "INSERT INTO tidemark_migrations (migration_id, name) VALUES (999, 'later')")
      const error = yield* reasonOf(using(url)(list))
      assert.strictEqual(error.reason._tag, "TooNew")
    })
  )

  it.effect("a role that may read only reads, and is told what it may not", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { database } = yield* Server
        const url = yield* database
        yield* using(url)(write(page(0, 10)))
        const reader = yield* role(url, "reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public")
        for (const mode of ["read", "write"] as const) assert.lengthOf(yield* using(reader, mode)(list), 1)
        const error = yield* reasonOf(using(reader)(write(page(10, 10))))
        assert.strictEqual(error.reason._tag, "Denied")
        assert.include(error.message, "permission denied for table")
        assert.deepStrictEqual(yield* using(url)(fetched()), [10])
      })
    )
  )

  it.effect("a role that may make no tables", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { database } = yield* Server
        const url = yield* database
        const guest = yield* role(url, "guest")
        const error = yield* reasonOf(using(guest)(list))
        assert.strictEqual(error.reason._tag, "Denied")
        assert.include(error.message, "permission denied for schema public")
        assert.deepStrictEqual(yield* tables(url), [])
      })
    )
  )

  it.effect("a server that takes no writes, such as a standby", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* using(url)(write(page(0, 10)))
      yield* execute(url, `ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`)
      const error = yield* reasonOf(using(url)(write(page(10, 10))))
      assert.strictEqual(error.reason._tag, "Denied")
      assert.include(error.message, "read-only")
      assert.deepStrictEqual(yield* using(url, "read")(fetched()), [10])
    })
  )

  it.effect("to read from, an empty database shows as empty and stays so", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const query = yield* Query.Query
        assert.deepStrictEqual(yield* store.list, [])
        assert.deepStrictEqual(yield* query.run("SELECT * FROM market_data"), [])
        assert.deepStrictEqual(yield* Stream.runCollect(store.read(series(), page(0, 1).interval)), [])
      }).pipe(using(url, "read"))
      assert.deepStrictEqual(yield* tables(url), [])
    })
  )

  it.effect("a statement that takes longer than the server allows", () =>
    Effect.gen(function* () {
      const { database } = yield* Server
      const url = yield* database
      yield* using(url)(write(page(0, 10)))
      // A table that nobody can write to for a while is what takes long, whatever the machine.
      yield* execute(url, `ALTER DATABASE ${nameOf(url)} SET statement_timeout = '200ms'`)
      const locked = using(url)(
        Effect.flatMap(CandleStore.CandleStore, (store) =>
          store.exclusively(series(), reasonOf(using(url)(write(page(10, 10)))))
        )
      )
      const error = yield* locked
      assert.strictEqual(error.reason._tag, "StatementFailed")
      assert.include(error.message, "statement timeout")
      assert.include(error.message, "statement_timeout = ")
      assert.deepStrictEqual(yield* using(url)(fetched()), [10])
    })
  )
})

describe("a server without a connection to spare", () => {
  it.live("is waited for, and said to be busy if it stays so", () =>
    Effect.gen(function* () {
      const server = yield* PostgresServer.make({
        settings: { max_connections: "6", superuser_reserved_connections: "0", max_wal_senders: "0" }
      })
      const url = yield* server.database
      yield* using(url)(write(page(0, 10)))
      const taken = Effect.forEach(
        Array.from({ length: 6 }),
        () => Effect.result(PgClient.makeClient({ url: Redacted.make(url) })),
        { discard: true }
      )
      const error = yield* Effect.scoped(Effect.andThen(taken, reasonOf(using(url)(write(page(10, 10)))))).pipe(
        Effect.provide(Reactivity.layer)
      )
      assert.strictEqual(error.reason._tag, "Busy")
      assert.include(error.message, "too many clients")
      yield* using(url)(write(page(10, 10)))
      assert.deepStrictEqual(yield* using(url)(fetched()), [20])
    }).pipe(Effect.scoped)
  )
})
