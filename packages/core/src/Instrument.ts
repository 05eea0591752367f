/**
 * What is traded: a canonical symbol and what must be known to fetch and
 * judge its history.
 */
import { Schema } from "effect"
import { CalendarId } from "./Calendar.ts"
import { Word } from "./Word.ts"

/**
 * `BTC/USDT` a spot pair, `BTC/USDT:USDT` a contract settled in USDT, `AAPL` a
 * share, `^GSPC` an index, `EUR/USD` currencies. Upper case, at most 32
 * characters.
 */
export const Symbol = Schema.String.check(
  Schema.isPattern(/^(?=.{1,32}$)\^?[A-Z0-9][A-Z0-9._-]*(\/[A-Z0-9][A-Z0-9._-]*(:[A-Z0-9]+)?)?$/u, {
    message: "a symbol such as BTC/USDT, AAPL, ^GSPC or EUR/USD (upper case, at most 32 characters)"
  })
)
export const isSymbol = Schema.is(Symbol)

export const AssetClass = Schema.Literals(["crypto", "equity", "index", "fx"])
export type AssetClass = typeof AssetClass.Type

/** One source to ask, and what it calls the instrument. */
export const Listing = Schema.Struct({
  /** A source's id, with its argument where it takes one: `binance`, `ccxt:kraken`, `synthetic`. */
  source: Word,
  /** The source's own symbol, where it is not what the source derives from the canonical one. */
  symbol: Schema.optionalKey(Word)
})
export type Listing = typeof Listing.Type

export class Instrument extends Schema.Class<Instrument>("@tidemark/core/Instrument")({
  symbol: Symbol,
  assetClass: AssetClass,
  calendar: CalendarId,
  /** In order of preference: `--source auto` takes the first that can serve. */
  sources: Schema.Array(Listing),
  /** First instant of trading, epoch milliseconds, where known. */
  listedAt: Schema.optionalKey(Schema.Int),
  /** First instant after trading ended, epoch milliseconds, where it has. */
  delistedAt: Schema.optionalKey(Schema.Int),
  /** Only active instruments are backfilled without being named. */
  active: Schema.Boolean
}) {}

const currencies = new Set(
  "AUD BRL CAD CHF CNH CNY CZK DKK EUR GBP HKD HUF ILS INR JPY KRW MXN NOK NZD PLN SEK SGD TRY USD ZAR".split(" ")
)

/** What the form of a symbol says about its asset class. */
export const assetClassOf = (symbol: string): AssetClass => {
  if (symbol.startsWith("^")) return "index"
  const [base, quote] = symbol.split("/")
  if (quote === undefined) return "equity"
  return currencies.has(base!) && currencies.has(quote) ? "fx" : "crypto"
}

/** The calendar that an asset class trades by unless its instrument says otherwise. */
export const calendarOf = (assetClass: AssetClass): CalendarId =>
  assetClass === "crypto" ? "24/7" : assetClass === "fx" ? "24/5" : "XNYS"
