/**
 * What has been seen to be wrong with files of Binance's bulk archive, by
 * name.
 *
 * A defect lies in the files whose path contains `in`, in all of them where
 * that is absent, and stays until it is taken out again: a file and its
 * checksum agree on it.
 */
interface Fields {
  /** The checksum is that of other bytes, as after a file is uploaded again. */
  readonly StaleChecksum: object
  /** The checksum file holds something else. */
  readonly GarbledChecksum: object
  /** Neither file nor checksum is there: published late, or never. */
  readonly Missing: object
  /** The checksum is there, the file is not. */
  readonly MissingZip: object
  /** Only the first so many rows; 7 where absent. */
  readonly Partial: { readonly rows?: number }
  /** No row of a UTC day, such as `2022-06-09`. */
  readonly MissingDay: { readonly date: string }
  /** Rows of a UTC day have other prices than REST gives. */
  readonly Disagrees: { readonly date: string }
  /** One row comes twice. */
  readonly DuplicateRow: object
  /** A row comes ten seconds after another, where there is room for one. */
  readonly Crowded: object
  /** Two rows have changed places. */
  readonly OutOfOrder: object
  /** Every row opens so much later; 17,500 ms where absent. */
  readonly OffGrid: { readonly millis?: number }
  /** The last close of the file is a millisecond late. */
  readonly LateClose: object
  /** The last row traded nothing and was cut short by an outage. */
  readonly CutClose: object
  /** The last column, which means nothing, is not zero. */
  readonly IgnoredColumn: object
  /** A header, where there should be none. */
  readonly Header: object
  /** Times in milliseconds after 2025 began, or in microseconds before it. */
  readonly OtherUnit: object
  /** The checksum fits, but the bytes are no zip. */
  readonly NotAZip: object
  /** The zip holds two files. */
  readonly TwoFiles: object
  /** A row has a word where a price belongs. */
  readonly GarbledRow: object
  /** The first close differs by a hundredth, the checksum fits: the file after it was written anew. */
  readonly Rewritten: object
}

export type Tag = keyof Fields
export type ArchiveDefect = {
  readonly [T in Tag]: { readonly _tag: T; readonly in?: string } & Fields[T]
}[Tag]

const all: Readonly<Record<Tag, true>> = {
  StaleChecksum: true,
  GarbledChecksum: true,
  Missing: true,
  MissingZip: true,
  Partial: true,
  MissingDay: true,
  Disagrees: true,
  DuplicateRow: true,
  Crowded: true,
  OutOfOrder: true,
  OffGrid: true,
  LateClose: true,
  CutClose: true,
  IgnoredColumn: true,
  Header: true,
  OtherUnit: true,
  NotAZip: true,
  TwoFiles: true,
  GarbledRow: true,
  Rewritten: true
}
export const tags = Object.keys(all) as ReadonlyArray<Tag>

const openTime = 0
const close = 4
const volume = 5
const closeTime = 6
const ignored = 11
const dayMillis = 86_400_000

type Row = ReadonlyArray<string>

const changeLast = (rows: ReadonlyArray<Row>, change: (row: Row) => Row): ReadonlyArray<Row> =>
  rows.map((row, i) => (i === rows.length - 1 ? change(row) : row))

const opensOn = (date: string, row: Row): boolean => {
  const day = Date.parse(`${date}T00:00:00Z`)
  const open = Number(row[openTime])
  return open >= day && open < day + dayMillis
}

const plus = (text: string, amount: number): string => String(Number(text) + amount)

/** Rows of a file, times in milliseconds, after a defect of the data; the same rows for any other. */
export const spoil = (rows: ReadonlyArray<Row>, defect: ArchiveDefect): ReadonlyArray<Row> => {
  switch (defect._tag) {
    case "Partial":
      return rows.slice(0, defect.rows ?? 7)
    case "MissingDay":
      return rows.filter((row) => !opensOn(defect.date, row))
    case "Disagrees":
      return rows.map((row) =>
        opensOn(defect.date, row)
          ? row.map((text, column) => (column >= 1 && column <= close ? plus(text, 1) : text))
          : row
      )
    case "DuplicateRow":
      return rows.flatMap((row, i) => (i === 1 ? [row, row] : [row]))
    case "Crowded":
      return rows.flatMap((row, i) => (i === 1 ? [row, row.with(openTime, plus(row[openTime]!, 10_000))] : [row]))
    case "OutOfOrder":
      return rows.length < 3 ? rows : [rows[1]!, rows[0]!, ...rows.slice(2)]
    case "OffGrid": {
      const millis = defect.millis ?? 17_500
      return rows.map((row) =>
        row.with(openTime, plus(row[openTime]!, millis)).with(closeTime, plus(row[closeTime]!, millis))
      )
    }
    case "LateClose":
      return changeLast(rows, (row) => row.with(closeTime, plus(row[closeTime]!, 1)))
    case "CutClose":
      return changeLast(rows, (row) => row.with(volume, "0.00000000").with(closeTime, plus(row[openTime]!, 41_646)))
    case "IgnoredColumn":
      return rows.map((row) => row.with(ignored, "11146.71896"))
    case "GarbledRow":
      return changeLast(rows, (row) => row.with(close, "n/a"))
    case "Rewritten":
      return rows.map((row, i) =>
        i === 0 ? row.map((text, column) => (column >= 1 && column <= close ? plus(text, 0.01) : text)) : row
      )
    default:
      return rows
  }
}
