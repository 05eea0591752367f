/** `SymbolStore` over the table `symbols`. */
import { Instrument, SymbolStore } from "@tidemark/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import { failing } from "./Failure.ts"
import { insertRows } from "./Rows.ts"

interface SymbolRow {
  readonly symbol: string
  readonly asset_class: string
  readonly calendar: string
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

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver

  const list = Effect.map(sql<SymbolRow>`SELECT * FROM symbols ORDER BY symbol`, (rows) => rows.map(toInstrument)).pipe(
    failing(driver, "list symbols")
  )

  // Replaced as a whole: the old rows go and the new ones come in a few statements, whatever their number.
  const put = Effect.fn("SymbolStore.put")(
    (instruments: ReadonlyArray<Instrument.Instrument>) =>
      sql.withTransaction(
        Effect.andThen(
          sql`DELETE FROM symbols WHERE symbol IN ${sql.in(instruments.map((instrument) => instrument.symbol))}`,
          insertRows(sql, "symbols", [
            ...new Map(instruments.map((instrument) => [instrument.symbol, toRow(instrument)])).values()
          ])
        )
      ),
    failing(driver, "write symbols")
  )

  const remove = Effect.fn("SymbolStore.remove")(
    function* (symbols: ReadonlyArray<string>) {
      if (symbols.length === 0) return []
      const rows = yield* sql<{
        symbol: string
      }>`DELETE FROM symbols WHERE symbol IN ${sql.in(symbols)} RETURNING symbol`
      return rows.map((row) => row.symbol)
    },
    failing(driver, "remove symbols")
  )

  return SymbolStore.SymbolStore.of({ list, put, remove })
})

export const layer = Layer.effect(SymbolStore.SymbolStore, make)
