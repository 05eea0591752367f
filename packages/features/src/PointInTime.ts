/**
 * A proof that a computation does not look ahead: what it says of rows up to
 * a cut has to be the same with and without the rows after it.
 */

/** Where a computation has been seen to look ahead. */
export interface Leak {
  /** It was given the rows before this one. */
  readonly cut: number
  /** What it said with the future, and without. */
  readonly withFuture: unknown
  readonly without: unknown
}

/**
 * The first leak of `compute`, which works on rows `[0, end)` of something and
 * gives what was known by then: rows, labels or events, each with the number
 * of rows that have to be there for it to be known.
 */
export const leak = <Fact extends { readonly knownAfter: number }>(
  size: number,
  compute: (end: number) => ReadonlyArray<Fact>,
  cuts: Iterable<number>
): Leak | undefined => {
  const whole = compute(size)
  for (const cut of cuts) {
    const withFuture = whole.filter(({ knownAfter }) => knownAfter <= cut)
    const without = compute(cut)
    const count = Math.max(withFuture.length, without.length)
    for (let i = 0; i < count; i++) {
      // NaN is equal to itself here, and negative zero is not zero.
      if (!isSame(withFuture[i], without[i])) return { cut, withFuture: withFuture[i], without: without[i] }
    }
  }
  return undefined
}

const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return (
    keys.length === others.length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}
