/** The user's own SQL, which can only read. */
import type { StoreError } from "@tidemark/core"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"

export class Query extends Context.Service<
  Query,
  {
    /** What the database is, such as `PostgreSQL 18.4`. */
    readonly engine: Effect.Effect<string, StoreError.StoreError>
    /** Runs one statement in a read-only transaction; a write fails and changes nothing. */
    readonly run: (
      text: string
    ) => Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>, StoreError.StoreError>
  }
>()("@tidemark/storage/Query") {
  static readonly layer = Layer.effect(
    Query,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const operation = yield* Operation.make
      const run = Effect.fn("Query.run")(
        (text: string) =>
          sql
            .withTransaction(sql<Record<string, unknown>>`${sql.literal(text)}`)
            .pipe(Effect.provideService(SqlClient.BeginTransaction, "BEGIN TRANSACTION READ ONLY")),
        operation("query")
      )
      return Query.of({ run, engine: operation("name the database")((yield* Driver).engine) })
    })
  )
}
