import { assert, describe, it } from "@effect/vitest"
import { type Columns, DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect, Schema, Stream } from "effect"
import { memory } from "./database.ts"

const client = DuckDbClient.DuckDbClient

const failure = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.message)

/** The whole result in one batch. */
const read = (sql: DuckDbClient.DuckDbClient, query: string) =>
  Effect.map(Stream.runCollect(sql.columns(sql.unsafe(query), { batchRows: Infinity })), (batches) => {
    assert.isAtMost(batches.length, 1)
    return batches[0]?.columns ?? []
  })

/** A table of its own for each test. */
const table = Effect.fnUntraced(function* (name: string, columns: string) {
  const sql = yield* client
  yield* sql.unsafe(`CREATE OR REPLACE TABLE ${name} (${columns})`)
  return sql
})

const floats = (...values: ReadonlyArray<number>) => Float64Array.from(values)

describe("append and columns", () => {
  it.layer(memory)((it) => {
    it.effect("round-trip every kind, with its nulls and extremes", () =>
      Effect.gen(function* () {
        const sql = yield* table("kinds", "d DOUBLE, n DOUBLE, i INTEGER, b BIGINT, t TIMESTAMP, f BOOLEAN, v VARCHAR")
        const doubles = floats(0.1, NaN, -Infinity, -0)
        const integers = Int32Array.of(0, -1, 2 ** 31 - 1, -(2 ** 31))
        const bigints = floats(NaN, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)
        const times = floats(-1, -62_135_596_800_000, NaN, 1_704_067_200_123)
        const texts = ["", null, "twelve bytes", "more than twelve bytes: ✓"]
        yield* sql.append("kinds", [
          { kind: "double", values: doubles },
          { kind: "double", values: doubles, nanIsNull: true },
          { kind: "integer", values: integers },
          { kind: "bigint", values: bigints, nanIsNull: true },
          { kind: "timestamp", values: times },
          { kind: "boolean", values: Uint8Array.of(0, 1, 255, 0) },
          { kind: "text", values: texts }
        ])
        assert.deepStrictEqual(yield* read(sql, "SELECT * FROM kinds"), [
          doubles,
          doubles,
          Float64Array.from(integers),
          bigints,
          times,
          Uint8Array.of(0, 1, 1, 0),
          texts
        ])
        assert.deepStrictEqual(
          yield* sql`SELECT isnan(d) AS nan, n IS NULL AS n, b IS NULL AS b, t IS NULL AS t, t::VARCHAR AS text FROM kinds`,
          [
            { nan: false, n: false, b: true, t: false, text: "1969-12-31 23:59:59.999" },
            { nan: true, n: true, b: false, t: false, text: "0001-01-01 00:00:00" },
            { nan: false, n: false, b: false, t: true, text: null },
            { nan: false, n: false, b: false, t: false, text: "2024-01-01 00:00:00.123" }
          ]
        )
      })
    )

    it.effect("round-trip infinite timestamps and whole microseconds", () =>
      Effect.gen(function* () {
        const sql = yield* table("moments", "t TIMESTAMP")
        const values = floats(Infinity, -Infinity, 0.001, -0.001, 1.0004)
        yield* sql.append("moments", [{ kind: "timestamp", values }])
        assert.deepStrictEqual(yield* read(sql, "FROM moments"), [floats(Infinity, -Infinity, 0.001, -0.001, 1)])
        assert.deepStrictEqual(yield* sql`SELECT t::VARCHAR AS t FROM moments LIMIT 2`, [
          { t: "infinity" },
          { t: "-infinity" }
        ])
      })
    )

    it.effect("spread a constant over more rows than a chunk holds", () =>
      Effect.gen(function* () {
        const sql = yield* table(
          "constants",
          "i INTEGER, s VARCHAR, n DOUBLE, d DOUBLE, t TIMESTAMP, f BOOLEAN, b BIGINT"
        )
        yield* sql.append("constants", [
          { kind: "integer", values: Int32Array.from({ length: 5000 }, (_, index) => index) },
          { kind: "constant", type: "text", value: "BTC/USDT" },
          { kind: "constant", type: "double", value: null },
          { kind: "constant", type: "double", value: 1.5 },
          { kind: "constant", type: "timestamp", value: 1000 },
          { kind: "constant", type: "boolean", value: true },
          { kind: "constant", type: "bigint", value: 2 ** 40 }
        ])
        const rows = yield* sql`SELECT s, n, d, t, f, b, count(*) AS rows, sum(i) AS sum FROM constants GROUP BY ALL`
        assert.deepStrictEqual(rows, [
          { s: "BTC/USDT", n: null, d: 1.5, t: new Date(1000), f: true, b: 2 ** 40, rows: 5000, sum: 12_497_500 }
        ])
      })
    )

    it.effect("keep nulls of one chunk out of the next", () =>
      Effect.gen(function* () {
        const sql = yield* table("sparse", "d DOUBLE, v VARCHAR")
        const values = Float64Array.from({ length: 10_000 }, (_, index) => (index < 2048 ? NaN : index))
        const texts = Array.from(values, (value) => (Number.isNaN(value) ? null : String(value)))
        yield* sql.append("sparse", [
          { kind: "double", values, nanIsNull: true },
          { kind: "text", values: texts }
        ])
        assert.deepStrictEqual(yield* read(sql, "FROM sparse"), [values, texts])
      })
    )

    it.effect("let DuckDB cast to the column's type where nothing is lost", () =>
      Effect.gen(function* () {
        const sql = yield* table(
          "casts",
          "a BIGINT, b DECIMAL(9, 2), c TIMESTAMPTZ, d DATE, e ENUM ('x', 'y'), f FLOAT"
        )
        yield* sql.append("casts", [
          { kind: "integer", values: Int32Array.of(7) },
          { kind: "double", values: floats(12.34) },
          { kind: "timestamp", values: floats(86_400_000) },
          { kind: "timestamp", values: floats(-86_400_000) },
          { kind: "text", values: ["y"] },
          { kind: "double", values: floats(0.5) }
        ])
        assert.deepStrictEqual(yield* read(sql, "FROM casts"), [
          floats(7),
          floats(12.34),
          floats(86_400_000),
          floats(-86_400_000),
          ["y"],
          floats(0.5)
        ])
      })
    )

    it.effect("store nothing of an empty batch, and read no batch from no rows", () =>
      Effect.gen(function* () {
        const sql = yield* table("empty_table", "d DOUBLE")
        yield* sql.append("empty_table", [{ kind: "double", values: new Float64Array(0) }])
        assert.deepStrictEqual(yield* Stream.runCollect(sql.columns(sql`FROM empty_table`)), [])
      })
    )

    it.effect.prop(
      "round-trip any batch",
      {
        rows: Schema.Array(
          Schema.Struct({
            double: Schema.Number,
            integer: Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })),
            bigint: Schema.Int,
            time: Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 46), maximum: 2 ** 46 })),
            flag: Schema.Boolean,
            text: Schema.NullOr(Schema.String)
          })
        ),
        repeat: Schema.Literals([1, 500])
      },
      ({ repeat, rows: few }) =>
        Effect.gen(function* () {
          const rows = Array.from({ length: repeat }, () => few).flat()
          const sql = yield* table("random", "d DOUBLE, i INTEGER, b BIGINT, t TIMESTAMP, f BOOLEAN, v VARCHAR")
          const columns = [
            { kind: "double", values: Float64Array.from(rows, (row) => row.double) },
            { kind: "integer", values: Int32Array.from(rows, (row) => row.integer) },
            { kind: "bigint", values: Float64Array.from(rows, (row) => row.bigint) },
            { kind: "timestamp", values: Float64Array.from(rows, (row) => row.time) },
            { kind: "boolean", values: Uint8Array.from(rows, (row) => Number(row.flag)) },
            { kind: "text", values: rows.map((row) => row.text?.toWellFormed() ?? null) }
          ] as const satisfies ReadonlyArray<Columns.Column>
          yield* sql.append("random", columns)
          assert.deepStrictEqual(
            yield* read(sql, "FROM random"),
            rows.length === 0
              ? []
              : columns.map(({ kind, values }) => (kind === "integer" || kind === "bigint" ? zeroed(values) : values))
          )
        })
    )
  })
})

