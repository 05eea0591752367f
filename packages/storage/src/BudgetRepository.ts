/** `RequestBudgets` over the table `request_budgets`, for all processes that use the database. */
import { Allowance, RequestBudgets } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"

const State = Schema.fromJsonString(
  Schema.Struct({
    window: Schema.Finite,
    used: Schema.Finite,
    spent: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite])),
    pausedUntil: Schema.Finite
  })
)
const decode = Schema.decodeUnknownOption(State)
const encode = Schema.encodeSync(State)

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { rowLock } = yield* Driver
  const operation = yield* Operation.make

  const find = (key: string) =>
    sql<{ state: string }>`SELECT state FROM request_budgets WHERE budget = ${key} ${sql.literal(rowLock)}`

  /** The state of a budget that nobody else changes until the transaction ends. */
  const lock = Effect.fnUntraced(function* (key: string) {
    const [row] = yield* find(key)
    if (row !== undefined) return row.state
    yield* sql`INSERT INTO request_budgets ${sql.insert({ budget: key, state: encode(Allowance.untouched) })}
      ON CONFLICT DO NOTHING`
    return (yield* find(key))[0]!.state
  })

  const update: RequestBudgets.RequestBudgets["Service"]["update"] = (key, step) =>
    sql
      .withTransaction(
        Effect.gen(function* () {
          const before = yield* lock(key)
          // What another version has left is no reason to stop: the budget begins anew.
          const known = decode(before)
          const [result, next] = step(known._tag === "Some" ? known.value : Allowance.untouched)
          const state = encode(next)
          if (state !== before) yield* sql`UPDATE request_budgets SET state = ${state} WHERE budget = ${key}`
          return result
        })
      )
      .pipe(operation("share a budget"))

  return RequestBudgets.RequestBudgets.of({ update })
})

export const layer = Layer.effect(RequestBudgets.RequestBudgets, make)
