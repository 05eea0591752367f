/** Tables for people. Pure. */
import * as CliOutput from "effect/cli/CliOutput"

export interface TableOptions {
  /** Columns that are aligned to the right, by index. */
  readonly right?: ReadonlyArray<number>
}

const between = "  "

/** Rows under a header, without lines. Every row has as many cells as the header; a cell is one line. */
export const render = (
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  options: TableOptions = {}
): string => {
  const width = ruler()
  const lines = [header, ...rows].map((row) =>
    row.map((text) => {
      const cell = printable(text)
      return { cell, size: width(cell) }
    })
  )
  const widths = header.map((_, column) => lines.reduce((widest, line) => Math.max(widest, line[column]!.size), 0))
  const right = new Set(options.right)
  return lines
    .map((line) =>
      line
        .map(({ cell, size }, column) => {
          const blank = " ".repeat(widths[column]! - size)
          return right.has(column) ? blank + cell : cell + blank
        })
        .join(between)
        .trimEnd()
    )
    .join("\n")
    .trimEnd()
}

/** What a terminal would act on, or break the line at. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, " ")

/** Columns of a terminal that a text takes. Beyond ASCII that is slow to tell, and a matrix says the same in most cells. */
const ruler = () => {
  const known = new Map<string, number>()
  return (text: string): number => {
    if (/^[ -~]*$/.test(text)) return text.length
    const size = known.get(text) ?? CliOutput.displayWidth(text)
    known.set(text, size)
    return size
  }
}
