/** Corporate actions in a copy: of each source and symbol, all that is known, from the side that asked last. */
import type { StoreError } from "@tidemark/core"
import { type Context, Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { AskedRow } from "../ActionRepository.ts"
import * as ActionRows from "../ActionRows.ts"
import * as Operation from "../Operation.ts"
import { insertRows } from "../Rows.ts"
import type { Connection } from "../Storage.ts"

const sideOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  const ofPair = ({ source, symbol }: AskedRow) => sql`source = ${source} AND symbol = ${symbol}`
  return {
    asked: Effect.map(
      operation("list what corporate actions were asked for")(
        sql<AskedRow>`SELECT * FROM action_coverage ORDER BY source, symbol`
      ),
      (rows) =>
        rows.map((row): AskedRow => ({
          source: row.source,
          symbol: row.symbol,
          from_ms: Number(row.from_ms),
          to_ms: Number(row.to_ms),
          first_ms: Number(row.first_ms),
          last_ms: Number(row.last_ms)
        }))
    ),
    /** All rows of a pair, replaced ones too, as they are inserted. */
    rows: (pair: AskedRow) =>
      Effect.map(
        operation("read corporate actions")(
          sql<ActionRows.Row>`SELECT ${ActionRows.columns(sql)} FROM corporate_actions WHERE ${ofPair(pair)}
            ORDER BY corporate_actions.ex_date, kind, amount, corporate_actions.known_at`
        ),
        // Whether candles are in line with a split is looked at anew where they are copied to: it is safe to do so twice.
        (rows) => rows.map((row) => ActionRows.toRow({ ...ActionRows.fromRow(row), settledAt: undefined }))
      ),
    /** Puts a pair in place of what is there of it, unless that was asked later meanwhile. */
    replace: (pair: AskedRow, rows: ReadonlyArray<object>) =>
      Effect.gen(function* () {
        yield* sql`DELETE FROM action_coverage WHERE ${ofPair(pair)} AND last_ms <= ${pair.last_ms}`
        const made = yield* sql`INSERT INTO action_coverage ${sql.insert({ ...pair })}
          ON CONFLICT DO NOTHING RETURNING source`
        if (made.length === 0) return
        yield* sql`DELETE FROM corporate_actions WHERE ${ofPair(pair)}`
        yield* insertRows(sql, "corporate_actions", rows)
      }).pipe(sql.withTransaction, operation("write corporate actions"))
  }
})

/** How many pairs of source and symbol have been asked about. */
export const count = (context: Context.Context<Connection>): Effect.Effect<number, StoreError.StoreError> =>
  Effect.flatMap(Effect.provideContext(sideOf, context), ({ asked }) => Effect.map(asked, (pairs) => pairs.length))

/** Copies what `to` does not know or has asked for earlier; says how many actions those are. */
export const copy = Effect.fnUntraced(function* (
  from: Context.Context<Connection>,
  to: Context.Context<Connection>
): Effect.fn.Return<number, StoreError.StoreError> {
  const source = yield* Effect.provideContext(sideOf, from)
  const target = yield* Effect.provideContext(sideOf, to)
  const key = (pair: AskedRow) => JSON.stringify([pair.source, pair.symbol])
  const there = new Map((yield* target.asked).map((pair) => [key(pair), pair]))
  let copied = 0
  for (const pair of yield* source.asked) {
    const known = there.get(key(pair))
    if (known !== undefined && known.last_ms > pair.last_ms) continue
    const rows = yield* source.rows(pair)
    const same = known !== undefined && JSON.stringify(known) === JSON.stringify(pair)
    if (same && JSON.stringify(yield* target.rows(pair)) === JSON.stringify(rows)) continue
    yield* target.replace(pair, rows)
    copied += rows.length
  }
  return copied
})
