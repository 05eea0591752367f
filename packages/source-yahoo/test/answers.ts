/** A share, and the emulator's provider as a function of a URL, without a server. */
import { Calendars } from "@tidemark/calendars"
import { CorporateAction, type Source } from "@tidemark/core"
import { Equity, Yahoo } from "@tidemark/emulator"
import type { LoopbackProvider } from "@tidemark/source-testing"

const { Dividend, Earnings, Split } = CorporateAction

export const cookie = "planted-cookie-0123456789"
export const crumb = "plantedCrumb.0123456789"

/** Days of this year's past and future. */
const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
const sessionFrom = (offset: number) => new Date(Equity.sessionOpen(day(offset))).toISOString().slice(0, 10)

export const reports = [-300, -210, -120, -30].map(
  (offset) => new Earnings({ exDate: sessionFrom(offset), estimate: 1.5, reported: 1.75 })
)
export const announced = new Earnings({ exDate: sessionFrom(60), estimate: 2 })
export const split = new Split({ exDate: "2020-08-31", from: 1, to: 4 })
export const before = new Dividend({ exDate: "2020-08-07", amount: 0.82, currency: "USD" })
export const after = new Dividend({ exDate: "2020-11-06", amount: 0.205, currency: "USD" })

export const apple = Equity.synthetic({ symbol: "AAPL", actions: [before, split, after, ...reports, announced] })

export const subject: Source.Subject = { symbol: "AAPL", assetClass: "equity", calendar: Calendars.get("XNYS") }

export const provider = Yahoo.providerWith({ cookie, crumb })

/** Answers whoever asks, as if with a cookie and a crumb. */
export const respond = (now: number): LoopbackProvider.Respond => {
  const answer = provider.make({
    datasets: [],
    equities: [apple],
    now: () => now,
    limiter: { limit: Infinity, used: () => 0, spend: () => ({ _tag: "Allowed" as const }) }
  })
  return (url) => {
    const headers = { cookie: `A3=${cookie}` }
    const reply = answer({ method: "GET", path: url.pathname, parameters: url.searchParams, headers }, undefined)
    return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
  }
}
