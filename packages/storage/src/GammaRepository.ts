/** `GammaStore` over `gamma_snapshots`, `regime_signals`, `gamma_models` and the view `gamma_daily_summary`. */
import { Gamma, Instant } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { Driver } from "./Driver.ts"
import * as GammaRows from "./GammaRows.ts"
import * as Operation from "./Operation.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

/** Moments that one statement names, well below what databases allow. */
const momentsPerStatement = 1_000

type Key = Pick<Gamma.Snapshot, "symbol" | "source" | "at" | "method">

const keyOf = ({ at, method, source, symbol }: Key): string => JSON.stringify([symbol, source, method, at])

/** What is written, each with when. */
export interface Writing extends Gamma.Entry {
  readonly at: Instant.EpochMillis
}

/** Whether what is there, or came first, gives way to what comes. */
export type Yields = (isUnknown: boolean, next: Gamma.Snapshot) => boolean

const never: Yields = () => false
/** What has no net exposure gives way to what has one. */
const unknown: Yields = (isUnknown, { netGex }) => isUnknown && netGex !== null
const always: Yields = () => true

interface DailyRow {
  readonly symbol: string
  readonly source: string
  readonly method: Gamma.Method
  readonly provenance: Gamma.Origin
  readonly session: number
  readonly snapshots: number
  readonly open_gex: number | null
  readonly close_gex: number | null
  readonly change: number | null
  readonly change_percent: number | null
  readonly open_price: number | null
  readonly close_price: number | null
  readonly price_correlation: number | null
  readonly maker_state: Gamma.MakerState | null
}

interface ModelRow {
  readonly model_id: string
  readonly symbol: string
  readonly fitted_on: Gamma.Origin
  readonly source: string
  readonly from_ms: number
  readonly to_ms: number
  readonly row_count: number
  readonly coefficients: string
  readonly r_squared: number
  readonly lowest_gex: number
  readonly highest_gex: number
  readonly fitted_ms: number
}

const decodeCoefficients = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Number)))

const toDaily = (row: DailyRow): Gamma.Daily => ({
  symbol: row.symbol,
  source: row.source,
  method: row.method,
  origin: row.provenance,
  session: Instant.formatDate(Number(row.session)),
  snapshots: Number(row.snapshots),
  openGex: row.open_gex,
  closeGex: row.close_gex,
  change: row.change,
  changePercent: row.change_percent,
  openPrice: row.open_price,
  closePrice: row.close_price,
  priceCorrelation: row.price_correlation,
  makerState: row.maker_state
})

const toModel = (row: ModelRow): Gamma.Model => ({
  id: row.model_id,
  symbol: row.symbol,
  fittedOn: row.fitted_on,
  source: row.source,
  from: Number(row.from_ms),
  to: Number(row.to_ms),
  rows: Number(row.row_count),
  coefficients: decodeCoefficients(row.coefficients),
  rSquared: Number(row.r_squared),
  lowest: Number(row.lowest_gex),
  highest: Number(row.highest_gex),
  fittedAt: Number(row.fitted_ms)
})

/** Columns of texts, in the order that rows have: by code points, whatever language a database was made for. */
const byCode = (name: "symbol" | "source" | "method" | "provenance"): string => `${name} COLLATE "C"`

/** Behind a place, by the columns of an order. */
const behind = (
  sql: SqlClient.SqlClient,
  order: ReadonlyArray<string>,
  [moment, ...texts]: readonly [Statement.Fragment, ...ReadonlyArray<string>]
): Statement.Fragment => {
  const first = sql.literal(order[0]!)
  // The first condition follows from the second; databases skip by it what they need not read.
  return sql`(${first} >= ${moment} AND (${sql.literal(order.join(", "))}) >
    (${sql.csv([moment, ...texts.map((text) => sql`${text}`)])}))`
}

const ofSignals = (sql: SqlClient.SqlClient, { outcomes, patterns }: Gamma.SignalSelection) => [
  ...(patterns === undefined ? [] : [sql.in("pattern", patterns)]),
  ...(outcomes === undefined ? [] : [sql.in("outcome", outcomes)])
]

