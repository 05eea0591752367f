/**
 * Linear least squares by Householder's reflections (Golub and Van Loan,
 * Matrix Computations, 5.2.1): the matrix is never multiplied by itself, which
 * would halve the digits.
 */

/** Sine of the angle between a column and those before it, below which it tells nothing of its own. */
const leastAngle = 1e-9

export interface Solution {
  /** One of each column. */
  readonly coefficients: Float64Array
  /** Sum of the squares of what is left. */
  readonly residual: number
}

/** The first column that follows from those before it, or is nothing but zeros. */
export interface Collinear {
  readonly collinear: number
}

const norm = (values: Float64Array, from = 0): number => {
  let sum = 0
  for (let i = from; i < values.length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}

/** x − 2 v (v·x) / (v·v), from row `from` on. */
const reflect = (v: Float64Array, from: number, x: Float64Array): void => {
  let [both, own] = [0, 0]
  for (let i = from; i < x.length; i++) {
    both += v[i]! * x[i]!
    own += v[i]! * v[i]!
  }
  const factor = (2 * both) / own
  for (let i = from; i < x.length; i++) x[i]! -= factor * v[i]!
}

/** Columns of one length, which is that of `target` and not less than how many there are. */
export const solve = (columns: ReadonlyArray<Float64Array>, target: Float64Array): Solution | Collinear => {
  const width = columns.length
  const scales = columns.map((column) => norm(column))
  // Columns of length 1: what is left of one at its turn is the sine of its angle to those before.
  const q = columns.map((column, j) => column.map((value) => value / (scales[j]! || 1)))
  const y = target.slice()
  const diagonal = new Float64Array(width)
  for (let j = 0; j < width; j++) {
    const column = q[j]!
    const length = norm(column, j)
    if (!(length > leastAngle)) return { collinear: j }
    diagonal[j] = column[j]! > 0 ? -length : length
    const v = column.slice()
    v[j]! -= diagonal[j]!
    for (let k = j + 1; k < width; k++) reflect(v, j, q[k]!)
    reflect(v, j, y)
  }
  const coefficients = new Float64Array(width)
  for (let j = width - 1; j >= 0; j--) {
    let left = y[j]!
    for (let k = j + 1; k < width; k++) left -= q[k]![j]! * coefficients[k]!
    coefficients[j] = left / diagonal[j]!
  }
  for (let j = 0; j < width; j++) coefficients[j]! /= scales[j]!
  return { coefficients, residual: norm(y, width) ** 2 }
}
