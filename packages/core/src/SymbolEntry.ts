/** An instrument as people write it. */
import { Schema } from "effect"
import { Instrument, Listing, Symbol } from "./Instrument.ts"
import { Word } from "./Word.ts"

/** An instrument as people write it in files and requests; what is left out follows from the symbol. */
export const SymbolEntry = Schema.Struct({
  symbol: Symbol,
  asset_class: Schema.optionalKey(Schema.Literals(["crypto", "equity", "stock", "etf", "index", "fx", "forex"])),
  calendar: Schema.optionalKey(Instrument.fields.calendar),
  /** In order of preference; a name alone, or with the symbol that the source uses. */
  sources: Schema.optionalKey(Schema.Array(Schema.Union([Word, Listing]))),
  /** ISO date of the first and the last day of trading. */
  listed: Schema.optionalKey(Schema.String),
  delisted: Schema.optionalKey(Schema.String),
  active: Schema.optionalKey(Schema.Boolean)
})
export type SymbolEntry = typeof SymbolEntry.Type
