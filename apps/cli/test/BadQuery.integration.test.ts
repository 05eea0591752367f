/** `tidemark query` takes one statement that reads; whatever else it is given changes nothing. */
import { assert } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { type Database, fresh, type Kind, onEvery } from "./databases.ts"
import { assertForPeople, backfill, complaint, seconds } from "./refusal.ts"
import { contents, type Options, run } from "./tidemark.ts"

const synthetic = backfill("--symbols=BTC/USDT", "--timeframes=1d", "--source=synthetic", "--days=3")

type Case = readonly [name: string, sql: string, says: ReadonlyArray<string>]

const common: ReadonlyArray<Case> = [
  ["to drop a table", "DROP TABLE candles", ["a query only reads", "SELECT"]],
  ["to delete rows", "DELETE FROM candles", ["a query only reads", "SELECT"]],
  ["to change rows", "UPDATE candles SET close = 0", ["a query only reads", "SELECT"]],
  ["with an error in its first word", "SELEC 1", ['this one with "SELEC"']],
  ["with an error in its syntax", "SELECT FROM WHERE", ["syntax error"]],
  ["to write a file", "COPY (SELECT 1 AS one) TO 'made.csv'", ["a query only reads"]],
  ["to write behind a comment", "/* SELECT */ -- SELECT\n(DELETE FROM candles)", ["a query only reads"]],
  ["to end the transaction", "COMMIT", ["a query only reads"]],
  ["of a table that is not there", "SELECT * FROM nothing_like_it", ["nothing_like_it"]],
  ["of nothing", "", []]
]

const only: Readonly<Record<Kind, ReadonlyArray<Case>>> = {
  DuckDB: [
    ["to leave the transaction and write", "COMMIT; DROP TABLE candles", ["a query only reads", "SELECT"]],
    ["to write behind a first statement", "SELECT 1; DELETE FROM candles", ["a query is one statement"]],
    ["to hide it behind a comment", "SELECT 1 /* ' */; DELETE FROM candles -- '", ["a query is one statement"]],
    ["to make another database", "ATTACH 'made.duckdb'", []]
  ],
  Postgres: [
    ["to leave the transaction and write", "COMMIT; DROP TABLE candles", []],
    ["to write behind a first statement", "SELECT 1; DELETE FROM candles", ["a query is one statement"]],
    // A quote that only Postgres reads so.
    ["to hide it in a string", String.raw`SELECT E'\''; DELETE FROM candles; --'`, ["one statement at a time"]],
    ["to run a program of the server", "COPY (SELECT 1) TO PROGRAM 'touch made'", ["a query only reads"]],
    ["to leave the transaction inside a block", "DO $$ BEGIN COMMIT; DELETE FROM candles; END $$", []],
    ["to make the transaction write", "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM candles; END $$", []],
    ["to change by a function", "SELECT nextval('series_ids')", ["a query only reads: cannot execute nextval()"]],
    [
      "to write in a subquery",
      "WITH gone AS (DELETE FROM candles RETURNING *) SELECT * FROM gone",
      ["a query only reads: cannot execute"]
    ],
    ["to make another database", "CREATE DATABASE made", ["a query only reads", "SELECT"]]
  ]
}

/** One database with a few candles for all: none of these changes it. */
class Filled extends Context.Service<
  Filled,
  { readonly cwd: string; readonly database: Database; readonly options: Options }
>()("@tidemark/cli/test/Filled") {
  static readonly layer = Layer.effect(
    Filled,
    Effect.tap(fresh(), ({ options }) =>
      Effect.map(run(synthetic, options), ({ code, stderr }) => assert.strictEqual(code, 0, stderr))
    )
  )
}

onEvery("a query that may not be", (it, kind) => {
  it.layer(Filled.layer)((it) => {
    for (const [name, sql, says] of [...common, ...only[kind]]) {
      it.effect(
        `${name} is refused and changes nothing`,
        () =>
          Effect.gen(function* () {
            const { cwd, database, options } = yield* Filled
            const everything = Effect.all([contents(cwd), database.contents])
            const before = yield* everything
            const ended = yield* run(["query", sql], options)
            assert.deepStrictEqual(yield* everything, before)
            assert.include([1, 2], ended.code, JSON.stringify(ended))
            for (const part of says) assert.include(ended.stderr, part)
            assert.strictEqual(complaint(ended).length, 1, ended.stderr)
            assert.strictEqual(ended.stdout, "")
            assertForPeople(ended.stderr)
          }),
        seconds
      )
    }
  })
})
