/** Rows of `gamma_snapshots` and `regime_signals`: which column each field is, and of what kind. */
import { Gamma, Instant } from "@tidemark/core"
import { Option, Schema } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import type { Column } from "./Driver.ts"
import { epochMillis } from "./Timestamp.ts"

/** `list`: an array, as JSON. `date`: `YYYY-MM-DD`. */
type Kind = "text" | "number" | "count" | "instant" | "date" | "list"

/** A column of a table, and what a row of it is made of. */
interface Field<Row> {
  readonly name: string
  readonly kind: Kind
  readonly of: (row: Row) => string | number | null | ReadonlyArray<unknown>
}

/** A snapshot or a signal, and when it was written. */
export interface Kept<Row> {
  readonly row: Row
  readonly createdAt: number
}

const subject: ReadonlyArray<Field<Gamma.Snapshot | Gamma.Signal>> = [
  { name: "symbol", kind: "text", of: ({ symbol }) => symbol },
  { name: "source", kind: "text", of: ({ source }) => source },
  { name: "timestamp", kind: "instant", of: ({ at }) => at },
  { name: "method", kind: "text", of: ({ method }) => method },
  { name: "provenance", kind: "text", of: ({ origin }) => origin },
  { name: "session", kind: "date", of: ({ session }) => session }
]

const snapshotFields: ReadonlyArray<Field<Gamma.Snapshot>> = [
  ...subject,
  { name: "hours", kind: "text", of: (row) => row.hours },
  { name: "spot", kind: "number", of: (row) => row.spot },
  { name: "spot_at", kind: "instant", of: (row) => row.spotAt },
  { name: "net_gex", kind: "number", of: (row) => row.netGex },
  { name: "call_gex", kind: "number", of: (row) => row.callGex },
  { name: "put_gex", kind: "number", of: (row) => row.putGex },
  { name: "gross_gex", kind: "number", of: (row) => row.grossGex },
  { name: "maker_state", kind: "text", of: (row) => row.makerState },
  { name: "flip", kind: "number", of: (row) => row.flip },
  { name: "flips", kind: "list", of: (row) => row.flips },
  { name: "call_wall", kind: "number", of: (row) => row.callWall },
  { name: "call_wall_gex", kind: "number", of: (row) => row.callWallGex },
  { name: "put_wall", kind: "number", of: (row) => row.putWall },
  { name: "put_wall_gex", kind: "number", of: (row) => row.putWallGex },
  { name: "trap_call_wall", kind: "number", of: (row) => row.trapCallWall },
  { name: "trap_put_wall", kind: "number", of: (row) => row.trapPutWall },
  { name: "max_pain", kind: "number", of: (row) => row.maxPain },
  { name: "nearest_expiry", kind: "date", of: (row) => row.nearestExpiry },
  { name: "atm_iv", kind: "number", of: (row) => row.atmVolatility },
  { name: "expected_move", kind: "number", of: (row) => row.expectedMove },
  { name: "call_open_interest", kind: "number", of: (row) => row.callOpenInterest },
  { name: "put_open_interest", kind: "number", of: (row) => row.putOpenInterest },
  { name: "gross_gex_today", kind: "number", of: (row) => row.grossToday },
  { name: "gross_gex_5d", kind: "number", of: (row) => row.gross5 },
  { name: "gross_gex_14d", kind: "number", of: (row) => row.gross14 },
  { name: "gross_gex_later", kind: "number", of: (row) => row.grossLater },
  { name: "contracts", kind: "count", of: ({ accounting }) => accounting?.contracts ?? null },
  { name: "kept", kind: "count", of: ({ accounting }) => accounting?.kept ?? null },
  { name: "expired", kind: "count", of: ({ accounting }) => accounting?.expired ?? null },
  { name: "no_open_interest", kind: "count", of: ({ accounting }) => accounting?.noOpenInterest ?? null },
  { name: "no_volatility", kind: "count", of: ({ accounting }) => accounting?.noVolatility ?? null },
  { name: "malformed", kind: "count", of: ({ accounting }) => accounting?.malformed ?? null },
  { name: "duplicates", kind: "count", of: ({ accounting }) => accounting?.duplicates ?? null },
  { name: "no_spot", kind: "count", of: ({ accounting }) => accounting?.noSpot ?? null },
  { name: "crossed", kind: "count", of: ({ accounting }) => accounting?.crossed ?? null },
  { name: "conventions", kind: "text", of: (row) => row.conventions },
  { name: "model", kind: "text", of: (row) => row.model },
  { name: "reason", kind: "text", of: (row) => row.reason }
]

