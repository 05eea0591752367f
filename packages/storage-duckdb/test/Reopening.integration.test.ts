import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { CandleStore, StoreError } from "@tidemark/core"
import { Storage } from "@tidemark/storage"
import { Driver } from "@tidemark/storage/Driver"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Context, Effect, Exit, Fiber, FileSystem, Layer, Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"

const columns = 36
/** Less than DuckDB writes before the commit. */
const rows = 110_000

describe("a store whose commit has failed for want of memory", () => {
  it.live("waits while somebody still reads, and goes on with the file opened again", () =>
    Effect.gen(function* () {
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const connection = yield* Layer.build(DuckDbStorage.connect({ path: `${folder}/x.duckdb`, mode: "write" }))
      const sql = Context.get(connection, SqlClient.SqlClient)
      const driver = Context.get(connection, Driver)
      const stores = yield* Layer.build(Storage.over(Layer.succeedContext(connection)))
      const doubles = Array.from({ length: columns }, (_, i) => `c${i} DOUBLE`).join(", ")
      yield* sql`CREATE TABLE wide (${sql.literal(doubles)})`
      yield* sql`INSERT INTO wide (c0) VALUES (1)`

      const reading = yield* Scope.make()
      yield* Scope.provide(Effect.flatten(Stream.toPull(sql`SELECT c0 FROM wide`.stream)), reading)
      const failed = yield* driver
        .append(
          "wide",
          Array.from({ length: columns }, (_, column) => ({
            name: `c${column}`,
            kind: "double" as const,
            values: Float64Array.from({ length: rows }, (_, row) => Math.sin(row * columns + column))
          }))
        )
        .pipe(sql.withTransaction, Effect.flip)
      assert.match(failed.message, /Failed to commit/)
      const refused = driver.classify(yield* Effect.flip(sql`SELECT 1`))
      assert.isTrue(new StoreError.StoreError({ database: "x", operation: "read", reason: refused }).isTransient)

      const listing = yield* Effect.forkChild(Context.get(stores, CandleStore.CandleStore).list, {
        startImmediately: true
      })
      assert.isUndefined(listing.pollUnsafe())
      yield* Scope.close(reading, Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(listing), [])
      assert.deepStrictEqual(yield* sql`SELECT c0 FROM wide`, [{ c0: 1 }])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
