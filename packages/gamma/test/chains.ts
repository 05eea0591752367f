/** Option chains for tests, contract by contract. */
import { Calendars } from "@tidemark/calendars"
import * as Day from "@tidemark/calendars/Day"
import { OptionChain } from "@tidemark/core"
import { Schema } from "effect"

export const newYork = Calendars.get("XNYS")

/** Monday, 2024-06-03, 11:00 in New York. */
export const at = Date.parse("2024-06-03T15:00:00Z")
export const today = Day.make(2024, 6, 3)

export interface Contract {
  readonly root?: string
  /** From today. */
  readonly days?: number
  readonly expiry?: number
  readonly strike?: number
  readonly side?: "call" | "put"
  readonly openInterest?: number
  readonly volatility?: number
  readonly gamma?: number
  readonly bid?: number
  readonly ask?: number
  readonly multiplier?: number
}

export const chainOf = (
  rows: ReadonlyArray<Contract>,
  change: Partial<OptionChain.OptionChain> = {}
): OptionChain.OptionChain => {
  const contracts = OptionChain.allocate(rows.length)
  for (const [i, row] of rows.entries()) {
    contracts.root[i] = row.root ?? "SPY"
    contracts.expiry[i] = row.expiry ?? today + (row.days ?? 30)
    contracts.strike[i] = row.strike ?? 100
    contracts.isCall[i] = row.side === "put" ? 0 : 1
    contracts.openInterest[i] = row.openInterest ?? 10
    contracts.impliedVolatility[i] = row.volatility ?? 0.2
    contracts.gamma[i] = row.gamma ?? 0.03
    contracts.bid[i] = row.bid ?? Number.NaN
    contracts.ask[i] = row.ask ?? Number.NaN
    contracts.multiplier[i] = row.multiplier ?? 100
  }
  return {
    symbol: "SPY",
    source: "test",
    at,
    spot: 100,
    provenance: "observed",
    contracts,
    unreadable: [],
    ...change
  }
}

const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Contracts that are kept, of a spot of 100; some may be there twice. */
export const Contracts = Schema.Array(
  Schema.Struct({
    days: whole(0, 90),
    strike: whole(80, 120),
    side: Schema.Literals(["call", "put"]),
    openInterest: whole(1, 10_000),
    volatility: Schema.Finite.check(Schema.isBetween({ minimum: 0.05, maximum: 1 }))
  })
).check(Schema.isMinLength(1), Schema.isMaxLength(40))

export const distinct = <Row extends Contract>(rows: ReadonlyArray<Row>): ReadonlyArray<Row> => [
  ...new Map(rows.map((row) => [`${row.days} ${row.strike} ${row.side}`, row])).values()
]
