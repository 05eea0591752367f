import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ActionStore, CandleStore, type StoreError, SymbolStore, Wording } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import type { Storage } from "@tidemark/storage"
import candles from "@tidemark/storage/migrations/0001_candles"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, FileSystem } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"

const hash = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex")

const inFolder = <A, E, R>(body: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    return yield* body(yield* fs.makeTempDirectoryScoped())
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const open = (path: string, mode: Storage.Mode = "write", otherwise?: Storage.Otherwise) =>
  Effect.flatMap(CandleStore.CandleStore, (store) => store.list).pipe(
    Effect.provide(DuckDbStorage.layer({ path, mode, otherwise }))
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError.StoreError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error)

/** Runs SQL on a file without any of our schema. */
const raw = (path: string, ...statements: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* DuckDbClient.DuckDbClient
    for (const statement of statements) yield* sql`${sql.literal(statement)}`
  }).pipe(Effect.provide(DuckDbClient.layer({ path })))

describe("opening a DuckDB storage", () => {
  it.live("makes the file and its folder, migrates once, and finds everything again", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = `${folder}/a/b/tidemark.duckdb`
        assert.deepStrictEqual(yield* open(path), [])
        yield* Effect.flatMap(SymbolStore.SymbolStore, (store) => store.list).pipe(
          Effect.provide(DuckDbStorage.layer({ path, mode: "write" }))
        )
        const before = hash(path)
        assert.deepStrictEqual(yield* open(path), [])
        assert.strictEqual(hash(path), before)
      })
    )
  )

  it.live("what is not there is refused, or is an empty database for who says so; no file is made", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = `${folder}/none/tidemark.duckdb`
        for (const mode of ["read", "update"] as const) {
          const error = yield* reasonOf(open(path, mode))
          assert.strictEqual(error.reason._tag, "Absent")
          assert.include(error.messageIn(Wording.flags), `${path}: there is no such database`)
          assert.deepStrictEqual(yield* open(path, mode, "empty"), [])
        }
        assert.isFalse(existsSync(`${folder}/none`))
      })
    )
  )

  it.live("refuses a database of others and leaves it as it is", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = `${folder}/theirs.duckdb`
        yield* raw(path, "CREATE TABLE customers (id INTEGER)", "INSERT INTO customers VALUES (1)", "CHECKPOINT")
        const before = hash(path)
        for (const mode of ["write", "read"] as const) {
          const error = yield* reasonOf(open(path, mode))
          assert.strictEqual(error.reason._tag, "Foreign")
          assert.include(error.message, "customers")
          assert.include(error.messageIn(Wording.flags), "--database")
        }
        assert.strictEqual(hash(path), before)
      })
    )
  )

  it.live("refuses a database that a newer program has written", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = `${folder}/new.duckdb`
        yield* open(path)
        yield* raw(path, "INSERT INTO tidemark_migrations (migration_id, name) VALUES (99, 'future')", "CHECKPOINT")
        const before = hash(path)
        const error = yield* reasonOf(open(path))
        assert.strictEqual(error.reason._tag, "TooNew")
        assert.include(error.message, "99")
        assert.strictEqual(hash(path), before)
      })
    )
  )

  it.live("one that an older program has written is migrated to write, and to read says what migrates it", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = `${folder}/old.duckdb`
        yield* Effect.provide(candles, DuckDbClient.layer({ path }))
        yield* raw(
          path,
          "CREATE TABLE tidemark_migrations (migration_id INTEGER PRIMARY KEY, created_at TIMESTAMP DEFAULT now(), name VARCHAR)",
          "INSERT INTO tidemark_migrations (migration_id, name) VALUES (1, 'candles')",
          "INSERT INTO series VALUES (nextval('series_ids'), 'test', 'BTC/USDT', '1m', 'observed', NULL)",
          "CHECKPOINT"
        )
        const before = hash(path)
        const error = yield* reasonOf(open(path, "read"))
        assert.strictEqual(error.reason._tag, "CannotOpen")
        assert.include(error.message, "an older Tidemark wrote it; bring it up to date with `tidemark migrate`")
        assert.strictEqual(hash(path), before)
        assert.lengthOf(yield* open(path), 1)
        const actions = Effect.flatMap(ActionStore.ActionStore, (store) => store.list({}))
        assert.deepStrictEqual(yield* Effect.provide(actions, DuckDbStorage.layer({ path, mode: "read" })), [])
        assert.lengthOf(yield* open(path, "read"), 1)
      })
    )
  )

  it.live("refuses what is no database at all, and leaves it as it is", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const text = `${folder}/notes.duckdb`
        writeFileSync(text, "these are my notes, not a database\n".repeat(1_000))
        const before = hash(text)
        assert.strictEqual((yield* reasonOf(open(text))).reason._tag, "CannotOpen")
        assert.strictEqual(hash(text), before)
        mkdirSync(`${folder}/folder.duckdb`)
        assert.include((yield* reasonOf(open(`${folder}/folder.duckdb`))).message, "folder")
        assert.strictEqual((yield* reasonOf(open(`${text}/below/x.duckdb`))).reason._tag, "CannotOpen")
      })
    )
  )

  it.live(
    "reads a database as empty that was killed before its first migration, and refuses one that lost its list",
    () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const path = `${folder}/early.duckdb`
          yield* raw(path, "CREATE TABLE tidemark_migrations (migration_id INTEGER, name VARCHAR)", "CHECKPOINT")
          assert.deepStrictEqual(yield* open(path, "read"), [])
          const complete = `${folder}/complete.duckdb`
          yield* open(complete)
          yield* raw(complete, "DELETE FROM tidemark_migrations", "CHECKPOINT")
          assert.strictEqual((yield* reasonOf(open(complete))).reason._tag, "Foreign")
        })
      )
  )
})
