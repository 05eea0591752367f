/**
 * How much a series moves around a row, by statistics that a few wrong rows
 * cannot shift: 1.4826 times the median of what is absolute, which for normal
 * returns is their standard deviation.
 */

/** Rows that share one figure. */
const blockRows = 128
const toSigma = 1.4826

const median = (values: Float64Array): number => {
  values.sort()
  return values[values.length >> 1] ?? Number.NaN
}

/**
 * The robust scale of `values` (their absolutes) by blocks of rows, each from
 * its own rows and those of its neighbours. Rows without a number do not count.
 */
export const scales = (values: Float64Array): ((row: number) => number) => {
  const blocks = Math.max(1, Math.ceil(values.length / blockRows))
  const out = new Float64Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const around = values.subarray(Math.max(0, (block - 1) * blockRows), (block + 2) * blockRows)
    const finite = around.filter(Number.isFinite).map(Math.abs)
    out[block] = toSigma * median(finite)
  }
  // A block in which nothing moves has the scale of the whole.
  const whole = toSigma * median(values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs))
  return (row) => {
    const own = out[Math.floor(row / blockRows)]!
    return own > 0 ? Math.max(own, whole / 4) : whole
  }
}

/** The median of `values` by blocks with their neighbours. */
export const levels = (values: Float64Array): ((row: number) => number) => {
  const blocks = Math.max(1, Math.ceil(values.length / blockRows))
  const out = new Float64Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const around = values.subarray(Math.max(0, (block - 1) * blockRows), (block + 2) * blockRows)
    out[block] = median(around.filter(Number.isFinite))
  }
  return (row) => out[Math.floor(row / blockRows)]!
}