/** A condition over the columns that every table and view of gamma has; `moment` is what the interval is of. */
const chosen = (sql: SqlClient.SqlClient, selection: Gamma.Selection<unknown>, moment: string): Statement.Fragment => {
  const { interval, methods, origins, sources, symbols } = selection
  const at = sql.literal(moment)
  return sql.and([
    sql`TRUE`,
    ...(symbols === undefined ? [] : [sql.in("symbol", symbols)]),
    ...(sources === undefined ? [] : [sql.in("source", sources)]),
    ...(methods === undefined ? [] : [sql.in("method", methods)]),
    ...(origins === undefined ? [] : [sql.in("provenance", origins)]),
    ...(interval === undefined
      ? []
      : [sql`${at} >= ${timestamp(sql, interval.from)} AND ${at} < ${timestamp(sql, interval.to)}`])
  ])
}

/** What both sides of a copy do too, inside a transaction of theirs. */
export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver

  /** What a query gives, ascending: the oldest `first` of it, or the newest `last`; `order` is of columns. */
  const ordered = <Row extends object>(
    query: Statement.Fragment,
    order: ReadonlyArray<string>,
    { first, last }: Gamma.Selection<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError> => {
    const by = (direction: "ASC" | "DESC") => sql.literal(order.map((name) => `${name} ${direction}`).join(", "))
    const limit = first === undefined ? sql.literal("") : sql`LIMIT ${Math.max(0, first)}`
    return last === undefined
      ? sql<Row>`${query} ORDER BY ${by("ASC")} ${limit}`
      : Effect.map(sql<Row>`${query} ORDER BY ${by("DESC")} LIMIT ${Math.max(0, last)}`, (rows) => rows.toReversed())
  }

  const select = <Row>(
    table: GammaRows.Table<Row>,
    selection: Gamma.Selection,
    more: ReadonlyArray<Statement.Fragment> = []
  ): Effect.Effect<ReadonlyArray<GammaRows.Kept<Row>>, SqlError.SqlError> => {
    // Qualified: in an ORDER BY the epoch milliseconds of that name would count, as long as they sort alike.
    const moment = `${table.name}."timestamp"`
    const order = [moment, byCode("symbol"), byCode("source"), byCode("method")]
    const { after } = selection
    const query = sql`SELECT ${GammaRows.columns(sql, table)} FROM ${sql(table.name)} WHERE ${sql.and([
      chosen(sql, selection, moment),
      ...(after === undefined
        ? []
        : [behind(sql, order, [timestamp(sql, after.at), after.symbol, after.source, after.method])]),
      ...more
    ])}`
    return Effect.map(ordered<Readonly<Record<string, unknown>>>(query, order, selection), (rows) =>
      rows.map((row) => GammaRows.fromFound(table, row))
    )
  }

  /** The smallest selection that has all of these. */
  const around = (keys: ReadonlyArray<Key>): Gamma.Selection => {
    let [from, to] = [Infinity, -Infinity]
    for (const { at } of keys) {
      from = Math.min(from, at)
      to = Math.max(to, at)
    }
    return {
      symbols: [...new Set(keys.map(({ symbol }) => symbol))],
      sources: [...new Set(keys.map(({ source }) => source))],
      interval: { from, to: to + 1 }
    }
  }

  /** Which of these are there, and whether they are without a net exposure. */
  const there = Effect.fnUntraced(function* (keys: ReadonlyArray<Key>) {
    if (keys.length === 0) return new Map<string, boolean>()
    const rows = yield* sql<Omit<Key, "at"> & { readonly at_ms: number; readonly net_gex: number | null }>`SELECT
        symbol, source, method, net_gex, ${epochMillis(sql, '"timestamp"')} AS at_ms
      FROM gamma_snapshots WHERE ${chosen(sql, around(keys), '"timestamp"')}`
    return new Map(rows.map((row) => [keyOf({ ...row, at: Number(row.at_ms) }), row.net_gex === null]))
  })

  const remove = Effect.fnUntraced(function* (name: GammaRows.Table<never>["name"], keys: ReadonlyArray<Key>) {
    const groups = Map.groupBy(keys, ({ method, source, symbol }) => JSON.stringify([symbol, source, method]))
    for (const group of groups.values()) {
      const { method, source, symbol } = group[0]!
      for (let from = 0; from < group.length; from += momentsPerStatement) {
        const moments = group.slice(from, from + momentsPerStatement).map(({ at }) => timestamp(sql, at))
        yield* sql`DELETE FROM ${sql(name)} WHERE symbol = ${symbol} AND source = ${source} AND method = ${method}
          AND "timestamp" IN (${sql.csv(moments)})`
      }
    }
  })

  const append = <Row>(table: GammaRows.Table<Row>, rows: ReadonlyArray<GammaRows.Kept<Row>>) =>
    rows.length === 0 ? Effect.void : driver.append(table.name, GammaRows.toColumns(table, rows))

  const write = Effect.fnUntraced(function* (
    writings: ReadonlyArray<Writing>,
    yields: Yields = never
  ): Effect.fn.Return<Gamma.Written, SqlError.SqlError> {
    yield* driver.lockTable("gamma_snapshots")
    const known = yield* there(writings.map(({ snapshot }) => snapshot))
    const wanted = new Map<string, Writing>()
    // Of two of one moment the one counts that would have stayed, had they come one after the other.
    for (const writing of writings) {
      const key = keyOf(writing.snapshot)
      const first = wanted.get(key)
      const isUnknown = first === undefined ? known.get(key) : first.snapshot.netGex === null
      if (isUnknown === undefined || yields(isUnknown, writing.snapshot)) wanted.set(key, writing)
    }
    const rows = [...wanted.values()]
    const gone = rows.filter(({ snapshot }) => known.has(keyOf(snapshot))).map(({ snapshot }) => snapshot)
    yield* remove("gamma_snapshots", gone)
    yield* remove("regime_signals", gone)
    yield* append(
      GammaRows.snapshots,
      rows.map(({ at, snapshot }) => ({ row: snapshot, createdAt: at }))
    )
    yield* append(
      GammaRows.signals,
      rows.flatMap(({ at, signal, snapshot }) => {
        if (signal === undefined) return []
        const { method, origin, session, source, symbol } = snapshot
        // It is the snapshot's, whatever it says of itself: one without its snapshot would never be found again.
        return [{ row: { ...signal, symbol, source, at: snapshot.at, method, origin, session }, createdAt: at }]
      })
    )
    return {
      inserted: rows.length - gone.length,
      replaced: gone.length,
      kept: writings.length - rows.length
    }
  })

  const resolve = Effect.fnUntraced(function* (
    signals: ReadonlyArray<Gamma.Signal>
  ): Effect.fn.Return<number, SqlError.SqlError> {
    const told = new Map(
      signals.filter(({ outcome }) => outcome !== "pending").map((signal) => [keyOf(signal), signal])
    )
    if (told.size === 0) return 0
    yield* driver.lockTable("gamma_snapshots")
    const pending = yield* select(GammaRows.signals, around([...told.values()]), [sql`outcome = 'pending'`])
    const resolved = pending.flatMap(({ createdAt, row }) => {
      const signal = told.get(keyOf(row))
      // Another may stand in its place by now: what was found out is not about that one.
      if (signal === undefined || GammaRows.asMade(signal) !== GammaRows.asMade(row)) return []
      const { move, outcome, outcomePrice, resolvedAt } = signal
      return [{ row: { ...row, outcome, outcomePrice, move, resolvedAt }, createdAt }]
    })
    yield* remove(
      "regime_signals",
      resolved.map(({ row }) => row)
    )
    yield* append(GammaRows.signals, resolved)
    return resolved.length
  })

  const daily = (
    selection: Gamma.Selection<Gamma.DailyPlace>
  ): Effect.Effect<ReadonlyArray<Gamma.Daily>, SqlError.SqlError> => {
    const order = ["d.session", byCode("symbol"), byCode("source"), byCode("method"), byCode("provenance")]
    const { after } = selection
    const place =
      after === undefined
        ? sql`TRUE`
        : behind(sql, order, [
            sql`CAST(${after.session} AS DATE)`,
            after.symbol,
            after.source,
            after.method,
            after.origin
          ])
    return Effect.map(
      ordered<DailyRow>(
        sql`SELECT symbol, source, method, provenance, ${epochMillis(sql, "d.session")} AS session, snapshots,
            open_gex, close_gex, change, change_percent, open_price, close_price, price_correlation, maker_state
          FROM gamma_daily_summary AS d WHERE ${sql.and([chosen(sql, selection, "close_at"), place])}`,
        order,
        selection
      ),
      (rows) => rows.map(toDaily)
    )
  }

  const counts = (selection: Gamma.SignalSelection): Effect.Effect<ReadonlyArray<Gamma.Count>, SqlError.SqlError> =>
    Effect.map(
      sql<Omit<Gamma.Count, "origin"> & { readonly provenance: Gamma.Origin }>`SELECT pattern, provenance, method,
          outcome, count(*) AS signals
        FROM regime_signals
        WHERE ${sql.and([sql`confidence > 0`, chosen(sql, selection, '"timestamp"'), ...ofSignals(sql, selection)])}
        GROUP BY pattern, provenance, method, outcome`,
      (rows) =>
        rows.map(({ method, outcome, pattern, provenance, signals }) => ({
          pattern,
          origin: provenance,
          method,
          outcome,
          signals: Number(signals)
        }))
    )

  const insertModels = Effect.fnUntraced(function* (models: ReadonlyArray<Gamma.Model>) {
    const [first, ...rest] = models.map((model) => ({
      model_id: model.id,
      symbol: model.symbol,
      fitted_on: model.fittedOn,
      source: model.source,
      fitted_from: timestampText(model.from),
      fitted_to: timestampText(model.to),
      row_count: model.rows,
      coefficients: JSON.stringify(model.coefficients),
      r_squared: model.rSquared,
      lowest_gex: model.lowest,
      highest_gex: model.highest,
      fitted_at: timestampText(model.fittedAt)
    }))
    if (first === undefined) return
    yield* sql`INSERT INTO gamma_models ${sql.insert([first, ...rest])} ON CONFLICT DO NOTHING`
  })

  /** Of one symbol, or all; the newest fit first. */
  const models = (symbol?: string): Effect.Effect<ReadonlyArray<Gamma.Model>, SqlError.SqlError> =>
    Effect.map(
      sql<ModelRow>`SELECT model_id, symbol, fitted_on, source, row_count, coefficients, r_squared, lowest_gex, highest_gex,
          ${epochMillis(sql, "fitted_from")} AS from_ms, ${epochMillis(sql, "fitted_to")} AS to_ms,
          ${epochMillis(sql, "fitted_at")} AS fitted_ms
        FROM gamma_models WHERE ${symbol === undefined ? sql`TRUE` : sql`symbol = ${symbol}`}
        ORDER BY fitted_at DESC, model_id`,
      (rows) => rows.map(toModel)
    )

  return { select, write, resolve, daily, counts, insertModels, models }
})

