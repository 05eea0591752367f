/**
 * A file of CBOE's delayed quotes as a chain. Pure.
 *
 * Facts: `timestamp` is when the file was made, in UTC without saying so; its
 * quotes are a quarter of an hour older, as the times of trades in it show,
 * which are New York's. A contract's figures are zeros where nothing is known.
 */
import { ChainRows, Instant, OccSymbol, type OptionChain } from "@tidemark/core"
import { Option, Predicate } from "effect"

export const delayMillis = 15 * 60_000

const field = (value: unknown, name: string): unknown => (Predicate.hasProperty(value, name) ? value[name] : undefined)

/** `^SPX` and `_SPX` are the same. */
const bare = (symbol: string): string => symbol.replace(/^[_^]/, "")

const rowOf = (row: unknown, i: number): ChainRows.Row | string => {
  const name = field(row, "option")
  const symbol = typeof name === "string" ? OccSymbol.decode(name) : undefined
  if (symbol === undefined) return `contract ${i + 1}: "${ChainRows.excerpt(name ?? row)}" is no name of a contract`
  return {
    label: name as string,
    name: name as string,
    ...symbol,
    bid: field(row, "bid"),
    ask: field(row, "ask"),
    last: field(row, "last_trade_price"),
    volume: field(row, "volume"),
    openInterest: field(row, "open_interest"),
    impliedVolatility: field(row, "iv"),
    delta: field(row, "delta"),
    gamma: field(row, "gamma")
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What the file with the name `file` holds of a symbol; what is wrong with it, in words. */
export const decode = (
  text: string,
  about: { readonly source: string; readonly symbol: string; readonly file: string },
  now: Instant.EpochMillis
): OptionChain.OptionChain | string => {
  const body = parsed(text)
  const data = field(body, "data")
  const options = field(data, "options")
  if (!Array.isArray(options)) return "the answer is no list of contracts"
  const shown = field(body, "symbol") ?? field(data, "symbol")
  if (typeof shown === "string" && bare(shown) !== bare(about.file)) {
    return `it answers for ${ChainRows.excerpt(shown)} instead of ${about.file}`
  }
  const timestamp = field(body, "timestamp")
  const made = typeof timestamp === "string" ? Option.getOrUndefined(Instant.parse(timestamp)) : undefined
  return ChainRows.chain(
    {
      symbol: about.symbol,
      source: about.source,
      at: made === undefined ? Number.NaN : made - delayMillis,
      spot: field(data, "current_price"),
      rows: options.map(rowOf)
    },
    now
  )
}
