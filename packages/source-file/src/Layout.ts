/**
 * Which column of a file is what, found by name or given. Pure.
 */

export type Field = "time" | "open" | "high" | "low" | "close" | "volume" | "quoteVolume" | "trades"

/** Column of each field; the optional two may be absent. */
export type Layout = Readonly<Record<Exclude<Field, "quoteVolume" | "trades">, string>> & {
  readonly quoteVolume?: string
  readonly trades?: string
  /** A second column with the time of day, where `time` is only the date. */
  readonly timeOfDay?: string
}

const names: Readonly<Record<Field, ReadonlyArray<string>>> = {
  time: ["open_time", "opentime", "timestamp", "datetime", "date_time", "date", "time", "ts", "t"],
  open: ["open", "o", "open_price"],
  high: ["high", "h", "high_price"],
  low: ["low", "l", "low_price"],
  close: ["close", "c", "close_price"],
  volume: ["volume", "v", "vol"],
  quoteVolume: ["quote_volume", "quotevolume", "quote_asset_volume"],
  trades: ["trades", "count", "number_of_trades", "n"]
}

export const fields = Object.keys(names) as ReadonlyArray<Field>
const requiredFields: ReadonlyArray<Field> = ["time", "open", "high", "low", "close", "volume"]

/** Columns of files without a header, by how many there are. */
const headerless: Readonly<Record<number, ReadonlyArray<Field | undefined>>> = {
  6: ["time", "open", "high", "low", "close", "volume"],
  // Binance's archive.
  12: ["time", "open", "high", "low", "close", "volume", undefined, "quoteVolume", "trades"]
}

const normal = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_")

/** Names that DuckDB gives where there is no header: column0, column00, … */
const isHeaderless = (columns: ReadonlyArray<string>): boolean => columns.every((name) => /^column\d+$/.test(name))

/** The layout, or what is missing, in words. */
export const detect = (
  columns: ReadonlyArray<string>,
  given: Readonly<Partial<Record<Field, string>>>
): Layout | string => {
  const found: Partial<Record<Field, string>> = {}
  for (const field of fields) {
    const wanted = given[field]
    if (wanted === undefined) continue
    const column = columns.find((name) => name === wanted) ?? columns.find((name) => normal(name) === normal(wanted))
    if (column === undefined) return `it has no column "${wanted}" (its columns: ${columns.join(", ")})`
    found[field] = column
  }
  const byPosition = isHeaderless(columns) ? headerless[columns.length] : undefined
  for (const field of fields) {
    if (found[field] !== undefined) continue
    const column =
      byPosition === undefined
        ? names[field]
            .map((name) => columns.find((column) => normal(column) === name))
            .find((name) => name !== undefined)
        : columns[byPosition.indexOf(field)]
    if (column !== undefined) found[field] = column
  }
  const missing = requiredFields.filter((field) => found[field] === undefined)
  if (missing.length > 0) {
    return (
      `it has no column for ${missing.join(", ")} (its columns: ${columns.join(", ")}); ` +
      `name them in tidemark.json, for example {"sources": {"file": {"columns": {"${missing[0]}": "…"}}}}`
    )
  }
  const timeOfDay =
    normal(found.time!) === "date" ? columns.find((name) => name !== found.time && normal(name) === "time") : undefined
  return { ...(found as Layout), ...(timeOfDay === undefined ? {} : { timeOfDay }) }
}
