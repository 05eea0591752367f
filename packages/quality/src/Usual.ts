/**
 * What is usual around a row: medians over some hundred rows, which a few
 * wrong rows cannot shift. 1.4826 times the median of what is absolute is, for
 * normal numbers, their standard deviation (F. R. Hampel, 1974).
 */

/** Rows that share one figure. */
const blockRows = 128
/** Fewer have no usual. */
const fewestRows = 20

/** From a median of absolutes to a standard deviation. */
export const toSigma = 1.4826

/** The element that would be at `k` if the first `length` were sorted; reorders them (C. A. R. Hoare's selection, 1961). */
const select = (values: Float64Array, length: number, k: number): number => {
  let low = 0
  let high = length - 1
  while (low < high) {
    const pivot = values[(low + high) >> 1]!
    let i = low
    let j = high
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const swapped = values[i]!
      values[i++] = values[j]!
      values[j--] = swapped
    }
    if (k <= j) high = j
    else if (k >= i) low = i
    else break
  }
  return values[k]!
}

/** The upper median of the first `length` values, which it reorders; NaN of none. */
export const median = (values: Float64Array, length = values.length): number =>
  length === 0 ? Number.NaN : select(values, length, length >> 1)

/** A figure of the rows around a row, as a function of the row. */
export type Usual = (row: number) => number

const scratch = new Float64Array(blockRows)
const three = new Float64Array(3)

/** The median of those of three that are numbers; NaN of none. */
const medianOfThree = (a: number, b: number, c: number): number => {
  let count = 0
  if (a === a) three[count++] = a
  if (b === b) three[count++] = b
  if (c === c) three[count++] = c
  return median(three, count)
}

/** The median of each block of the first `rows` values; NaN where too little in it is a number. */
const byBlock = (values: Float64Array, rows: number): Float64Array => {
  const blocks = Math.ceil(rows / blockRows)
  const out = new Float64Array(blocks)
  // A series or a window of less than a block is what there is.
  const fewest = Math.min(fewestRows, Math.max(1, rows >> 1))
  for (let block = 0; block < blocks; block++) {
    const end = Math.min(rows, (block + 1) * blockRows)
    let count = 0
    for (let row = block * blockRows; row < end; row++) {
      const value = values[row]!
      if (value === value) scratch[count++] = value
    }
    out[block] = count < fewest ? Number.NaN : median(scratch, count)
  }
  return out
}

const medianOfNumbers = (values: Float64Array): number => median(values.filter((value) => value === value))

/** Of each block and its neighbours the middle one (the remedian of P. J. Rousseeuw and G. W. Bassett, 1990). */
const withNeighbours = (blocks: Float64Array): Float64Array =>
  blocks.map((own, i) => medianOfThree(blocks[i - 1] ?? Number.NaN, own, blocks[i + 1] ?? Number.NaN))

/**
 * The median around each of the first `rows` values. What is no number does
 * not count; where there is too little to count, the figure is that of all.
 */
export const around = (values: Float64Array, rows: number): Usual => {
  const blocks = byBlock(values, rows)
  const whole = medianOfNumbers(blocks)
  const medians = withNeighbours(blocks).map((value) => (value === value ? value : whole))
  return (row) => medians[Math.floor(row / blockRows)]!
}

/** As `around`, for what cannot be negative: never below a quarter of the whole, so that a standstill is no measure. */
export const scaleAround = (values: Float64Array, rows: number): Usual => {
  const blocks = byBlock(values, rows)
  const least = medianOfNumbers(blocks.filter((value) => value > 0)) / 4
  // Not below NaN either, so that where all stands still nothing is far from it.
  const scales = withNeighbours(blocks).map((value) => (value >= least ? value : least))
  return (row) => scales[Math.floor(row / blockRows)]!
}
