/** The database file itself, from inside the test's process, while no other has it open. */
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect } from "effect"
import { Reactivity } from "effect/reactivity"
import type { Row } from "./tidemark.ts"

const statements = (
  path: string,
  sql: ReadonlyArray<string>,
  readOnly: boolean
): Effect.Effect<ReadonlyArray<ReadonlyArray<Row>>> =>
  DuckDbClient.make({ path, readOnly }).pipe(
    Effect.flatMap((client) => Effect.forEach(sql, (text) => client.unsafe<Row>(text))),
    Effect.scoped,
    Effect.provide(Reactivity.layer),
    Effect.orDie
  )

/** Runs one statement without changing the file, whatever was left in its log. */
export const select = (path: string, sql: string): Effect.Effect<ReadonlyArray<Row>> =>
  Effect.map(statements(path, [sql], true), ([rows]) => rows!)

/** Runs statements that write; makes the file if it is not there. */
export const execute = (path: string, ...sql: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.asVoid(statements(path, sql, false))
