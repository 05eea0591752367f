/** A process of its own that opens a database and prints what came of it. */
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect } from "effect"
import { stdout } from "node:process"

const path = process.argv[2]!

const report = Effect.provide(DuckDbClient.DuckDbClient, DuckDbClient.layer({ path })).pipe(
  Effect.match({
    onSuccess: () => ({ opened: true }),
    onFailure: (error) => ({ opened: false, ...DuckDbClient.lockHolder(error) })
  })
)

Effect.runPromise(report).then((outcome) => stdout.write(JSON.stringify(outcome)))
