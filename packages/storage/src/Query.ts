/** The user's own SQL, which can only read. */
import { StoreError } from "@tidemark/core"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import { failing } from "./Failure.ts"
import * as Operation from "./Operation.ts"

/** The first word, past comments and brackets. */
const firstWord = (text: string): string =>
  /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|\()*([a-z]*)/i.exec(text)![1]!.toUpperCase()

/** What a semicolon may stand in without ending a statement: quotes of every kind, and comments. */
const opaque = /'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$[a-z_]*\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\//gi

/** Whether there is something behind the end of the first statement. */
const isSeveral = (text: string): boolean => /;\s*[^\s;]/.test(text.replaceAll(opaque, " "))

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
      const operation = yield* Operation.make()
      const driver = yield* Driver
      const refuse = (detail: string) =>
        new StoreError.StoreError({
          database: driver.database,
          operation: "query",
          reason: new StoreError.StatementFailed({ detail })
        })
      const run = Effect.fn("Query.run")(function* (text: string) {
        // A transaction that only reads keeps tables as they are; what does more than that to a server is not begun.
        const word = firstWord(text)
        if (!driver.queries.includes(word)) {
          return yield* refuse(
            `a query only reads, and begins with ${driver.queries.join(", ")}; this one with "${word}"`
          )
        }
        if (isSeveral(text)) {
          return yield* refuse("a query is one statement, and this is more than one; ask them one after the other")
        }
        yield* driver.confine.pipe(failing(driver, "query"))
        return yield* sql.withTransaction(sql<Record<string, unknown>>`${sql.literal(text)}`).pipe(
          Effect.provideService(SqlClient.BeginTransaction, "BEGIN TRANSACTION READ ONLY"),
          // Not repeated when the database goes away: it may be the query that made it go.
          failing(driver, "query"),
          Effect.mapError((error) =>
            error.reason._tag === "Denied" && error.reason.readOnly === true
              ? refuse(`a query only reads: ${error.reason.detail}`)
              : error
          )
        )
      })
      return Query.of({ run, engine: operation("name the database")(driver.engine) })
    })
  )
}
