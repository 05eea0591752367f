/** The provider's tickers and ours: `X:BTCUSD`, `C:EURUSD`, `I:SPX` for what are no stocks. */
import { type Instrument, OccSymbol, type Source } from "@tidemark/core"

const joined = (symbol: string): string => symbol.replace("/", "")

export const tickerOf = ({ assetClass, sourceSymbol, symbol }: Source.Subject): string => {
  if (sourceSymbol !== undefined) return sourceSymbol
  switch (assetClass) {
    case "crypto":
      return `X:${joined(symbol)}`
    case "fx":
      return `C:${joined(symbol)}`
    case "index":
      return `I:${symbol.replace(/^\^/, "")}`
    default:
      return symbol
  }
}

/** Whose options are asked for: those of `^GSPC` are of `I:SPX`. */
export const underlyingOf = (subject: Source.Subject): string =>
  subject.sourceSymbol === undefined && subject.assetClass === "index"
    ? `I:${OccSymbol.nameOf(subject.symbol)}`
    : tickerOf(subject)

/** A listed ticker as an instrument; `undefined` for a market that we have no class for. */
export const listed = (entry: {
  readonly ticker: string
  readonly market: string
  readonly active?: boolean | undefined
  readonly base_currency_symbol?: string | undefined
  readonly currency_symbol?: string | undefined
  readonly currency_name?: string | undefined
}): Source.Listed | undefined => {
  const { base_currency_symbol: base, currency_symbol: quote, market, ticker } = entry
  const classes: Readonly<Record<string, Instrument.AssetClass>> = {
    stocks: "equity",
    crypto: "crypto",
    fx: "fx",
    indices: "index"
  }
  const assetClass = classes[market]
  if (assetClass === undefined) return undefined
  const pair = base === undefined || quote === undefined ? undefined : `${base}/${quote}`
  const symbol = market === "indices" ? `^${ticker.replace(/^I:/, "")}` : market === "stocks" ? ticker : pair
  if (symbol === undefined) return undefined
  const currency = quote ?? entry.currency_name?.toUpperCase()
  return {
    symbol,
    sourceSymbol: ticker,
    assetClass,
    active: entry.active ?? true,
    ...(currency === undefined ? {} : { quote: currency })
  }
}
