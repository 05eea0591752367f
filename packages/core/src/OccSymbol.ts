/**
 * The name of an option contract as the Options Clearing Corporation writes
 * it: the root, the date of expiration as YYMMDD, C or P, and the strike in
 * thousandths as eight digits, such as `SPXW240621C05450000`.
 *
 * The last fifteen characters have fixed places, so the root may hold digits:
 * those of contracts adjusted after a split or a merger do (`AAPL1`), and
 * those of flexible ones begin with one (`2SPX`). It may be padded with blanks
 * to six characters, as in the files of the clearing house.
 */
import * as Instant from "./Instant.ts"

export interface OccSymbol {
  readonly root: string
  /** Days since 1970-01-01. */
  readonly expiry: number
  readonly isCall: boolean
  readonly strike: number
}

/** Indices whose options have another name than they have themselves. */
const otherNames: Readonly<Record<string, string>> = { GSPC: "SPX" }

/** What the options of a canonical symbol are named after: `SPX` for `^GSPC`, `RUT` for `^RUT`, `SPY` for `SPY`. */
export const nameOf = (symbol: string): string => {
  const bare = symbol.replace(/^\^/, "")
  return otherNames[bare] ?? bare
}

const dayMillis = 86_400_000
const pattern = /^([A-Z0-9.]{1,6}) {0,5}(\d{2})(\d{2})(\d{2})([CP])(\d{8})$/

const daysIn = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31

/**
 * Days since 1970-01-01; `undefined` for a date that does not exist. By arithmetic, as a chain has tens of thousands:
 * the year begins in March here, so that the day that comes and goes is its last.
 */
const dayNumber = (year: number, month: number, day: number): number | undefined => {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

/** Days since 1970-01-01 of a date written YYYY-MM-DD; `undefined` for one that does not exist. */
export const dayOf = (date: string): number | undefined => {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date)
  return match === null ? undefined : dayNumber(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** `undefined` for what is no such name, has a date that does not exist, or no strike. */
export const decode = (text: string): OccSymbol | undefined => {
  const match = pattern.exec(text.trim())
  if (match === null) return undefined
  const [, root, year, month, day, type, strike] = match
  const expiry = dayNumber(2000 + Number(year), Number(month), Number(day))
  return expiry === undefined || Number(strike) === 0
    ? undefined
    : { root: root!, expiry, isCall: type === "C", strike: Number(strike) / 1_000 }
}

/** Without blanks. The strike is at most 99,999.999, of three decimals. */
export const encode = ({ expiry, isCall, root, strike }: OccSymbol): string => {
  const date = Instant.formatDate(expiry * dayMillis)
    .slice(2)
    .replaceAll("-", "")
  return `${root}${date}${isCall ? "C" : "P"}${String(Math.round(strike * 1_000)).padStart(8, "0")}`
}
