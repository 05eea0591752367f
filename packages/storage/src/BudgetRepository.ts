/** `RequestBudgets` over the table `request_budgets`, for all processes that use the database. */
import { Allowance, RequestBudgets } from "@tidemark/core"
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Operation from "./Operation.ts"

const State = Schema.fromJsonString(
  Schema.Struct({
    window: Schema.Finite,
    used: Schema.Finite,
    spent: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite])),
    pausedUntil: Schema.Finite,
    banned: Schema.optionalKey(Schema.Boolean)
  })
)
const decode = Schema.decodeUnknownOption(State)
const encode = Schema.encodeSync(State)

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make("budgets")

  const read = (key: string) =>
    Effect.map(sql<{ state: string }>`SELECT state FROM request_budgets WHERE budget = ${key}`, ([row]) => row?.state)

  /** Writes only if nobody has written since `before` was read; whether it did. */
  const replace = (key: string, before: string | undefined, state: string) =>
    Effect.map(
      before === undefined
        ? sql`INSERT INTO request_budgets ${sql.insert({ budget: key, state })} ON CONFLICT DO NOTHING RETURNING budget`
        : sql`UPDATE request_budgets SET state = ${state} WHERE budget = ${key} AND state = ${before} RETURNING budget`,
      (rows) => rows.length > 0
    )

  /**
   * Reads, steps and writes again until nobody came between. Nothing is locked
   * meanwhile: a process that stands still must not hold up all others.
   */
  const attempt = <A>(
    key: string,
    step: (allowance: Allowance.Allowance) => readonly [A, Allowance.Allowance]
  ): Effect.Effect<A, SqlError.SqlError> =>
    Effect.gen(function* () {
      const before = yield* read(key)
      // What another version has left is no reason to stop: the budget begins anew.
      const known = before === undefined ? Option.none() : decode(before)
      const [result, next] = step(Option.getOrElse(known, () => Allowance.untouched))
      const state = encode(next)
      if (state === before || (yield* replace(key, before, state))) return result
      // Somebody else has got ahead, and each time somebody does: asking the database is wait enough.
      return yield* attempt(key, step)
    })

  const update: RequestBudgets.RequestBudgets["Service"]["update"] = (key, step) =>
    attempt(key, step).pipe(operation("share a budget"))

  const list = Effect.map(
    operation("list budgets")(sql<{ budget: string; state: string }>`SELECT budget, state FROM request_budgets`),
    (rows) =>
      new Map(rows.map(({ budget, state }) => [budget, Option.getOrElse(decode(state), () => Allowance.untouched)]))
  )

  return RequestBudgets.RequestBudgets.of({ update, list })
})

export const layer = Layer.effect(RequestBudgets.RequestBudgets, make)
