/** Figures that may not be known, and how sentences tell them. */

/** Why there is none: a clause that a sentence can end with, such as `^VIX is not stored`. */
export interface Unknown {
  readonly why: string
}

export type Figure = number | Unknown

export const isKnown = (figure: Figure): figure is number => typeof figure === "number"

/** A share as `1.24 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

/** A price or strike: two decimals, or five digits where that would be nothing. */
export const price = (value: number): string =>
  Math.abs(value) >= 10 ? value.toFixed(2) : `${Number(value.toPrecision(5))}`

/** Dollars as `-1.24bn` or `35.1m`. */
export const dollars = (value: number): string =>
  Math.abs(value) >= 1e8 ? `${(value / 1e9).toFixed(2)}bn` : `${(value / 1e6).toFixed(1)}m`

/** `a`, `a and b`, `a, b and c` */
export const list = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`
