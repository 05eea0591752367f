/** An index and a share, and the emulator's provider as a function of a URL, without a server. */
import { Calendars } from "@tidemark/calendars"
import type { Source } from "@tidemark/core"
import { Cboe, Equity, OptionMarket } from "@tidemark/emulator"
import type { LoopbackProvider } from "@tidemark/source-testing"

export const index = Equity.synthetic({ symbol: "^SPX" })
export const share = Equity.synthetic({ symbol: "SPY" })
const calendar = Calendars.get("XNYS")
export const spx: Source.Subject = { symbol: "^SPX", assetClass: "index", calendar }
export const spy: Source.Subject = { symbol: "SPY", assetClass: "equity", calendar }

/** What CBOE shows at a moment. */
export const marketOf = (equity: Equity.Equity, now: number): OptionMarket.Market =>
  OptionMarket.make(equity, now - 15 * 60_000)!

export const respond = (now: number): LoopbackProvider.Respond => {
  const answer = Cboe.provider.make({
    datasets: [],
    equities: [index, share],
    now: () => now,
    limiter: { limit: Infinity, used: () => 0, spend: () => ({ _tag: "Allowed" as const }) }
  })
  return (url) => {
    const reply = answer({ method: "GET", path: url.pathname, parameters: url.searchParams, headers: {} }, undefined)
    return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
  }
}
