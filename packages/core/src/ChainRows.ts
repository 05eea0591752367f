/**
 * From the rows of an answer or a file to the columns of a chain.
 *
 * Every row ends up as a contract or, in words, among the unreadable: none is
 * lost, and no contract counts twice. Figures are taken as they are told, impossible ones too; only what is
 * no number at all makes a row unreadable.
 */
import * as Instant from "./Instant.ts"
import type { Contracts } from "./OptionChain.ts"
import * as OptionChain from "./OptionChain.ts"

/** What a provider may say of a contract; nothing of it is needed. */
export type Figure = Exclude<(typeof OptionChain.numbers)[number], "expiry" | "strike">

export interface Row extends Readonly<Partial<Record<Figure, unknown>>> {
  /** For messages: the contract's name, or where the row is. */
  readonly label: string
  /** The contract's own name, where the row has one: a second row of that name is none. */
  readonly name?: string | undefined
  readonly root: string
  /** Days since 1970-01-01. */
  readonly expiry: number
  readonly strike: number
  readonly isCall: boolean
}

/** Their names. */
export const figures: ReadonlyArray<Figure> = OptionChain.numbers.filter(
  (name): name is Figure => name !== "expiry" && name !== "strike"
)

/** How files write that there is nothing. */
const nothing = new Set(["", "-", "--", "n/a", "na", "nan", "none", "null"])

/** `NaN` where nothing is said, `undefined` for what is no number. */
const told = (value: unknown): number | undefined => {
  if (value === null || value === undefined) return Number.NaN
  if (typeof value === "number") return value
  if (typeof value !== "string") return undefined
  if (nothing.has(value.trim().toLowerCase())) return Number.NaN
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

/** A piece of somebody else's text, short enough for a message. */
export const excerpt = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Columns of the rows that are contracts; a text among the rows is why one is none. */
export const collect = (
  rows: ReadonlyArray<Row | string>
): { readonly contracts: Contracts; readonly unreadable: ReadonlyArray<string> } => {
  const unreadable: Array<string> = []
  const sound: Array<Row> = []
  const known = new Set<string>()
  for (const row of rows) {
    const problem = typeof row === "string" ? row : problemOf(row, known)
    if (problem === undefined) sound.push(row as Row)
    else unreadable.push(problem)
  }
  const contracts = OptionChain.allocate(sound.length)
  for (const [i, row] of sound.entries()) {
    contracts.root[i] = row.root
    contracts.expiry[i] = row.expiry
    contracts.strike[i] = row.strike
    contracts.isCall[i] = row.isCall ? 1 : 0
    for (const figure of figures) {
      const value = told(row[figure])!
      // A contract of which nothing else is said has the usual size.
      if (figure !== "multiplier" || !Number.isNaN(value)) contracts[figure][i] = value
    }
  }
  return { contracts, unreadable }
}

const problemOf = (row: Row, known: Set<string>): string | undefined => {
  if (!(row.strike > 0 && Number.isFinite(row.strike))) return `${row.label} has the strike ${row.strike}`
  if (!Number.isInteger(row.expiry)) return `${row.label} has no date of expiration`
  const wrong = figures.find((figure) => told(row[figure]) === undefined)
  if (wrong !== undefined) return `${row.label} has no number as ${wrong}: "${excerpt(row[wrong])}"`
  if (row.name === undefined) return undefined
  if (known.has(row.name)) return `${row.label} is ${row.label === row.name ? "there" : row.name} once more`
  known.add(row.name)
  return undefined
}

/** Some of what could not be read, for a message; the rest by number. */
export const summary = (unreadable: ReadonlyArray<string>): string => {
  const more = unreadable.length - 3
  return `${unreadable.slice(0, 3).join("; ")}${more > 0 ? `; and ${more} more` : ""}`
}

/** Clocks differ, but not by more. */
const clockMillis = 5 * 60_000
/** 1973-04-26, when the first options were listed. */
const firstListed = 104_630_400_000

/** What a provider has told, before it is a chain. */
export interface Told extends Pick<OptionChain.OptionChain, "symbol" | "source" | "at"> {
  /** Of the underlying; what is no price above 0 is none. */
  readonly spot: unknown
  readonly rows: ReadonlyArray<Row | string>
}

/** Why nothing can have been observed of a moment, at `now`; `undefined` where it can. */
export const problemOfMoment = (at: Instant.EpochMillis, now: Instant.EpochMillis): string | undefined => {
  if (!Number.isFinite(at)) return "it does not say of which moment it is"
  if (at < firstListed) {
    return `it says to be of ${Instant.format(at)}, and options are listed since ${Instant.formatDate(firstListed)}`
  }
  return at > now + clockMillis ? `it says to be of ${Instant.format(at)}, which is still to come` : undefined
}

/** The chain that was observed, at `now`; why it is none, in words. */
export const chain = (told: Told, now: Instant.EpochMillis): OptionChain.OptionChain | string => {
  const { at, rows, source, symbol } = told
  const problem = problemOfMoment(at, now)
  if (problem !== undefined) return problem
  if (rows.length === 0) return "it has no contracts"
  const { contracts, unreadable } = collect(rows)
  if (OptionChain.length(contracts) === 0) return `none of its rows is a contract: ${summary(unreadable)}`
  const price = Number(told.spot)
  const spot = price > 0 && Number.isFinite(price) ? price : Number.NaN
  return { symbol, source, at, spot, provenance: "observed", contracts, unreadable }
}
