/** Tables for people. */
import { getBorderCharacters, table } from "table"

export interface TableOptions {
  /** Columns that are aligned to the right, by index. */
  readonly right?: ReadonlyArray<number>
}

/** Rows under a header, without vertical lines. */
export const render = (
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  options: TableOptions = {}
): string =>
  table([header.slice(), ...rows.map((row) => row.map(printable))], {
    border: getBorderCharacters("void"),
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns: Object.fromEntries((options.right ?? []).map((index) => [index, { alignment: "right" as const }])),
    drawHorizontalLine: () => false
  })
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()

// The table library refuses control characters; a cell is one line.
const printable = (cell: string): string => cell.replaceAll(/\p{Cc}+/gu, " ")
