/** `SymbolStore` over the table `symbols`. */
import { Instrument, SymbolStore } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"

interface SymbolRow {
  readonly symbol: string
  readonly asset_class: string
  readonly calendar: Instrument.Instrument["calendar"]
  readonly sources: string
  readonly listed_ms: number | null
  readonly delisted_ms: number | null
  readonly active: boolean
}

const Listings = Schema.fromJsonString(Schema.Array(Instrument.Listing))
const encodeListings = Schema.encodeSync(Listings)
const decodeListings = Schema.decodeSync(Listings)
const decodeInstrument = Schema.decodeUnknownSync(Instrument.Instrument)

// Only this program writes the table, so a row that does not decode is a defect.
const toInstrument = (row: SymbolRow): Instrument.Instrument =>
  decodeInstrument({
    symbol: row.symbol,
    assetClass: row.asset_class,
    calendar: row.calendar,
    sources: decodeListings(row.sources),
    ...(row.listed_ms === null ? {} : { listedAt: Number(row.listed_ms) }),
    ...(row.delisted_ms === null ? {} : { delistedAt: Number(row.delisted_ms) }),
    active: row.active
  })

const toRow = (instrument: Instrument.Instrument) => ({
  symbol: instrument.symbol,
  asset_class: instrument.assetClass,
  calendar: instrument.calendar,
  sources: encodeListings(instrument.sources),
  listed_ms: instrument.listedAt ?? null,
  delisted_ms: instrument.delistedAt ?? null,
  active: instrument.active
})

const replace = `ON CONFLICT (symbol) DO UPDATE SET ${[
  "asset_class",
  "calendar",
  "sources",
  "listed_ms",
  "delisted_ms",
  "active"
]
  .map((column) => `${column} = excluded.${column}`)
  .join(", ")}`

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make("symbols")

  const list = Effect.map(sql<SymbolRow>`SELECT * FROM symbols ORDER BY symbol`, (rows) => rows.map(toInstrument)).pipe(
    operation("list symbols")
  )

  const calendars = Effect.fn("SymbolStore.calendars")(
    (symbols: ReadonlyArray<string>) =>
      Effect.map(
        sql<Pick<SymbolRow, "symbol" | "calendar">>`SELECT symbol, calendar FROM symbols
          WHERE ${symbols.length === 0 ? sql`TRUE` : sql.in("symbol", symbols)}`,
        (rows) => new Map(rows.map(({ calendar, symbol }) => [symbol, calendar]))
      ),
    operation("list symbols")
  )

  const put = Effect.fn("SymbolStore.put")((instruments: ReadonlyArray<Instrument.Instrument>) => {
    const rows = new Map(instruments.map((instrument) => [instrument.symbol, toRow(instrument)]))
    // In one order, so that two processes that put the same symbols do not wait for one another.
    const ascending = [...rows.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
    return sql.withTransaction(insertRows(sql, "symbols", ascending, replace))
  }, operation("write symbols"))

  const remove = Effect.fn("SymbolStore.remove")(function* (symbols: ReadonlyArray<string>) {
    if (symbols.length === 0) return []
    const rows = yield* sql<{
      symbol: string
    }>`DELETE FROM symbols WHERE symbol IN ${sql.in(symbols)} RETURNING symbol`
    return rows.map((row) => row.symbol)
  }, operation("remove symbols"))

  return SymbolStore.SymbolStore.of({ list, calendars, put, remove })
})

export const layer = Layer.effect(SymbolStore.SymbolStore, make)
