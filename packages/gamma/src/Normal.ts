/**
 * The standard normal distribution.
 *
 * Source of the cumulative one: G. West, "Better approximations to cumulative
 * normal functions", Wilmott Magazine, 2005, after J. F. Hart, "Computer
 * Approximations", algorithm 5666: to 1e-15 of the probability. A library for
 * this one function would bring forty packages with it.
 */

const sqrtTwoPi = Math.sqrt(2 * Math.PI)

export const density = (x: number): number => Math.exp(-0.5 * x * x) / sqrtTwoPi

/** Probability of less than `x`. */
export const cumulative = (x: number): number => {
  const z = Math.abs(x)
  if (z > 37) return x > 0 ? 1 : 0
  const e = Math.exp(-0.5 * z * z)
  let tail: number
  if (z < 7.071_067_811_865_47) {
    let above = 3.526_249_659_989_11e-2 * z + 0.700_383_064_443_688
    above = above * z + 6.373_962_203_531_65
    above = above * z + 33.912_866_078_383
    above = above * z + 112.079_291_497_871
    above = above * z + 221.213_596_169_931
    above = above * z + 220.206_867_912_376
    let below = 8.838_834_764_831_84e-2 * z + 1.755_667_163_182_64
    below = below * z + 16.064_177_579_207
    below = below * z + 86.780_732_202_946_1
    below = below * z + 296.564_248_779_674
    below = below * z + 637.333_633_378_831
    below = below * z + 793.826_512_519_948
    below = below * z + 440.413_735_824_752
    tail = (e * above) / below
  } else {
    let fraction = z + 0.65
    for (const n of [4, 3, 2, 1]) fraction = z + n / fraction
    tail = e / fraction / sqrtTwoPi
  }
  return x > 0 ? 1 - tail : tail
}
