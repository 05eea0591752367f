import { DuckDBInstance } from "@duckdb/node-api"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import * as Contestant from "../src/Contestant.ts"
import * as Ingest from "../src/Ingest.ts"
import * as Stores from "../src/Stores.ts"
import * as Workload from "../src/Workload.ts"

const execute = (path: string, statement: string) =>
  Effect.promise(async () => {
    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    await connection.run(statement)
    connection.closeSync()
    instance.closeSync()
  })

describe("ingest", () => {
  it.live(
    "every contestant ends with exactly the candles of the provider, beside those that were there",
    () =>
      Effect.gen(function* () {
        const options = { candles: 2500, ccxtCandles: 2500, storeRows: 3000, rounds: 1 }
        const outcome = yield* Ingest.run(options)
        const runs = outcome.json["runs"] as ReadonlyArray<Ingest.Run>
        assert.deepStrictEqual(
          runs.map((run) => run.contestant),
          Contestant.all.map(({ name }) => name)
        )
        for (const run of runs) {
          assert.isAbove(run.seconds, 0)
          // A Node process needs more than 30 MB, and none of these needs 2 GB.
          assert.isAbove(run.peakBytes, 30e6)
          assert.isBelow(run.peakBytes, 2e9)
        }
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000
  )

  it.live(
    "a store with a candle lost, doubled, moved or altered does not pass",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* fs.makeTempDirectoryScoped()
        const source = path.join(folder, "source.duckdb")
        const store = path.join(folder, "store.duckdb")
        yield* Stores.createProduct(source, 2000)
        yield* Stores.derive(store, source, Stores.plain)
        // The other symbol's candles are the same, so these can stand for what was fetched.
        yield* execute(store, "INSERT INTO candles SELECT * REPLACE (2 AS series_id) FROM candles")
        const expected = Workload.fingerprint(Workload.symbol, Workload.range(2000))
        const check = Stores.verify(store, Stores.plain, expected, 2000)
        yield* check

        const one = "series_id = 2 AND open_time = (SELECT max(open_time) FROM candles)"
        const damages: ReadonlyArray<readonly [statement: string, finding: RegExp]> = [
          ["UPDATE candles SET close = close + 0.01 WHERE $one", /close is/],
          ["UPDATE candles SET open_time = open_time + INTERVAL 1 MINUTE WHERE $one", /lastOpen is/],
          ["INSERT INTO candles SELECT * FROM candles WHERE $one", /rows is 2001 instead of 2000/],
          ["DELETE FROM candles WHERE $one", /rows is 1999 instead of 2000/],
          ["DELETE FROM candles WHERE series_id <> 2", /total is 2000 instead of 4000/]
        ]
        for (const [statement, finding] of damages) {
          const copy = path.join(folder, "copy.duckdb")
          yield* fs.copyFile(store, copy)
          yield* execute(copy, statement.replace("$one", one))
          const error = yield* Effect.flip(Stores.verify(copy, Stores.plain, expected, 2000))
          assert.match(error.message, finding)
          yield* fs.remove(copy)
        }
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000
  )
})
