/**
 * What an option is worth, without rates and dividends.
 *
 * Source: F. Black, M. Scholes (1973): d1 = ln(S/K) / (σ√T) + σ√T/2, a call is
 * S N(d1) − K N(d1 − σ√T), Γ = φ(d1) / (S σ √T). The cumulative normal
 * distribution after J. F. Hart, algorithm 5666, as in G. West (2005). A source
 * knows nothing of the package that computes exposures: what that makes of
 * these chains is a test of both.
 */

const rootTwoPi = Math.sqrt(2 * Math.PI)

const density = (x: number): number => Math.exp(-0.5 * x * x) / rootTwoPi

/** Probability of less than `x`. */
export const cumulative = (x: number): number => {
  const z = x < 0 ? -x : x
  // Less than 1e-11 of a share: no price that is rounded shows it.
  if (z > 6.8) return x < 0 ? 0 : 1
  const above =
    (((((0.0352624965998911 * z + 0.700383064443688) * z + 6.37396220353165) * z + 33.912866078383) * z +
      112.079291497871) *
      z +
      221.213596169931) *
      z +
    220.206867912376
  const below =
    ((((((0.0883883476483184 * z + 1.75566716318264) * z + 16.064177579207) * z + 86.7807322029461) * z +
      296.564248779674) *
      z +
      637.333633378831) *
      z +
      793.826512519948) *
      z +
    440.413735824752
  const tail = (Math.exp(-0.5 * z * z) * above) / below
  return x < 0 ? tail : 1 - tail
}

/** Of one share; filled by `price`. */
export interface Priced {
  call: number
  put: number
  /** Of the call; the put's is one less. */
  delta: number
  gamma: number
}

/** `deviation` is σ√T, `logMoneyness` is ln(K/S). The result is written into `into`: nothing is allocated. */
export const price = (spot: number, strike: number, logMoneyness: number, deviation: number, into: Priced): void => {
  const d1 = deviation / 2 - logMoneyness / deviation
  const delta = cumulative(d1)
  const call = Math.max(0, spot - strike, spot * delta - strike * cumulative(d1 - deviation))
  into.call = call
  into.put = Math.max(0, call - spot + strike)
  into.delta = delta
  into.gamma = density(d1) / (spot * deviation)
}
