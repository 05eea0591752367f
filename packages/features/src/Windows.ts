/** Sums over the last `n` values of a column: each made anew, so that no rounding is carried along. */

export const mean = (values: Float64Array, row: number, n: number): number => {
  let sum = 0
  for (let i = row - n + 1; i <= row; i++) sum += values[i]!
  return sum / n
}

/** Sum of squares of the distances from the mean. */
const scatter = (values: Float64Array, row: number, n: number, center: number): number => {
  let sum = 0
  for (let i = row - n + 1; i <= row; i++) {
    const distance = values[i]! - center
    sum += distance * distance
  }
  return sum
}

/** Variance; `ddof` is what is taken off the number of values: 1 for a sample, 0 for all there is. */
export const variance = (values: Float64Array, row: number, n: number, ddof: 0 | 1): number =>
  scatter(values, row, n, mean(values, row, n)) / (n - ddof)

export const deviation = (values: Float64Array, row: number, n: number, ddof: 0 | 1): number =>
  Math.sqrt(variance(values, row, n, ddof))

/** Slope of the least-squares line through the last `n` values, a row apart each. */
export const slope = (values: Float64Array, row: number, n: number): number => {
  const middle = (n - 1) / 2
  const center = mean(values, row, n)
  let [both, squares] = [0, 0]
  for (let i = 0; i < n; i++) {
    const x = i - middle
    both += x * (values[row - n + 1 + i]! - center)
    squares += x * x
  }
  return both / squares
}
