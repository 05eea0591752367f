/**
 * A table of contracts, a row each: which column is what, found by name, and
 * its rows. Pure.
 */
import { type Calendar, ChainRows, Instant, OccSymbol } from "@tidemark/core"
import { Option } from "effect"
import { dateOf } from "./QuoteData.ts"

type Column = ChainRows.Figure | "contract" | "root" | "expiry" | "strike" | "type" | "time" | "underlying" | "spot"

/** The names that each column goes by, in lower case and with `_` for blanks. */
const names: Readonly<Record<Column, ReadonlyArray<string>>> = {
  contract: ["contract_symbol", "contractsymbol", "option_symbol", "occ_symbol", "option", "contract"],
  root: ["root", "option_root", "root_symbol"],
  expiry: ["expiry", "expiration", "expiration_date", "expire_date", "expiry_date", "exp_date"],
  strike: ["strike", "strike_price"],
  type: ["type", "right", "option_type", "call_put", "cp_flag", "put_call", "contract_type"],
  time: ["timestamp", "quote_time", "quote_datetime", "datetime", "snapshot", "at", "quote_date", "time", "date"],
  underlying: ["underlying", "underlying_symbol", "underlying_ticker"],
  spot: ["underlying_price", "underlying_last", "spot", "spot_price"],
  bid: ["bid", "bid_price"],
  ask: ["ask", "ask_price"],
  last: ["last", "last_price", "last_trade_price", "lastprice"],
  volume: ["volume"],
  openInterest: ["open_interest", "openinterest", "oi"],
  impliedVolatility: ["implied_volatility", "impliedvolatility", "iv"],
  delta: ["delta"],
  gamma: ["gamma"],
  multiplier: ["multiplier", "contract_size", "shares_per_contract"]
}

export type Layout = Readonly<Partial<Record<Column, string>>>
export type Cells = Readonly<Record<string, string | null>>

const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_")

