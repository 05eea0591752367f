/**
 * Where a share lies that so many trials show: the score interval of E. B.
 * Wilson (1927), which stays within 0 and 1 and says something of few trials.
 */

/** Of the normal distribution, for 95 %. */
const z = 1.959963984540054

/** `trials` is above 0. */
export const interval = (wins: number, trials: number): { readonly low: number; readonly high: number } => {
  const share = wins / trials
  const weight = 1 + (z * z) / trials
  const middle = (share + (z * z) / (2 * trials)) / weight
  const half = (z / weight) * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
