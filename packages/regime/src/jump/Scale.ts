/** One scale for all features, from the days of the training alone. */

export interface Scale {
  /** Values are cut off here: three deviations from the mean, as it was before anything is cut off. */
  readonly lower: ReadonlyArray<number>
  readonly upper: ReadonlyArray<number>
  /** Of what is left. */
  readonly mean: ReadonlyArray<number>
  readonly deviation: ReadonlyArray<number>
}

const reach = 3

const clip = (value: number, lower: number, upper: number): number => Math.max(lower, Math.min(upper, value))

/** Deviations are of all there is (ddof 0). `rows` has `width` values a day, one day after the other. */
export const fit = (rows: Float64Array, width: number): Scale => {
  const count = rows.length / width
  const moments = (valueOf: (value: number) => number, column: number) => {
    let sum = 0
    for (let i = column; i < rows.length; i += width) sum += valueOf(rows[i]!)
    const mean = sum / count
    let squares = 0
    for (let i = column; i < rows.length; i += width) squares += (valueOf(rows[i]!) - mean) ** 2
    return { mean, deviation: Math.sqrt(squares / count) }
  }
  const columns = Array.from({ length: width }, (_, column) => {
    const raw = moments((value) => value, column)
    const [lower, upper] = [raw.mean - reach * raw.deviation, raw.mean + reach * raw.deviation]
    const { deviation, mean } = moments((value) => clip(value, lower, upper), column)
    // A feature that does not vary says nothing, and is 0 on every day.
    return { lower, upper, mean, deviation: deviation > 0 ? deviation : 1 }
  })
  return {
    lower: columns.map(({ lower }) => lower),
    upper: columns.map(({ upper }) => upper),
    mean: columns.map(({ mean }) => mean),
    deviation: columns.map(({ deviation }) => deviation)
  }
}

/** Scales rows in place. */
export const apply = ({ deviation, lower, mean, upper }: Scale, rows: Float64Array): void => {
  const width = mean.length
  for (let i = 0; i < rows.length; i++) {
    const column = i % width
    rows[i] = (clip(rows[i]!, lower[column]!, upper[column]!) - mean[column]!) / deviation[column]!
  }
}