const store = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  const gamma = yield* make

  const write: Gamma.GammaStore["Service"]["write"] = Effect.fn("GammaStore.write")(
    (entries, { at, replace }) =>
      sql.withTransaction(
        gamma.write(
          entries.map((entry) => ({ ...entry, at })),
          replace ? always : unknown
        )
      ),
    operation("write gamma")
  )

  const snapshots: Gamma.GammaStore["Service"]["snapshots"] = Effect.fn("GammaStore.snapshots")(
    (selection) => Effect.map(gamma.select(GammaRows.snapshots, selection), (found) => found.map(({ row }) => row)),
    operation("read gamma")
  )

  const daily: Gamma.GammaStore["Service"]["daily"] = Effect.fn("GammaStore.daily")(
    (selection) => gamma.daily(selection),
    operation("read gamma by session")
  )

  const signals: Gamma.GammaStore["Service"]["signals"] = Effect.fn("GammaStore.signals")(
    (selection) =>
      Effect.map(gamma.select(GammaRows.signals, selection, ofSignals(sql, selection)), (found) =>
        found.map(({ row }) => row)
      ),
    operation("read signals")
  )

  const counts: Gamma.GammaStore["Service"]["counts"] = Effect.fn("GammaStore.counts")(
    (selection) => gamma.counts(selection),
    operation("count signals")
  )

  const resolve: Gamma.GammaStore["Service"]["resolve"] = Effect.fn("GammaStore.resolve")(
    (signals) => sql.withTransaction(gamma.resolve(signals)),
    operation("write outcomes of signals")
  )

  const keepModel: Gamma.GammaStore["Service"]["keepModel"] = Effect.fn("GammaStore.keepModel")(
    (model) => gamma.insertModels([model]),
    operation("keep a model of gamma")
  )

  const models: Gamma.GammaStore["Service"]["models"] = Effect.fn("GammaStore.models")(
    (symbol) => gamma.models(symbol),
    operation("list models of gamma")
  )

  return Gamma.GammaStore.of({ write, snapshots, daily, signals, counts, resolve, keepModel, models })
})

export const layer = Layer.effect(Gamma.GammaStore, store)
