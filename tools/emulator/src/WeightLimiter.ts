/**
 * A request budget as Binance keeps it: weight per address in fixed windows.
 *
 * The window of an instant is `floor(now / windowMillis)`, so budgets start
 * anew on the minute. What is refused still counts. Who goes on asking after
 * `banAfter` refusals in one window is shut out, twice as long each time.
 */
export interface Options {
  readonly limit: number
  readonly windowMillis: number
  /** Refused requests in a window until the ban. */
  readonly banAfter: number
  /** Length of the first ban. */
  readonly banMillis: number
  readonly now: () => number
}

export type Verdict =
  | { readonly _tag: "Allowed" }
  | { readonly _tag: "Limited"; readonly retryAfterSeconds: number }
  | { readonly _tag: "Banned"; readonly retryAfterSeconds: number; readonly until: number }

export interface WeightLimiter {
  readonly limit: number
  readonly spend: (weight: number) => Verdict
  /** Weight used in the present window. */
  readonly used: () => number
}

const allowed: Verdict = { _tag: "Allowed" }
const seconds = (millis: number): number => Math.max(1, Math.ceil(millis / 1000))

export const make = ({ banAfter, banMillis, limit, now, windowMillis }: Options): WeightLimiter => {
  let window = 0
  let used = 0
  let refused = 0
  let bans = 0
  let bannedUntil = 0

  const turn = (at: number): void => {
    const current = Math.floor(at / windowMillis)
    if (current === window) return
    window = current
    used = 0
    refused = 0
  }

  return {
    limit,
    used: () => {
      turn(now())
      return used
    },
    spend: (weight) => {
      const at = now()
      turn(at)
      used += weight
      if (at < bannedUntil) return { _tag: "Banned", retryAfterSeconds: seconds(bannedUntil - at), until: bannedUntil }
      if (used <= limit) return allowed
      refused++
      if (refused <= banAfter) {
        return { _tag: "Limited", retryAfterSeconds: seconds((window + 1) * windowMillis - at) }
      }
      bannedUntil = at + banMillis * 2 ** bans
      bans++
      return { _tag: "Banned", retryAfterSeconds: seconds(bannedUntil - at), until: bannedUntil }
    }
  }
}
