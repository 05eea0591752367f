/**
 * Hosts that are to be left alone until some instant: because they said so
 * (`Retry-After`), or because they report that their budget is used up.
 * Shared by all lanes, so one answer stops all of them.
 */
import { HttpReason, type Instant, type Source } from "@tidemark/core"

export interface HostGate {
  /** Milliseconds from `now` until the host may be asked again; 0 if it may. */
  readonly waitMillis: (host: string, now: Instant.EpochMillis) => number
  /** Learns from an answer. */
  readonly observe: (
    host: string,
    answer: { readonly status: number; readonly headers: Readonly<Record<string, string | undefined>> },
    budget: Source.RequestBudget | undefined,
    now: Instant.EpochMillis
  ) => void
}

/** Wait after a 429 or 418 that does not say how long, in milliseconds. */
const defaultPauseMillis = 5_000

/** Part of the provider's budget beyond which we wait for its next window, which other programs may share. */
const highWater = 0.95

/** The provider's clock and ours differ a little. */
const windowMarginMillis = 250

export const make = (): HostGate => {
  const openAt = new Map<string, number>()
  const pause = (host: string, until: number) => openAt.set(host, Math.max(until, openAt.get(host) ?? 0))
  return {
    waitMillis: (host, now) => Math.max(0, (openAt.get(host) ?? 0) - now),
    observe: (host, answer, budget, now) => {
      if (answer.status === 429 || answer.status === 418) {
        pause(host, now + (HttpReason.retryAfterMillis(answer.headers) ?? defaultPauseMillis))
      }
      if (budget?.usedHeader === undefined) return
      const used = Number(answer.headers[budget.usedHeader])
      if (used >= budget.limit * highWater) {
        pause(host, (Math.floor(now / budget.windowMillis) + 1) * budget.windowMillis + windowMarginMillis)
      }
    }
  }
}
