/**
 * The "quotedata" file that CBOE's site exports of a chain. Pure.
 *
 * A few lines of title hold the last price and the date; under the header
 * each line is a strike, with the call on its left and the put on its right.
 */
import { ChainRows, Instant, OccSymbol } from "@tidemark/core"
import { DateTime, Option } from "effect"

export interface QuoteData {
  /** What the title says, where it does. */
  readonly at: Instant.EpochMillis | undefined
  readonly spot: number | undefined
  /** Two for each line under the header. */
  readonly rows: ReadonlyArray<ChainRows.Row | string>
}

const titleLines = 12
const isHeader = (line: string): boolean => /^"?Expiration Date"?,"?Calls"?,/i.test(line)

const linesOf = (text: string): ReadonlyArray<string> => text.split(/\r\n|[\r\n]/)

/** Whether a text begins like such a file. */
export const recognises = (text: string): boolean => linesOf(text.slice(0, 4_096)).slice(0, titleLines).some(isHeader)

/** The cells of a line, which may be quoted. */
const cellsOf = (line: string): ReadonlyArray<string> =>
  line.includes('"')
    ? [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) =>
        (quoted?.replaceAll('""', '"') ?? plain ?? "").trim()
      )
    : line.split(",").map((cell) => cell.trim())

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const twoDigits = (value: string | number): string => String(value).padStart(2, "0")

/** `Mon Dec 12 2022`, `December 12, 2022` or `12/30/2022` as YYYY-MM-DD. */
export const dateOf = (text: string): string | undefined => {
  const numeric = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text)
  if (numeric !== null) return `${numeric[3]}-${twoDigits(numeric[1]!)}-${twoDigits(numeric[2]!)}`
  const words = /^(?:[A-Za-z]+,? )?([A-Za-z]{3,9}) (\d{1,2}),? (\d{4})$/.exec(text)
  const month = months.indexOf(words?.[1]?.slice(0, 3).toLowerCase() ?? "")
  return words === null || month < 0 ? undefined : `${words[3]}-${twoDigits(month + 1)}-${twoDigits(words[2]!)}`
}

const zones: Readonly<Record<string, string>> = {
  EST: "-05:00",
  EDT: "-04:00",
  ET: "America/New_York",
  CST: "-06:00",
  CDT: "-05:00",
  CT: "America/Chicago",
  UTC: "+00:00",
  GMT: "+00:00"
}

/** `December 12, 2022 at 8:30 PM EST` */
const instantOf = (text: string): Instant.EpochMillis | undefined => {
  const match =
    /([A-Za-z]{3,9} \d{1,2},? \d{4}) (?:at|@) (\d{1,2}):(\d{2})(?::\d{2})?(?: ([AP])\.?M\.?)? ([A-Z]{2,3})\b/i.exec(
      text
    )
  if (match === null) return undefined
  const [, day, hours, minutes, half, zoneName] = match
  const date = dateOf(day!)
  const zone = zones[zoneName!.toUpperCase()]
  if (date === undefined || zone === undefined) return undefined
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toUpperCase() === "P" ? 12 : 0)
  const local = `${date}T${twoDigits(hour)}:${minutes}`
  return zone.includes(":")
    ? Option.getOrUndefined(Instant.parse(`${local}${zone}`))
    : Option.match(Instant.parse(local), {
        onNone: () => undefined,
        onSome: (wall) =>
          Option.match(DateTime.makeZoned(wall, { timeZone: zone, adjustForTimeZone: true }), {
            onNone: () => undefined,
            onSome: DateTime.toEpochMillis
          })
      })
}

const figures: Readonly<Record<string, ChainRows.Figure>> = {
  "last sale": "last",
  bid: "bid",
  ask: "ask",
  volume: "volume",
  iv: "impliedVolatility",
  delta: "delta",
  gamma: "gamma",
  "open interest": "openInterest"
}

/** Where in a line the call and the put have what. */
interface Side {
  readonly isCall: boolean
  readonly name: number
  readonly columns: ReadonlyArray<readonly [ChainRows.Figure, number]>
}

const sideOf = (header: ReadonlyArray<string>, from: number, to: number, isCall: boolean): Side => ({
  isCall,
  name: from,
  columns: header.slice(from, to).flatMap((cell, i) => {
    const figure = figures[cell]
    return figure === undefined ? [] : [[figure, from + i] as const]
  })
})

/** What the file holds; what is wrong with all of it, in words. */
export const decode = (text: string): QuoteData | string => {
  const lines = linesOf(text)
  const start = lines.findIndex(isHeader)
  if (start < 0) return "it has no line with the names of the columns"
  const header = cellsOf(lines[start]!).map((cell) => cell.toLowerCase())
  const [calls, puts, strikeAt] = [header.indexOf("calls"), header.indexOf("puts"), header.indexOf("strike")]
  if (puts < 0 || strikeAt < 0) return "its header has no columns Strike and Puts"
  const sides = [sideOf(header, calls, strikeAt, true), sideOf(header, puts, header.length, false)]

  const title = lines.slice(0, start).join("\n")
  const last = /Last:\s*([0-9.]+)/i.exec(title)
  const rows: Array<ChainRows.Row | string> = []
  for (const [i, line] of lines.entries()) {
    if (i <= start || line.trim() === "") continue
    const cells = cellsOf(line)
    for (const side of sides) rows.push(rowOf(cells, header, side, strikeAt, i + 1))
  }
  return { at: instantOf(title), spot: last === null ? undefined : Number(last[1]), rows }
}

const rowOf = (
  cells: ReadonlyArray<string>,
  header: ReadonlyArray<string>,
  { columns, isCall, name }: Side,
  strikeAt: number,
  line: number
): ChainRows.Row | string => {
  const where = `line ${line}, ${isCall ? "call" : "put"}`
  if (cells.length !== header.length) return `${where}: it has ${cells.length} cells instead of ${header.length}`
  const text = cells[name]!
  const symbol = OccSymbol.decode(text)
  if (symbol === undefined) return `${where}: "${ChainRows.excerpt(text)}" is no name of a contract`
  const expiry = OccSymbol.dayOf(dateOf(cells[0]!) ?? "")
  if (symbol.isCall !== isCall || symbol.strike !== Number(cells[strikeAt]) || symbol.expiry !== expiry) {
    return `${where}: ${text} does not belong to strike ${cells[strikeAt]} of ${ChainRows.excerpt(cells[0]!)}`
  }
  return {
    label: where,
    name: text,
    ...symbol,
    ...Object.fromEntries(columns.map(([figure, at]) => [figure, cells[at]]))
  }
}
