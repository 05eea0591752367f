/**
 * Yahoo's answers about options: all expirations of an underlying, and the
 * contracts of one of them. Pure.
 *
 * The library makes dates of some times; the others are seconds. A contract
 * that nobody wants has a volatility of 0.00001, which is passed on as it is.
 */
import { ChainRows, type Instant, OccSymbol } from "@tidemark/core"
import { Predicate } from "effect"

const field = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((at, name) => (Predicate.hasProperty(at, name) ? at[name] : undefined), value)

const instant = (value: unknown): Instant.EpochMillis =>
  Predicate.isDate(value) ? value.getTime() : typeof value === "number" ? value * 1_000 : Number.NaN

/** More than any underlying has; each is a request. */
const maxExpirations = 120

export interface Answer {
  /** Every expiration there is, as midnights of UTC. */
  readonly expirations: ReadonlyArray<Instant.EpochMillis>
  /** That of the contracts that are told here; `undefined` where there are none. */
  readonly expiration: Instant.EpochMillis | undefined
  /** Of the last trade of the underlying. */
  readonly at: Instant.EpochMillis
  readonly spot: unknown
  readonly rows: ReadonlyArray<ChainRows.Row | string>
}

/** Shares of a contract, where they are not the usual hundred. */
const multipliers: Readonly<Record<string, number>> = { REGULAR: 100, MINI: 10 }

const rowOf = (row: unknown, isCall: boolean): ChainRows.Row | string => {
  const name = field(row, "contractSymbol")
  const symbol = typeof name === "string" ? OccSymbol.decode(name) : undefined
  if (symbol === undefined) return `"${ChainRows.excerpt(name ?? row)}" is no name of a contract`
  if (symbol.isCall !== isCall) return `${name as string} is among the ${isCall ? "calls" : "puts"}`
  return {
    label: name as string,
    name: name as string,
    ...symbol,
    bid: field(row, "bid"),
    ask: field(row, "ask"),
    last: field(row, "lastPrice"),
    volume: field(row, "volume"),
    openInterest: field(row, "openInterest"),
    impliedVolatility: field(row, "impliedVolatility"),
    multiplier: multipliers[String(field(row, "contractSize"))]
  }
}

/** What is told; what is wrong with it, in words. */
export const decode = (answer: unknown): Answer | string => {
  const dates = field(answer, "expirationDates")
  const options = field(answer, "options")
  if (!Array.isArray(dates) || !Array.isArray(options)) return "the answer is no chain of options"
  const expirations = dates.map(instant)
  if (!expirations.every((date) => Number.isSafeInteger(date) && date % 86_400_000 === 0)) {
    return "an expiration that is no date"
  }
  if (expirations.length > maxExpirations) return `${expirations.length} expirations, more than any underlying has`
  const [shown]: ReadonlyArray<unknown> = options
  const sides = [field(shown, "calls"), field(shown, "puts")]
  if (shown !== undefined && !sides.every(Array.isArray)) return "an expiration without lists of calls and puts"
  return {
    expirations,
    expiration: shown === undefined ? undefined : instant(field(shown, "expirationDate")),
    at: instant(field(answer, "quote", "regularMarketTime")),
    spot: field(answer, "quote", "regularMarketPrice"),
    rows: sides.flatMap((side, i) => (Array.isArray(side) ? side.map((row) => rowOf(row, i === 0)) : []))
  }
}