/** Which column is what; what is missing, in words. */
export const detect = (columns: ReadonlyArray<string>): Layout | string => {
  const found = Object.fromEntries(
    Object.entries(names).flatMap(([column, spellings]) => {
      const name = spellings
        .map((spelling) => columns.find((one) => normal(one) === spelling))
        .find((one) => one !== undefined)
      return name === undefined ? [] : [[column, name]]
    })
  ) as Layout
  const missing =
    found.contract === undefined
      ? (["expiry", "strike", "type"] as const).filter((column) => found[column] === undefined)
      : []
  const [day, time] = [/^(quote_)?date$/, /^time$/].map((name) => columns.find((one) => name.test(normal(one))))
  if (day !== undefined && time !== undefined && (found.time === day || found.time === time)) {
    return (
      `it has the day in "${day}" and the time in "${time}"; put both into one column "timestamp", ` +
      "such as 2024-06-14 15:45-04:00, UTC without an offset"
    )
  }
  return missing.length === 0
    ? found
    : `it has no column ${missing.join(", ")} (its columns: ${columns.join(", ")}); a table of contracts has ` +
        `expiration, strike and type (call or put), or contract_symbol`
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size. */
const sinceEpoch = (text: string): Instant.EpochMillis => {
  const value = Number(text)
  const unit = value < 1e11 ? 1e3 : value < 1e14 ? 1 : value < 1e17 ? 1e-3 : 1e-6
  return Math.floor(value * unit)
}

const dayMillis = 86_400_000

/** A day without a time as YYYY-MM-DD: `2024-06-21`, `20240621`, or as CBOE writes it. */
const dayOf = (text: string): string | undefined => {
  const digits = /^(\d{4})[-./]?(\d{2})[-./]?(\d{2})$/.exec(text)
  return digits === null ? dateOf(text) : digits.slice(1).join("-")
}

/** When the session of a day closes, or the day ends that has none. */
const closeOf = (calendar: Calendar.Calendar, midnight: Instant.EpochMillis): Instant.EpochMillis => {
  const date = Instant.formatDate(midnight)
  const session = calendar.sessions({ from: midnight, to: midnight + 2 * dayMillis }).find((one) => one.date === date)
  return session?.close ?? midnight + dayMillis
}

/**
 * The instant that a cell of the time column says, UTC without an offset; `undefined` for what is none. A day without
 * a time, and a midnight without an offset at which the market is closed, mean the close of that day's session, or
 * its end where it has none: at its beginning nobody knew what was quoted then.
 */
export const instantOf = (cell: string, calendar: Calendar.Calendar): Instant.EpochMillis | undefined => {
  const text = cell.trim()
  const isCount = /^\d{9,}(\.\d+)?$/.test(text)
  const day = dayOf(text)
  const iso = text.replace(/^(\d{4})[./](\d{2})[./](\d{2})/, "$1-$2-$3").replace(/(\.\d{3})\d+/, "$1")
  const at = isCount
    ? sinceEpoch(text)
    : Option.getOrUndefined(Instant.parse(day ?? iso.replace(/([+-]\d{2})$/, "$1:00")))
  // Beyond what there are dates for it is no time.
  if (at !== undefined && Math.abs(at) > 8.64e15) return undefined
  // What lies beyond the calendar is refused for what it is.
  if (at === undefined || at < calendar.span.from || at + 2 * dayMillis > calendar.span.to) return at
  const isMidnight = at % dayMillis === 0 && !/[Z+-]/.test(iso.slice(10))
  return day !== undefined || (isMidnight && !calendar.isOpen(at)) ? closeOf(calendar, at) : at
}

/** What is wrong with a row whose time is none. */
export const timeProblem = (number: number, cell: string): string =>
  `row ${number} has no time${cell.trim() === "" ? "" : ` that can be read: "${ChainRows.excerpt(cell)}"`}`

/** Days since 1970-01-01: a day, with or without a time, or seconds or more since 1970. */
const expiryOf = (cell: string): number | undefined => {
  const text = cell.trim()
  if (/^\d{9,}$/.test(text)) return Math.floor(sinceEpoch(text) / dayMillis)
  return OccSymbol.dayOf(dayOf(text) ?? /^\d{4}-\d{2}-\d{2}/.exec(text)?.[0] ?? "")
}

const isCallOf = (cell: string): boolean | undefined => {
  const text = cell.trim().toLowerCase()
  return text === "call" || text === "c" ? true : text === "put" || text === "p" ? false : undefined
}

/** A row as a contract; what is wrong with it, in words. Columns count where the contract's name says the same. */
export const rowOf = (cells: Cells, layout: Layout, number: number, defaultRoot: string): ChainRows.Row | string => {
  const cell = (column: Column): string | undefined => {
    const name = layout[column]
    const text = name === undefined ? null : cells[name]
    return text === null || text === undefined || text.trim() === "" ? undefined : text
  }
  const label = `row ${number}`
  const name = cell("contract")
  const symbol = name === undefined ? undefined : OccSymbol.decode(name.replace(/^O:/, ""))
  const told = {
    expiry: cell("expiry") === undefined ? symbol?.expiry : expiryOf(cell("expiry")!),
    strike: cell("strike") === undefined ? symbol?.strike : Number(cell("strike")),
    isCall: cell("type") === undefined ? symbol?.isCall : isCallOf(cell("type")!)
  }
  for (const [column, key] of [
    ["expiry", "expiry"],
    ["strike", "strike"],
    ["type", "isCall"]
  ] as const) {
    const value = told[key]
    if (value === undefined || Number.isNaN(value)) {
      const text = cell(column)
      return `${label} has no ${column}${text === undefined ? "" : ` that can be read: "${ChainRows.excerpt(text)}"`}`
    }
    if (symbol !== undefined && symbol[key] !== value) {
      return `${label}: its ${column} is "${ChainRows.excerpt(cell(column)!)}", but its name is ${name}`
    }
  }
  const root = cell("root")?.trim() ?? symbol?.root
  const contract = { root: root ?? defaultRoot, expiry: told.expiry!, strike: told.strike!, isCall: told.isCall! }
  return {
    label,
    // Without a root two contracts that settle at different hours look like one.
    name: root === undefined ? undefined : OccSymbol.encode(contract),
    ...contract,
    ...Object.fromEntries(ChainRows.figures.map((figure) => [figure, cell(figure)]))
  }
}
