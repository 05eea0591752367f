/**
 * Random numbers that belong to a place, not to a sequence.
 *
 * Every number is a hash of where it is used (seed and symbol, then session,
 * then minute), so any minute of any year can be generated alone and comes
 * out the same. A hash is the finaliser of MurmurHash3 on 32-bit integers: a
 * few nanoseconds, the same on every machine, and no cryptography.
 *
 * Distributions are tables of 4,096 quantiles, indexed by 12 bits of a hash:
 * one lookup where a formula would cost a logarithm.
 */

/** A well-mixed 32-bit hash of a 32-bit integer. */
export const mix = (value: number): number => {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The hash for number `index` of what `key` stands for. */
export const at = (key: number, index: number): number => mix(key ^ mix(Math.imul(index, 0x9e3779b1) + 0x7f4a7c15))

/** The hash of a text under a key. */
export const ofText = (key: number, text: string): number => {
  let h = mix(key ^ 0x51ed270b)
  for (let i = 0; i < text.length; i++) h = at(h, text.charCodeAt(i))
  return h
}

/** Uniform in (0, 1), from all bits of a hash. */
export const uniform = (hash: number): number => ((hash >>> 0) + 0.5) / 4_294_967_296

const size = 4_096

/** Inverse of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9). */
const inverseNormal = (p: number): number => {
  if (p > 0.5) return -inverseNormal(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    const above = -0.007784894002430293 * q - 0.3223964580411365
    const numerator = (((above * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q
    const below = 0.007784695709041462 * q + 0.3224671290700398
    return (numerator + 2.938163982698783) / (((below * q + 2.445134137142996) * q + 3.754408661907416) * q + 1)
  }
  const q = p - 0.5
  const r = q * q
  const above = (-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687
  const numerator = ((above * r + 138.357751867269) * r - 30.66479806614716) * r + 2.506628277459239
  const below = (-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866
  return (numerator * q) / (((below * r + 66.80131188771972) * r - 13.28068155288572) * r + 1)
}

/** A column of the quantiles of a distribution, from a function of the probability. */
const quantiles = (f: (probability: number) => number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => f((i + 0.5) / size))

/** Standard normal. */
export const normals = quantiles(inverseNormal)
/** `-2 ln U`, exponential with mean 2: what the extremes of a Brownian bridge are made of. */
export const exponentials = quantiles((p) => -2 * Math.log(1 - p))
/** Lognormal with mean 1 and a standard deviation of 0.6 in the logarithm. */
export const lognormals = quantiles((p) => Math.exp(0.6 * inverseNormal(p) - 0.18))

/** A standard normal number from a hash. */
export const normal = (hash: number): number => inverseNormal(uniform(hash))