/** Integers as they are read: a DuckDB integer has no minus zero. */
const zeroed = (values: ArrayLike<number>) => Float64Array.from(values, (value) => value + 0)

describe("append", () => {
  it.layer(memory)((it) => {
    it.effect("stores nothing of a batch that violates a constraint", () =>
      Effect.gen(function* () {
        const sql = yield* table("keyed", "a INTEGER PRIMARY KEY")
        const values = Int32Array.from({ length: 300_000 }, (_, index) => index)
        values[299_999] = 7
        const error = yield* Effect.flip(sql.append("keyed", [{ kind: "integer", values }]))
        assert.strictEqual(error.reason._tag, "UniqueViolation")
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM keyed`, [{ n: 0 }])
        yield* sql.append("keyed", [{ kind: "integer", values: Int32Array.of(1) }])
        assert.deepStrictEqual(yield* sql`SELECT a FROM keyed`, [{ a: 1 }])
      })
    )

    it.effect("stores nothing of a batch that turns out wrong half-way, and dooms its transaction", () =>
      Effect.gen(function* () {
        const sql = yield* table("halves", "a BIGINT")
        const values = Float64Array.from({ length: 250_000 }, (_, index) => index)
        values[249_000] = 0.5
        const append = sql.append("halves", [{ kind: "bigint", values }])
        assert.match(yield* failure(append), /Column 1 is "bigint" and holds 0\.5/)
        const recovered = sql.withTransaction(Effect.ignore(append))
        assert.match(yield* failure(recovered), /An append to halves failed, so the whole transaction was rolled back/)
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM halves`, [{ n: 0 }])
      })
    )

    it.effect("joins the current transaction", () =>
      Effect.gen(function* () {
        const sql = yield* table("joined", "a INTEGER")
        const append = sql.append("joined", [{ kind: "integer", values: Int32Array.of(1, 2) }])
        yield* Effect.flip(sql.withTransaction(Effect.andThen(append, Effect.fail("no"))))
        assert.deepStrictEqual(yield* sql`FROM joined`, [])
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* append
            assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM joined`, [{ n: 2 }])
          })
        )
        assert.deepStrictEqual(yield* sql`SELECT a FROM joined ORDER BY a`, [{ a: 1 }, { a: 2 }])
      })
    )

    it.effect("takes a table of another schema", () =>
      Effect.gen(function* () {
        const sql = yield* client
        yield* sql`CREATE SCHEMA other`
        yield* sql`CREATE TABLE other.t (a INTEGER)`
        yield* sql.append("other.t", [{ kind: "integer", values: Int32Array.of(1) }])
        assert.deepStrictEqual(yield* sql`FROM other.t`, [{ a: 1 }])
      })
    )

    it.effect("refuses columns that don't make a batch for the table", () =>
      Effect.gen(function* () {
        const sql = yield* table("two", "a INTEGER, b DOUBLE")
        const a: Columns.Column = { kind: "integer", values: Int32Array.of(1) }
        const b: Columns.Column = { kind: "double", values: floats(1, 2) }
        const constant: Columns.Column = { kind: "constant", type: "double", value: 1 }
        assert.match(yield* failure(sql.append("two", [a, b])), /columns of a batch differ in length: 1, 2/)
        assert.match(yield* failure(sql.append("two", [a])), /Table two has 2 columns, the batch 1/)
        assert.match(yield* failure(sql.append("two", [b, b])), /Column 1 of two is INTEGER/)
        assert.match(yield* failure(sql.append("two", [constant, constant])), /one column that isn't constant/)
        assert.match(yield* failure(sql.append("nope", [a])), /could not be found/)
        assert.deepStrictEqual(yield* sql`FROM two`, [])
      })
    )
  })
})

describe("columns", () => {
  it.layer(memory)((it) => {
    it.effect("reads numbers of every width and moments of every unit", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const columns = yield* read(
          sql,
          `SELECT (-8)::TINYINT, 200::UTINYINT, (-300)::SMALLINT, 60000::USMALLINT, 4000000000::UINTEGER, (-5)::BIGINT,
            9007199254740991::UBIGINT, sum(i), 1.5::FLOAT, (-12.34)::DECIMAL(4, 2), 0.1::DECIMAL(38, 20), NULL::HUGEINT,
            TIMESTAMP_S '1969-12-31 23:59:59', TIMESTAMP_MS '1969-12-31 23:59:59.5', TIMESTAMP_NS '1969-12-31 23:59:59.9995',
            TIMESTAMPTZ '1970-01-01 01:00:00+01', DATE '1969-12-31', NULL::DATE FROM range(5) t(i)`
        )
        assert.deepStrictEqual(
          columns.map(([value]) => value),
          [
            -8,
            200,
            -300,
            60000,
            4e9,
            -5,
            2 ** 53 - 1,
            10,
            1.5,
            -12.34,
            0.1,
            NaN,
            -1000,
            -500,
            -0.5,
            0,
            -86_400_000,
            NaN
          ]
        )
      })
    )

    it.effect("refuses by name what a column cannot hold", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const refusal = (query: string) => failure(read(sql, query))
        assert.match(yield* refusal("SELECT 1 AS a, 9007199254740992::BIGINT AS big"), /"big" holds an integer beyond/)
        assert.match(yield* refusal("SELECT 2::HUGEINT ** 100 AS x, [1] AS list"), /Column "list" is INTEGER\[\]/)
        assert.match(yield* refusal("SELECT NULL::BOOLEAN AS flag"), /Column "flag" holds NULL/)
      })
    )

    it.effect("takes parameters, and names the columns in order", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const [batch] = yield* Stream.runCollect(sql.columns(sql`SELECT i, i * ${2} AS i FROM range(${3}) t(i)`))
        assert.deepStrictEqual(batch, { rowCount: 3, names: ["i", "i"], columns: [floats(0, 1, 2), floats(0, 2, 4)] })
      })
    )

    it.effect("gives batches of as many rows as asked for", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const query = sql`SELECT i, i::VARCHAR AS s FROM range(10000) t(i)`
        for (const [batchRows, sizes] of [
          [undefined, [2048, 2048, 2048, 2048, 1808]],
          [3000, [3000, 3000, 3000, 1000]],
          [5000, [5000, 5000]],
          [Infinity, [10_000]]
        ] as const) {
          const batches = yield* Stream.runCollect(sql.columns(query, { batchRows }))
          assert.deepStrictEqual(
            batches.map((batch) => batch.rowCount),
            [...sizes]
          )
          const values = batches.flatMap((batch) => Array.from(batch.columns[0] as Float64Array))
          assert.isTrue(values.every((value, index) => value === index))
          const texts = batches.flatMap((batch) => batch.columns[1] as ReadonlyArray<string>)
          assert.isTrue(texts.every((text, index) => text === String(index)))
        }
      })
    )

    it.effect("reads what a write returns", () =>
      Effect.gen(function* () {
        const sql = yield* table("written", "a INTEGER")
        assert.deepStrictEqual(yield* read(sql, "INSERT INTO written VALUES (1), (2) RETURNING a"), [floats(1, 2)])
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM written`, [{ n: 2 }])
      })
    )
  })
})
