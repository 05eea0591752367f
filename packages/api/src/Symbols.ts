/** The list of instruments that are kept. */
import { Calendar, Instrument, SymbolEntry } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Problems from "./Problems.ts"
import { AnySymbol } from "./Values.ts"

export const Listed = Schema.Struct({
  symbol: Schema.String,
  asset_class: Instrument.AssetClass,
  calendar: Calendar.CalendarId,
  /** In order of preference: a source, and in brackets what it calls the instrument where that is another name. */
  sources: Schema.Array(Schema.String),
  listed: Schema.NullOr(Schema.String),
  delisted: Schema.NullOr(Schema.String),
  active: Schema.Boolean
})
export type Listed = typeof Listed.Type

export const Listing = Schema.Struct({
  /** Whether the list is empty, so that the built-in one counts. */
  built_in: Schema.Boolean,
  symbols: Schema.Array(Listed)
})
export type Listing = typeof Listing.Type

const { symbol: _, ...changeable } = SymbolEntry.SymbolEntry.fields

export class Symbols extends HttpApiGroup.make("symbols")
  .add(
    HttpApiEndpoint.get("list", "/", { success: Listing, error: Problems.ofStores }),
    HttpApiEndpoint.post("add", "/", {
      payload: SymbolEntry.SymbolEntry,
      success: Listed.pipe(HttpApiSchema.status(201)),
      error: [Problems.Conflict, ...Problems.ofStores]
    }),
    HttpApiEndpoint.patch("change", "/:symbol", {
      params: { symbol: AnySymbol },
      payload: Schema.Struct(changeable),
      success: Listed,
      error: [Problems.NotFound, ...Problems.ofStores]
    }),
    HttpApiEndpoint.delete("remove", "/:symbol", {
      params: { symbol: AnySymbol },
      error: [Problems.NotFound, ...Problems.ofStores]
    })
  )
  .prefix("/symbols") {}
