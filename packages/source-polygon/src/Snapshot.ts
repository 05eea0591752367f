/**
 * Rows of the snapshot of an underlying's options as those of a chain. Pure.
 *
 * Greeks and volatility are absent where the provider does not compute them,
 * quotes and trades where the plan of the key does not include them; what the
 * underlying costs is its `price`, and the `value` of an index.
 */
import { ChainRows, type Instant, OccSymbol } from "@tidemark/core"
import { Schema } from "effect"

/** Contracts of a page at most. */
export const limit = 250

/** Everything is looked at by itself, so that a row which is odd costs no more than itself. */
export const Row = Schema.Record(Schema.String, Schema.Unknown)
export type Row = typeof Row.Type

const field = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined),
    value
  )

/** Nanoseconds. */
const instant = (value: unknown): Instant.EpochMillis =>
  typeof value === "number" ? Math.floor(value / 1_000_000) : Number.NaN

const rowOf = (row: Row, i: number): ChainRows.Row | string => {
  const name = field(row, "details", "ticker")
  const symbol = typeof name === "string" ? OccSymbol.decode(name.replace(/^O:/, "")) : undefined
  if (symbol === undefined) return `result ${i + 1}: "${ChainRows.excerpt(name ?? row)}" is no name of a contract`
  const quote = field(row, "last_quote")
  // No quote at all is nothing said; one that is no object is no quote.
  if (quote !== undefined && quote !== null && typeof quote !== "object") {
    return `${name as string} has no quote: "${ChainRows.excerpt(quote)}"`
  }
  return {
    label: name as string,
    name: name as string,
    ...symbol,
    bid: field(quote, "bid"),
    ask: field(quote, "ask"),
    last: field(row, "last_trade", "price") ?? field(row, "day", "close"),
    volume: field(row, "day", "volume"),
    openInterest: field(row, "open_interest"),
    impliedVolatility: field(row, "implied_volatility"),
    delta: field(row, "greeks", "delta"),
    gamma: field(row, "greeks", "gamma"),
    multiplier: field(row, "details", "shares_per_contract")
  }
}

/** The newest of the times that rows tell; `NaN` where none does. */
const newest = (rows: ReadonlyArray<Row>, ...path: ReadonlyArray<string>): Instant.EpochMillis =>
  rows.reduce((found, row) => {
    const time = instant(field(row, ...path))
    return time > found || Number.isNaN(found) ? time : found
  }, Number.NaN)

/**
 * The chain's moment is that of its newest quote; where the plan has no
 * quotes, of its newest trade, and else of the price of the underlying.
 */
export const read = (
  rows: ReadonlyArray<Row>
): {
  readonly at: Instant.EpochMillis
  readonly spot: unknown
  readonly rows: ReadonlyArray<ChainRows.Row | string>
} => {
  const times = [
    newest(rows, "last_quote", "last_updated"),
    newest(rows, "last_trade", "sip_timestamp"),
    newest(rows, "underlying_asset", "last_updated")
  ]
  const priced = rows.findLast((row) => instant(field(row, "underlying_asset", "last_updated")) > 0) ?? rows.at(-1)
  return {
    at: times.find((time) => time > 0) ?? Number.NaN,
    spot: field(priced, "underlying_asset", "price") ?? field(priced, "underlying_asset", "value"),
    rows: rows.map(rowOf)
  }
}
