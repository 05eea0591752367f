/**
 * What a provider still allows one address or key. Pure.
 *
 * Two ways of counting. `aligned`: the provider counts in windows of the
 * clock and says how much of one is used, so that whoever else spends from
 * the same budget is seen; a hundredth stays unspent for what is still on its
 * way. Otherwise no span of a window's length, wherever it begins, holds more
 * than the limit. Either way a pause, which a provider asked for, comes first.
 *
 * Times are those of the provider's clock, as far as it is known.
 */
import type { EpochMillis } from "./Instant.ts"

export interface Limit {
  /** Weight that may be spent in a window. */
  readonly limit: number
  readonly windowMillis: number
  readonly aligned: boolean
}

export interface Allowance {
  /** Start of the window that `used` counts, for aligned windows. */
  readonly window: EpochMillis
  readonly used: number
  /** When how much was spent, oldest first, for windows that roll. */
  readonly spent: ReadonlyArray<readonly [at: EpochMillis, weight: number]>
  /** Nothing may be asked before it. */
  readonly pausedUntil: EpochMillis
  /** The last answer said that this address is shut out. */
  readonly banned?: boolean
}

export const untouched: Allowance = { window: 0, used: 0, spent: [], pausedUntil: 0 }

/** Clocks differ a little, and requests are under way for a while: a window begins so much later for us, and ends so much sooner. */
const marginMillis = ({ windowMillis }: Limit): number => Math.min(250, Math.ceil(windowMillis / 100))
const reserve = ({ limit }: Limit): number => Math.floor(limit / 100)

const windowOf = (limit: Limit, now: EpochMillis): EpochMillis =>
  Math.floor((now - marginMillis(limit)) / limit.windowMillis) * limit.windowMillis

/** What became of a wish to spend: granted if there is nothing to wait for. */
export interface Taken {
  readonly allowance: Allowance
  /** 0: spent. Otherwise nothing was, and asking is worth it again after so long. */
  readonly waitMillis: number
}

const takeAligned = (allowance: Allowance, limit: Limit, weight: number, now: EpochMillis): Taken => {
  const window = windowOf(limit, now)
  // A window that lies ahead by more than clocks differ is a clock that was set back.
  const isKnown = allowance.window >= window && allowance.window <= window + limit.windowMillis
  const used = isKnown ? allowance.used : 0
  const current = isKnown ? allowance.window : window
  // What is asked at the very end may be counted in the next window.
  const endsAt = current + limit.windowMillis - marginMillis(limit)
  const opensAt = current + limit.windowMillis + marginMillis(limit)
  if (now >= endsAt)
    return { allowance: { ...allowance, window: current, used }, waitMillis: Math.max(1, opensAt - now) }
  // A request that no window has room for is let through by one that is whole.
  if (used === 0 || used + weight <= limit.limit - reserve(limit)) {
    return { allowance: { ...allowance, window: current, used: used + weight }, waitMillis: 0 }
  }
  return { allowance: { ...allowance, window: current, used }, waitMillis: Math.max(1, opensAt - now) }
}

const takeRolling = (allowance: Allowance, limit: Limit, weight: number, now: EpochMillis): Taken => {
  const length = limit.windowMillis + marginMillis(limit)
  // What lies ahead by more than clocks differ was spent by a clock that was set back.
  const spent = allowance.spent.filter(([at]) => at > now - length && at <= now + limit.windowMillis)
  let excess = spent.reduce((sum, [, each]) => sum + each, 0) + weight - limit.limit
  if (excess <= 0 || spent.length === 0) {
    return { allowance: { ...allowance, spent: [...spent, [now, weight]] }, waitMillis: 0 }
  }
  // The oldest go first: it is worth asking again once enough of them are out of the window.
  let freedAt = now
  for (const [at, each] of spent) {
    freedAt = at + length
    excess -= each
    if (excess <= 0) break
  }
  return { allowance: { ...allowance, spent }, waitMillis: Math.max(1, freedAt - now) }
}

/** Spends `weight` at once, or not at all. Without a limit only a pause is waited for. */
export const take = (allowance: Allowance, limit: Limit | undefined, weight: number, now: EpochMillis): Taken => {
  if (allowance.pausedUntil > now) return { allowance, waitMillis: allowance.pausedUntil - now }
  if (limit === undefined) return { allowance, waitMillis: 0 }
  return limit.aligned ? takeAligned(allowance, limit, weight, now) : takeRolling(allowance, limit, weight, now)
}

/** After the provider said that `used` is spent of the window in which it was asked at `at`. It may be more than we know of. */
export const report = (allowance: Allowance, limit: Limit, used: number, at: EpochMillis): Allowance => {
  const window = windowOf(limit, at)
  if (window < allowance.window) return allowance
  return { ...allowance, window, used: window > allowance.window ? used : Math.max(allowance.used, used) }
}

/** After the provider asked to be left alone. A later answer that asks for less does not shorten it. */
export const pause = (allowance: Allowance, until: EpochMillis): Allowance =>
  until <= allowance.pausedUntil ? allowance : { ...allowance, pausedUntil: until }

/** After an answer that was a ban, or was none. */
export const ban = (allowance: Allowance, banned: boolean): Allowance => {
  if ((allowance.banned ?? false) === banned) return allowance
  const { banned: _, ...rest } = allowance
  return banned ? { ...rest, banned } : rest
}
