/**
 * How a message names what the reader of it can change: an option of a
 * function for programs, a flag for people at the command line.
 *
 * Errors that advise an option have `messageIn`; their `message` is for
 * programs, and the command line asks for its own.
 */

/** An option alone, or with what it should be. */
export type Wording = (option: string, value?: boolean | string | ReadonlyArray<string>) => string

/** `allowGaps: true`, `adjust: "none"`, `database`, each between backquotes */
export const program: Wording = (option, value) =>
  value === undefined ? `\`${option}\`` : `\`${option}: ${JSON.stringify(value)}\``

/** `--allow-gaps`, `--adjust none`, `--database` */
export const flags: Wording = (option, value) => {
  const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  if (value === undefined || typeof value === "boolean") return flag
  return `${flag} ${typeof value === "string" ? value : value.join(",")}`
}

/** An error whose advice depends on who reads it. */
export interface Worded {
  readonly messageIn: (wording: Wording) => string
}

const isWorded = (error: object): error is Worded => "messageIn" in error && typeof error.messageIn === "function"

/** The message of an error, in these words where it has any. */
export const messageOf = (error: { readonly message: string }, wording: Wording): string =>
  isWorded(error) ? error.messageIn(wording) : error.message
