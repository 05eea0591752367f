import { assert, describe, it } from "@effect/vitest"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect, Layer } from "effect"
import { Migrator, SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { memory } from "./database.ts"

const client = DuckDbClient.DuckDbClient

const reasonOf = <A, R>(effect: Effect.Effect<A, SqlError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

describe("parameters", () => {
  it.layer(memory)((it) => {
    for (const [name, value, type] of [
      ["a string", "O'Neil; DROP TABLE t", "VARCHAR"],
      ["an empty string", "", "VARCHAR"],
      ["a whole number", 42, "INTEGER"],
      ["a whole number beyond 32 bits", 1_704_067_200_000, "BIGINT"],
      ["the largest safe integer", -Number.MAX_SAFE_INTEGER, "BIGINT"],
      ["a fraction", 0.1, "DOUBLE"],
      ["a number beyond 64 bits", 1e300, "DOUBLE"],
      ["infinity", -Infinity, "DOUBLE"],
      ["minus zero", -0, "DOUBLE"],
      ["true", true, "BOOLEAN"],
      ["a bigint beyond 2^53", 2n ** 62n, "BIGINT"],
      ["a bigint beyond 64 bits", -(2n ** 100n), "HUGEINT"],
      ["null", null, '"NULL"'],
      ["a Date before 1970", new Date(-1), "TIMESTAMP"],
      ["a Date", new Date(1_704_067_200_123), "TIMESTAMP"],
      ["bytes", Uint8Array.of(0, 255, 39), "BLOB"],
      ["numbers", [1, 2.5, null], "DOUBLE[]"],
      ["strings", ["a", "b"], "VARCHAR[]"],
      ["no items", [], '"NULL"[]']
    ] as const) {
      it.effect(`${name} comes back as it went in, as ${type}`, () =>
        Effect.gen(function* () {
          const sql = yield* client
          assert.deepStrictEqual(yield* sql`SELECT ${value} AS value, typeof(${value}) AS type`, [{ value, type }])
        })
      )
    }

    it.effect("undefined is NULL", () =>
      Effect.gen(function* () {
        const sql = yield* client
        assert.deepStrictEqual(yield* sql`SELECT ${undefined} IS NULL AS missing`, [{ missing: true }])
      })
    )

    it.effect("whole numbers compare with DOUBLE, BIGINT, DECIMAL and the milliseconds of a TIMESTAMP", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const millis = 1_704_067_200_000
        const rows = yield* sql`SELECT 3.0::DOUBLE = ${3} AS a, 3::BIGINT = ${3} AS b, 3.00::DECIMAL(9, 2) = ${3} AS c,
          epoch_ms(TIMESTAMP '2024-01-01') = ${millis} AS d, epoch_ms(${millis}) = TIMESTAMP '2024-01-01' AS e,
          TIMESTAMP '2024-01-01' = ${new Date(millis)} AS f, TIMESTAMP '2024-01-01' = ${"2024-01-01 00:00:00"} AS g,
          TIMESTAMPTZ '2024-01-01 00:00:00+00' = ${new Date(millis)} AS h`
        assert.deepStrictEqual(rows, [{ a: true, b: true, c: true, d: true, e: true, f: true, g: true, h: true }])
      })
    )

    it.effect("an IN list may be empty", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const count = (values: ReadonlyArray<number>) =>
          sql`SELECT count(*) AS n FROM range(5) t(i) WHERE i IN ${sql.in(values)}`
        assert.deepStrictEqual(yield* count([1, 3, 9]), [{ n: 2 }])
        assert.deepStrictEqual(yield* count([]), [{ n: 0 }])
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM range(5) t(i) WHERE i = ANY(${[1, 3]})`, [{ n: 2 }])
      })
    )

    it.effect("a value without a DuckDB type is refused by its place", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const reason = yield* reasonOf(sql`SELECT ${1}, ${new Map()}`)
        assert.strictEqual(reason.message, "Parameter $2 is an object (Map), which DuckDB has no type for.")
      })
    )
  })
})

describe("rows", () => {
  it.layer(memory)((it) => {
    it.effect("hold plain JavaScript values", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const [row] = yield* sql`SELECT sum(i) AS sum, 2::BIGINT ** 53 AS power, 9007199254740993::BIGINT AS big,
          12.34::DECIMAL(9, 2) AS price, DATE '2024-02-29' AS day, TIMESTAMP_NS '1969-12-31 23:59:59.9995' AS moment,
          'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS id, [1::BIGINT, NULL] AS list, {'a': 1::BIGINT, 'b': 'x'} AS struct,
          MAP {'k': 1} AS map, TIME '12:30:00' AS time FROM range(4) t(i)`
        assert.deepStrictEqual(row, {
          sum: 6,
          power: 2 ** 53,
          big: 9007199254740993n,
          price: 12.34,
          day: "2024-02-29",
          moment: new Date(-1),
          id: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
          list: [1, null],
          struct: { a: 1, b: "x" },
          map: new Map([["k", 1]]),
          time: "12:30:00"
        })
      })
    )

    it.effect("hold bigints under SafeIntegers", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const rows = yield* sql`SELECT 1::BIGINT AS a, [2::HUGEINT] AS b, 3::INTEGER AS c`.pipe(
          Effect.provideService(SqlClient.SafeIntegers, true)
        )
        assert.deepStrictEqual(rows, [{ a: 1n, b: [2n], c: 3 }])
      })
    )

    it.effect("come as arrays from values, also when two columns have one name", () =>
      Effect.gen(function* () {
        const sql = yield* client
        assert.deepStrictEqual(yield* sql`SELECT 1 AS a, 'x' AS a`.values, [[1, "x"]])
        assert.deepStrictEqual(yield* sql`SELECT ${1} AS a`.valuesUnprepared, [[1]])
      })
    )

    it.effect("are many more than one chunk", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const rows = yield* sql<{ i: number }>`SELECT i FROM range(10000) t(i) ORDER BY i`
        assert.strictEqual(rows.length, 10_000)
        assert.isTrue(rows.every((row, index) => row.i === index))
      })
    )

    it.effect("are none for a statement that gives none, but RETURNING gives them", () =>
      Effect.gen(function* () {
        const sql = yield* client
        assert.deepStrictEqual(yield* sql`CREATE TABLE returning_rows (a INTEGER, b VARCHAR)`, [])
        assert.deepStrictEqual(yield* sql`INSERT INTO returning_rows ${sql.insert([{ a: 1, b: "x" }])}`, [])
        assert.deepStrictEqual(
          yield* sql`INSERT INTO returning_rows ${sql.insert([{ a: 2, b: null }]).returning("*")}`,
          [{ a: 2, b: null }]
        )
        const values = [
          { a: 1, b: "y" },
          { a: 2, b: "z" }
        ] as const
        yield* sql`UPDATE returning_rows SET b = data.b FROM ${sql.updateValues(values, "data")} WHERE returning_rows.a = data.a`
        assert.deepStrictEqual(yield* sql`SELECT a, b FROM returning_rows ORDER BY a`, values)
        assert.strictEqual(
          ((yield* sql`DELETE FROM returning_rows`.raw) as { readonly rowsChanged: number }).rowsChanged,
          2
        )
      })
    )

    it.effect("say which timestamp a Date cannot hold", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const reason = yield* reasonOf(sql`SELECT TIMESTAMP 'infinity' AS t`)
        assert.match(reason.message!, /infinity is beyond what a Date can hold/)
      })
    )
  })

  it.effect("take the names that the transforms give", () =>
    Effect.gen(function* () {
      const sql = yield* client
      yield* sql`CREATE TABLE ${sql("BARS")} (${sql("OPEN")} INTEGER)`
      yield* sql`INSERT INTO bars ${sql.insert({ OPEN: 1 })}`
      assert.deepStrictEqual(yield* sql`SELECT open FROM bars`, [{ OPEN: 1 }])
      assert.deepStrictEqual(yield* sql.withoutTransforms()`SELECT open FROM bars`, [{ open: 1 }])
    }).pipe(
      Effect.provide(
        DuckDbClient.layer({
          path: ":memory:",
          transformQueryNames: (name) => name.toLowerCase(),
          transformResultNames: (name) => name.toUpperCase()
        })
      )
    )
  )
})

describe("scripts", () => {
  it.layer(memory)((it) => {
    it.effect("run several statements in one unprepared call", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const rows = yield* sql.unsafe(
          "CREATE TABLE script (a INTEGER); INSERT INTO script VALUES (1), (2); FROM script;"
        ).unprepared
        assert.deepStrictEqual(rows, [{ a: 1 }, { a: 2 }])
      })
    )

    it.effect("may open a transaction, which doesn't outlive a failure", () =>
      Effect.gen(function* () {
        const sql = yield* client
        yield* sql.unsafe("BEGIN; CREATE TABLE kept (a INTEGER); COMMIT").unprepared
        yield* Effect.flip(sql.unsafe("BEGIN; INSERT INTO kept VALUES (1); SELECT error('no')").unprepared)
        yield* sql.withTransaction(sql`INSERT INTO kept VALUES (2)`)
        assert.deepStrictEqual(yield* sql`SELECT a FROM kept`, [{ a: 2 }])
      })
    )

    it.effect("are what a read that DuckDB rewrites into several statements is", () =>
      Effect.gen(function* () {
        const sql = yield* client
        yield* sql`CREATE TABLE cities (name VARCHAR, year INTEGER)`
        yield* sql`INSERT INTO cities VALUES ('a', 2000), ('a', 2010)`
        assert.deepStrictEqual(yield* sql`PIVOT cities ON year USING count(*)`, [{ name: "a", 2000: 1, 2010: 1 }])
      })
    )
  })
})

describe("errors", () => {
  const Table = Layer.effectDiscard(
    Effect.gen(function* () {
      const sql = yield* client
      yield* sql`CREATE TABLE t (a INTEGER, b INTEGER, c VARCHAR NOT NULL, CHECK (a < 100), PRIMARY KEY (a, b))`
      yield* sql`INSERT INTO t VALUES (1, 1, 'x')`
    })
  )
  it.layer(Layer.provideMerge(Table, memory))((it) => {
    for (const [sql, tag, message] of [
      ["INSERT INTO t VALUES (1, 1, 'x')", "UniqueViolation", /^Constraint Error: Duplicate key "a: 1, b: 1"/],
      ["INSERT INTO t VALUES (2, 1, NULL)", "ConstraintError", /NOT NULL constraint failed: t\.c/],
      ["INSERT INTO t VALUES (200, 1, 'x')", "ConstraintError", /CHECK constraint failed/],
      ["SELEC 1", "SqlSyntaxError", /^Parser Error/],
      ["SELECT nope FROM t", "SqlSyntaxError", /^Binder Error: Referenced column "nope" not found/],
      ["SELECT * FROM nope", "SqlSyntaxError", /^Catalog Error: Table with name nope does not exist/],
      ["SELECT 'abc'::INTEGER", "UnknownError", /^Conversion Error/],
      ["COPY t TO '/nowhere/t.csv'", "UnknownError", /^IO Error/]
    ] as const) {
      it.effect(`${sql} is a ${tag}`, () =>
        Effect.gen(function* () {
          const reason = yield* reasonOf((yield* client).unsafe(sql))
          assert.strictEqual(reason._tag, tag)
          assert.match(reason.message!, message)
        })
      )
    }

    it.effect("a unique violation names the columns of its key", () =>
      Effect.gen(function* () {
        const reason = yield* reasonOf((yield* client)`INSERT INTO t VALUES (1, 1, 'y')`)
        assert.strictEqual(reason._tag === "UniqueViolation" && reason.constraint, "a,b")
      })
    )

    it.effect("a transaction control statement outside a transaction is refused", () =>
      Effect.gen(function* () {
        const reason = yield* reasonOf((yield* client)`BEGIN`)
        assert.match(reason.message!, /use withTransaction or reserve/)
      })
    )
  })
})

describe("Effect's Migrator", () => {
  it.effect("runs on DuckDB", () =>
    Effect.gen(function* () {
      const migrate = Migrator.make({})({
        loader: Migrator.fromRecord({
          "0001_bars": Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE bars (a INTEGER)`)
        })
      })
      assert.deepStrictEqual(yield* migrate, [[1, "bars"]])
      assert.deepStrictEqual(yield* migrate, [])
      const sql = yield* client
      yield* sql`INSERT INTO bars VALUES (1)`
    }).pipe(Effect.provide(memory))
  )
})