const rsiName = (timeframe: string) => `rsi_${timeframe}`

const signalFields: ReadonlyArray<Field<Gamma.Signal>> = [
  ...subject,
  { name: "pattern", kind: "text", of: (row) => row.pattern },
  { name: "direction", kind: "text", of: (row) => row.direction },
  { name: "confidence", kind: "number", of: (row) => row.confidence },
  { name: "price", kind: "number", of: (row) => row.price },
  ...Gamma.rsiTimeframes.map((timeframe, i): Field<Gamma.Signal> => ({
    name: rsiName(timeframe),
    kind: "number",
    of: ({ rsi }) => rsi[i] ?? null
  })),
  { name: "rsi_score", kind: "number", of: (row) => row.rsiScore },
  { name: "overbought", kind: "count", of: (row) => row.overbought },
  { name: "oversold", kind: "count", of: (row) => row.oversold },
  { name: "reasons", kind: "list", of: (row) => row.reasons },
  { name: "horizon", kind: "count", of: (row) => row.horizon },
  { name: "due_at", kind: "instant", of: (row) => row.dueAt },
  { name: "threshold", kind: "number", of: (row) => row.threshold },
  { name: "outcome", kind: "text", of: (row) => row.outcome },
  { name: "outcome_price", kind: "number", of: (row) => row.outcomePrice },
  { name: "move", kind: "number", of: (row) => row.move },
  { name: "resolved_at", kind: "instant", of: (row) => row.resolvedAt }
]

/** What is known of a signal once its time has come. */
const told: ReadonlySet<string> = new Set(["outcome", "outcome_price", "move", "resolved_at"])

/** Everything of a signal but what became of it: alike in two that are the same signal. */
export const asMade = (signal: Gamma.Signal): string =>
  JSON.stringify(signalFields.flatMap(({ name, of }) => (told.has(name) ? [] : [of(signal)])))

type Found = Readonly<Record<string, unknown>>

const numberOf = (value: unknown): number | null => (value === null ? null : Number(value))
const textOf = (value: unknown) => value as string | null
const dateOf = (value: unknown): string | null => (value === null ? null : Instant.formatDate(Number(value)))
const decodeNumbers = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Number)))
const decodeTexts = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.String)))

const subjectOf = (found: Found) => ({
  symbol: found["symbol"] as string,
  source: found["source"] as string,
  at: Number(found["timestamp"]),
  method: found["method"] as Gamma.Method,
  origin: found["provenance"] as Gamma.Origin,
  session: dateOf(found["session"])!
})

const toSnapshot = (found: Found): Gamma.Snapshot => ({
  ...subjectOf(found),
  hours: found["hours"] as Gamma.Hours,
  spot: numberOf(found["spot"]),
  spotAt: numberOf(found["spot_at"]),
  netGex: numberOf(found["net_gex"]),
  callGex: numberOf(found["call_gex"]),
  putGex: numberOf(found["put_gex"]),
  grossGex: numberOf(found["gross_gex"]),
  makerState: textOf(found["maker_state"]) as Gamma.Snapshot["makerState"],
  flip: numberOf(found["flip"]),
  flips: decodeNumbers(found["flips"]),
  callWall: numberOf(found["call_wall"]),
  callWallGex: numberOf(found["call_wall_gex"]),
  putWall: numberOf(found["put_wall"]),
  putWallGex: numberOf(found["put_wall_gex"]),
  trapCallWall: numberOf(found["trap_call_wall"]),
  trapPutWall: numberOf(found["trap_put_wall"]),
  maxPain: numberOf(found["max_pain"]),
  nearestExpiry: dateOf(found["nearest_expiry"]),
  atmVolatility: numberOf(found["atm_iv"]),
  expectedMove: numberOf(found["expected_move"]),
  callOpenInterest: numberOf(found["call_open_interest"]),
  putOpenInterest: numberOf(found["put_open_interest"]),
  grossToday: numberOf(found["gross_gex_today"]),
  gross5: numberOf(found["gross_gex_5d"]),
  gross14: numberOf(found["gross_gex_14d"]),
  grossLater: numberOf(found["gross_gex_later"]),
  accounting:
    found["contracts"] === null
      ? null
      : {
          contracts: Number(found["contracts"]),
          kept: Number(found["kept"]),
          expired: Number(found["expired"]),
          noOpenInterest: Number(found["no_open_interest"]),
          noVolatility: Number(found["no_volatility"]),
          malformed: Number(found["malformed"]),
          duplicates: Number(found["duplicates"]),
          noSpot: Number(found["no_spot"]),
          crossed: Number(found["crossed"])
        },
  conventions: found["conventions"] as string,
  model: textOf(found["model"]),
  reason: textOf(found["reason"])
})

