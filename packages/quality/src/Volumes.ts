/**
 * Far more traded than around it, and than at its time of day.
 *
 * Measured in the logarithm: the volume over its median around, less what a
 * candle's own range explains (large moves trade more: J. M. Karpoff, 1987),
 * less what its time of day usually has more, such as an auction.
 */
import * as Anomaly from "./Anomaly.ts"
import * as Usual from "./Usual.ts"
import type { Rows } from "./Window.ts"

/** Fewer rows have no usual. */
const fewestRows = 20
const outlierSigmas = 6
const leastOutlier = Math.log(20)
/** Candles at the same time of day that must be known to compare with it, and to know how much they differ. */
const fewestDays = 5
const fewestDaysToDiffer = 20
/** Rows before and after it that a candle is compared with: what goes on for longer is a busier market. */
const sideRows = 63

/** What every time of day has: the logarithms of volume over the usual, by time of day, of those that are wanted. */
const byTimeOfDay = (rows: Rows, off: Float64Array, wanted: ReadonlyArray<number>) => {
  const found = new Map<number, Array<number>>()
  for (const row of wanted) found.set(rows.timeOfDay[row]!, [])
  for (let row = 0; row < rows.length; row++) {
    const value = off[row]!
    if (value === value) found.get(rows.timeOfDay[row]!)?.push(value)
  }
  return found
}

/** The highest of some values but one. */
const highest = (values: Float64Array, own: number): number =>
  values.reduce((high, value) => (value > high && value !== own ? value : high), 0)

/** The median of the rows `[from, to)` that are numbers; of none below all. */
const side = (values: Float64Array, from: number, to: number): number => {
  const known = values.slice(Math.max(0, from), to).filter((value) => value === value)
  return known.length === 0 ? -Infinity : Usual.median(known)
}

export const find = (rows: Rows, isIntraday: boolean, from: number, to: number, report: Anomaly.Report): void => {
  const { length, logHigh, logLow, logVolume, openTime, timeOfDay, volume } = rows
  if (length < fewestRows) return
  const level = Usual.around(logVolume, length)
  const off = new Float64Array(length)
  const absolute = new Float64Array(length)
  const ranges = new Float64Array(length)
  for (let row = 0; row < length; row++) {
    off[row] = logVolume[row]! - level(row)
    absolute[row] = Math.abs(off[row]!)
    ranges[row] = logHigh[row]! - logLow[row]!
  }
  const scale = Usual.scaleAround(absolute, length)
  const range = Usual.scaleAround(ranges, length)
  const sizeOf = (row: number): number => {
    const explained = ranges[row]! / range(row)
    return off[row]! - (explained > 1 ? Math.log(explained) : 0)
  }
  const limitOf = (sigma: number): number => Math.max(leastOutlier, outlierSigmas * sigma)
  const suspects: Array<number> = []
  for (let row = from; row < to; row++) {
    if (off[row]! > leastOutlier && sizeOf(row) > limitOf(Usual.toSigma * scale(row))) suspects.push(row)
  }
  if (suspects.length === 0) return
  const days = isIntraday ? byTimeOfDay(rows, off, suspects) : new Map<number, Array<number>>()
  for (const row of suspects) {
    const others = Float64Array.from(days.get(timeOfDay[row]!) ?? [])
    const isDaily = others.length >= fewestDays
    // Of a few days the busiest other one is what is known of an auction.
    const ofTime = isDaily ? Usual.median(others) : highest(others, off[row]!)
    const usual = Math.max(0, ofTime)
    const isMany = others.length >= fewestDaysToDiffer
    const spread = isMany ? Usual.median(others.map((value) => Math.abs(value - ofTime))) : 0
    const sides = Math.max(
      side(logVolume, row - sideRows, row),
      side(logVolume, row + 1, Math.min(length, row + 1 + sideRows))
    )
    const size = sizeOf(row) - Math.max(usual, sides - level(row))
    if (!(size > limitOf(Usual.toSigma * Math.max(scale(row), spread)))) continue
    const ratio = Math.exp(off[row]! - usual)
    const evidence = `a volume of ${volume[row]} is ${Math.round(ratio)} times the usual${isDaily ? " at its time of day" : ""}`
    report(Anomaly.at("volume-outlier", openTime[row]!, evidence, { volume: volume[row]!, ratio }))
  }
}
