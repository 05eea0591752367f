import { DuckDBInstance } from "@duckdb/node-api"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import * as Archive from "../src/Archive.ts"
import * as Stores from "../src/Stores.ts"

const execute = (path: string, statement: string) =>
  Effect.promise(async () => {
    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    await connection.run(statement)
    connection.closeSync()
    instance.closeSync()
  })

describe("archive", () => {
  it.live(
    "every contestant ends with exactly the candles of the provider, and both ways leave the same rows",
    () =>
      Effect.gen(function* () {
        const outcome = yield* Archive.run({ months: 1, storeRows: 3_000, rounds: 1, latencyMillis: 0 })
        const runs = outcome.json["runs"] as ReadonlyArray<Archive.Run>
        assert.deepStrictEqual(
          runs.map(({ candles, contestant }) => [contestant, candles]),
          ["bare", "archive", "rest"].map((name) => [name, 44_640])
        )
        assert.isTrue(runs.every((run) => run.seconds > 0 && run.peakBytes > 30e6))
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000
  )

  it.live(
    "the hash of a store tells any value and any order from another, and not when a row was stored",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* fs.makeTempDirectoryScoped()
        const product = path.join(folder, "product.duckdb")
        const store = path.join(folder, "store.duckdb")
        yield* Stores.createProduct(product, 2_000)
        yield* Stores.derive(store, product, Stores.plain)
        yield* execute(store, "UPDATE candles SET series_id = 2")
        const sound = yield* Stores.hash(store, Stores.plain)
        const after = Effect.fnUntraced(function* (statement: string) {
          const copy = path.join(folder, "copy.duckdb")
          yield* fs.copyFile(store, copy)
          yield* execute(copy, statement)
          const hash = yield* Stores.hash(copy, Stores.plain)
          yield* fs.remove(copy)
          return hash
        })
        const one = "open_time = (SELECT max(open_time) FROM candles)"
        const changes = ["open", "high", "low", "close", "volume", "quote_volume", "trades"].map(
          // The next double, or nearly.
          (column) => `UPDATE candles SET ${column} = ${column} * (1 + 3e-16) WHERE ${one}`
        )
        // The same values at each other's times.
        const mirrored = `CREATE OR REPLACE TABLE candles AS SELECT * REPLACE (
          (SELECT min(open_time) + (max(open_time) - c.open_time) FROM candles) AS open_time) FROM candles c`
        const hashes = yield* Effect.forEach([...changes, mirrored, `DELETE FROM candles WHERE ${one}`], after)
        assert.strictEqual(new Set([sound, ...hashes]).size, hashes.length + 1)
        // Neither where a row lies in the file nor when it came.
        const stored = "CREATE OR REPLACE TABLE candles AS FROM candles ORDER BY open_time DESC"
        assert.strictEqual(yield* after(stored), sound)
        assert.strictEqual(yield* after("UPDATE candles SET ingested_at = ingested_at + INTERVAL 1 DAY"), sound)
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000
  )
})
