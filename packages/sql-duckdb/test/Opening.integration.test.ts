import { assert, describe, it } from "@effect/vitest"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Config, ConfigProvider, Effect, Stream } from "effect"
import { copyFile, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { directory, file, openElsewhere } from "./database.ts"

const client = DuckDbClient.DuckDbClient

/** Opens a database and does `use` with it. */
const withDatabase = <A, E, R>(
  config: DuckDbClient.DuckDbConfig,
  use: (sql: DuckDbClient.DuckDbClient) => Effect.Effect<A, E, R>
) => Effect.provide(Effect.flatMap(client, use), DuckDbClient.layer(config))

/** Why a database cannot be opened. */
const refusal = (config: DuckDbClient.DuckDbConfig) => Effect.flip(withDatabase(config, () => Effect.void))

const firstLine = (error: Error) => error.message.split("\n")[0]

describe("a file", () => {
  it.effect("keeps what was written", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* withDatabase({ path }, (sql) => sql`CREATE TABLE t AS SELECT 42 AS a`)
      assert.deepStrictEqual(yield* withDatabase({ path }, (sql) => sql`FROM t`), [{ a: 42 }])
    })
  )

  it.effect("is not opened again by whoever still has a client that is closed", () =>
    Effect.gen(function* () {
      const path = yield* file
      const left = yield* withDatabase({ path }, (sql) => Effect.succeed(sql))
      const late = { read: left`SELECT 1`, write: left`CREATE TABLE t (a INTEGER)` }
      for (const one of [late.read, late.write, left.withTransaction(late.read)]) {
        assert.strictEqual((yield* Effect.flip(one)).message, "The client is closed.")
      }
      assert.deepStrictEqual(yield* openElsewhere(path), { opened: true })
    })
  )

  it.effect("is refused to another process, which learns who holds it", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* withDatabase({ path }, () =>
        Effect.gen(function* () {
          const report = yield* openElsewhere(path)
          assert.isFalse(report.opened)
          assert.strictEqual(report.pid, process.pid)
        })
      )
    })
  )

  it.effect("is free for another process as soon as the client is closed", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* withDatabase({ path }, (sql) =>
        Effect.gen(function* () {
          yield* sql`CREATE TABLE t (a INTEGER)`
          yield* sql.append("t", [{ kind: "integer", values: new Int32Array(5000) }])
          yield* sql`SELECT ${1} AS a`
          yield* sql`FROM t`.raw
          yield* Stream.runDrain(sql`FROM t`.stream)
          yield* Effect.ignore(sql.withTransaction(Effect.andThen(sql`DELETE FROM t`, Effect.fail("no"))))
        })
      )
      assert.deepStrictEqual(yield* openElsewhere(path), { opened: true })
    })
  )

  it.effect("is shared by the clients of one process, until the last is closed", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* withDatabase({ path }, (first) =>
        Effect.gen(function* () {
          yield* withDatabase({ path }, (second) => second`CREATE TABLE t AS SELECT 1 AS a`)
          assert.deepStrictEqual(yield* first`FROM t`, [{ a: 1 }])
          assert.isFalse((yield* openElsewhere(path)).opened)
          const error = yield* refusal({ path, readOnly: true })
          assert.strictEqual(firstLine(error), `${path} is already open in this process with other settings.`)
        })
      )
      assert.deepStrictEqual(yield* openElsewhere(path), { opened: true })
    })
  )

  it.effect("opened read-only is read and not written", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* withDatabase({ path }, (sql) => sql`CREATE TABLE t AS SELECT 1 AS a`)
      yield* withDatabase({ path, readOnly: true }, (sql) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* sql`FROM t`, [{ a: 1 }])
          const error = yield* Effect.flip(sql`INSERT INTO t VALUES (2)`)
          assert.strictEqual(error.reason._tag, "AuthorizationError")
        })
      )
    })
  )
})

describe("settings", () => {
  it.effect("reach DuckDB, and the time zone is UTC", () =>
    Effect.gen(function* () {
      const tempDirectory = yield* directory
      const config = { path: ":memory:", threads: 1, memoryLimit: "100MiB", tempDirectory }
      const rows = yield* withDatabase(
        config,
        (sql) => sql`SELECT current_setting('threads') AS threads, current_setting('memory_limit') AS memory,
          current_setting('temp_directory') AS temp, current_setting('TimeZone') AS zone`
      )
      assert.deepStrictEqual(rows, [{ threads: 1, memory: "100.0 MiB", temp: tempDirectory, zone: "UTC" }])
    })
  )

  it.effect("that DuckDB doesn't take are named", () =>
    Effect.gen(function* () {
      const error = yield* refusal({ path: ":memory:", memoryLimit: "plenty" })
      assert.match(error.message, /^DuckDB refused a setting \(threads, memoryLimit or tempDirectory\)/)
    })
  )

  it.effect("may come from Config", () =>
    Effect.gen(function* () {
      const sql = yield* Effect.provide(client, DuckDbClient.layerConfig({ path: Config.String("DATABASE") }))
      assert.strictEqual(sql.config.path, ":memory:")
    }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE: ":memory:" }))))
  )
})

describe("a path that cannot be opened", () => {
  it.effect("says what is wrong with it", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const inFolder = (name: string) => join(folder, name)
      yield* Effect.promise(() => writeFile(inFolder("text"), "no database".repeat(1000)))
      const database = inFolder("database")
      yield* withDatabase({ path: database }, (sql) => sql`CREATE TABLE t (a INTEGER)`)
      yield* Effect.promise(async () => {
        await copyFile(database, inFolder("damaged"))
        await writeFile(inFolder("damaged"), damaged(await readFile(database)))
        await writeFile(inFolder("newer"), newer(await readFile(database)))
      })

      for (const [config, sentence] of [
        [{ path: inFolder("text") }, `${inFolder("text")} is not a DuckDB database file.`],
        [{ path: inFolder("damaged") }, `${inFolder("damaged")} is damaged.`],
        [
          { path: inFolder("newer") },
          `${inFolder("newer")} was written by a newer version of DuckDB than this one can read.`
        ],
        [{ path: inFolder("none/a") }, `The directory of ${inFolder("none/a")} does not exist.`],
        [{ path: folder }, `${folder} is a directory, not a database file.`],
        [
          { path: inFolder("absent"), readOnly: true },
          `${inFolder("absent")} does not exist, and read-only mode does not create it.`
        ]
      ] as const) {
        const error = yield* refusal(config)
        assert.strictEqual(firstLine(error), sentence)
        assert.strictEqual(error.reason._tag, "ConnectionError")
        assert.isUndefined(DuckDbClient.lockHolder(error))
      }
    })
  )
})

const versionOffset = 12
const headerBytes = 4096

const damaged = (bytes: Buffer): Buffer => {
  bytes[versionOffset + 100]! ^= 0xff
  return bytes
}

/** A database of storage version 999, with the checksum that DuckDB computes: one product per 64-bit word. */
const newer = (bytes: Buffer): Buffer => {
  bytes.writeBigUInt64LE(999n, versionOffset)
  let checksum = 5381n
  for (let offset = 8; offset < headerBytes; offset += 8) {
    checksum ^= BigInt.asUintN(64, bytes.readBigUInt64LE(offset) * 0xbf58476d1ce4e5b9n)
  }
  bytes.writeBigUInt64LE(checksum, 0)
  return bytes
}
