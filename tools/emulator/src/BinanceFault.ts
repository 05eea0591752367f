/**
 * Pages of klines that are wrong in themselves.
 *
 * The page is parsed, changed and written again, so these answers are slower
 * than the others. A page without rows has nothing to be wrong about.
 */
import * as Fault from "./Fault.ts"

type Kline = Array<string | number | null>

const openTime = 0
const prices: ReadonlySet<number> = new Set([1, 2, 3, 4])
const high = 2
const low = 3
const volume = 5
const closeTime = 6

const offGridMillis = 17_500

/** The same order for the same page: rows are taken from both ends by turns. */
const shuffle = (rows: ReadonlyArray<Kline>): ReadonlyArray<Kline> =>
  rows.map((_, i) => rows[i % 2 === 0 ? rows.length - 1 - i / 2 : (i - 1) / 2]!)

const changeFirst = (rows: ReadonlyArray<Kline>, change: (row: Kline) => Kline): ReadonlyArray<Kline> =>
  rows.map((row, i) => (i === 0 ? change(row) : row))

const wrongValue = (as: "number" | "null" | "text" | undefined, value: string | number | null) =>
  as === "number" ? Number(value) : as === "null" ? null : "abc"

const change = (rows: ReadonlyArray<Kline>, fault: Fault.Fault, now: number): unknown => {
  switch (fault._tag) {
    case "Empty":
      return []
    case "NonArray":
      return {}
    case "Duplicates":
      return rows.flatMap((row, i) => (i % 3 === 0 ? [row, row] : [row]))
    case "OutOfOrder":
      return shuffle(rows)
    case "UnfinishedLast":
      return rows.map((row, i) => {
        if (i < rows.length - 1) return row
        const length = Number(row[closeTime]) - Number(row[openTime]) + 1
        return row.with(closeTime, Math.max(Number(row[closeTime]), now + length - 1))
      })
    case "WrongTypes":
      return changeFirst(rows, (row) =>
        row.map((value, column) => (prices.has(column) ? wrongValue(fault.as, value) : value))
      )
    case "NegativeVolume":
      return changeFirst(rows, (row) => row.with(volume, `-${Math.max(Number(row[volume]), 1).toFixed(8)}`))
    case "HighBelowLow":
      return changeFirst(rows, (row) =>
        row.with(high, (Number(row[low]) * 0.99).toFixed(8)).with(low, (Number(row[high]) * 1.01).toFixed(8))
      )
    case "OffGrid":
      return rows.map((row) =>
        row
          .with(openTime, Number(row[openTime]) + offGridMillis)
          .with(closeTime, Number(row[closeTime]) + offGridMillis)
      )
    default:
      return rows
  }
}

/** The body after a fault of the data; the same body for any other fault. */
export const spoil = (
  body: ReadonlyArray<Buffer>,
  fault: Fault.Fault | undefined,
  now: number
): ReadonlyArray<Buffer> => {
  if (fault === undefined || !Fault.isOfData(fault)) return body
  const rows = JSON.parse(Buffer.concat(body).toString()) as ReadonlyArray<Kline>
  return [Buffer.from(JSON.stringify(change(rows, fault, now)))]
}
