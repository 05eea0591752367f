/** The files that candles came from, in a copy. */
import type { StoreError } from "@tidemark/core"
import { type Context, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as FileRepository from "../FileRepository.ts"
import * as Operation from "../Operation.ts"
import { insertRows } from "../Rows.ts"
import type { Connection } from "../Storage.ts"

const sideOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  return {
    all: operation("list files")(FileRepository.all(sql)),
    append: (rows: ReadonlyArray<object>) =>
      sql.withTransaction(insertRows(sql, "source_files", rows)).pipe(operation("write files"))
  }
})

/** Copies the records that `to` does not have; says how many. */
export const copy = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<number, StoreError.StoreError> {
  const source = yield* Effect.provideContext(sideOf, from)
  const target = yield* Effect.provideContext(sideOf, to)
  const rowsOf = (records: Effect.Success<typeof source.all>) => records.map(FileRepository.toRow)
  const there = new Set(rowsOf(yield* target.all).map((row) => JSON.stringify(row)))
  const missing = rowsOf(yield* source.all).filter((row) => !there.has(JSON.stringify(row)))
  yield* target.append(missing)
  return missing.length
})