const toSignal = (found: Found): Gamma.Signal => ({
  ...subjectOf(found),
  pattern: found["pattern"] as Gamma.Pattern,
  direction: found["direction"] as Gamma.Direction,
  confidence: Number(found["confidence"]),
  price: numberOf(found["price"]),
  rsi: Gamma.rsiTimeframes.map((timeframe) => numberOf(found[rsiName(timeframe)])),
  rsiScore: numberOf(found["rsi_score"]),
  overbought: Number(found["overbought"]),
  oversold: Number(found["oversold"]),
  reasons: decodeTexts(found["reasons"]),
  horizon: Number(found["horizon"]),
  dueAt: Number(found["due_at"]),
  threshold: numberOf(found["threshold"]),
  outcome: found["outcome"] as Gamma.Outcome,
  outcomePrice: numberOf(found["outcome_price"]),
  move: numberOf(found["move"]),
  resolvedAt: numberOf(found["resolved_at"])
})

/** A table of rows that a symbol, a source, a moment and a method name. */
export interface Table<Row> {
  readonly name: "gamma_snapshots" | "regime_signals"
  readonly fields: ReadonlyArray<Field<Row>>
  readonly fromFound: (found: Found) => Row
}

export const snapshots: Table<Gamma.Snapshot> = {
  name: "gamma_snapshots",
  fields: snapshotFields,
  fromFound: toSnapshot
}

export const signals: Table<Gamma.Signal> = { name: "regime_signals", fields: signalFields, fromFound: toSignal }

/** The columns of a SELECT that `fromFound` reads, with `created_ms`. */
export const columns = <Row>(sql: SqlClient.SqlClient, { fields }: Table<Row>): Statement.Fragment =>
  sql.csv([
    ...fields.map(({ kind, name }) =>
      kind === "instant" || kind === "date" ? sql`${epochMillis(sql, `"${name}"`)} AS ${sql(name)}` : sql`${sql(name)}`
    ),
    sql`${epochMillis(sql, "created_at")} AS created_ms`
  ])

/** A row with when it was written, from such a SELECT. */
export const fromFound = <Row>(table: Table<Row>, found: Found): Kept<Row> => ({
  row: table.fromFound(found),
  createdAt: Number(found["created_ms"])
})

const dateMillis = (date: string | null): number =>
  date === null ? Number.NaN : Option.getOrThrow(Instant.parse(date))

const columnOf = <Row>({ kind, name, of }: Field<Row>, rows: ReadonlyArray<Kept<Row>>): Column => {
  const numbers = (read: (value: ReturnType<typeof of>) => number) =>
    Float64Array.from(rows, ({ row }) => read(of(row)))
  const orNaN = (value: ReturnType<typeof of>) => (value === null ? Number.NaN : Number(value))
  switch (kind) {
    case "text":
      return { name, kind, values: rows.map(({ row }) => of(row) as string | null) }
    case "list":
      return { name, kind: "text", values: rows.map(({ row }) => JSON.stringify(of(row))) }
    case "number":
      return { name, kind: "double", values: numbers(orNaN), nanIsNull: true }
    case "count":
      return { name, kind: "bigint", values: numbers(orNaN), nanIsNull: true }
    case "instant":
      return { name, kind: "timestamp", values: numbers(orNaN) }
    case "date":
      return { name, kind: "timestamp", values: numbers((value) => dateMillis(value as string | null)) }
  }
}

/** As a driver appends them: all columns of the table, in its order. */
export const toColumns = <Row>({ fields }: Table<Row>, rows: ReadonlyArray<Kept<Row>>): ReadonlyArray<Column> => [
  ...fields.map((field) => columnOf(field, rows)),
  { name: "created_at", kind: "timestamp", values: Float64Array.from(rows, ({ createdAt }) => createdAt) }
]
