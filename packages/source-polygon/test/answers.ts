/** A share, and the emulator's provider as a function of a URL, without a server. */
import { Calendars } from "@tidemark/calendars"
import { CorporateAction, type Source } from "@tidemark/core"
import { Equity, Massive } from "@tidemark/emulator"
import type { LoopbackProvider } from "@tidemark/source-testing"

/** Of a length that keys have, so that it is found wherever it is shown. */
export const key = "planted-key-of-massive-0123456789"

export const apple = Equity.synthetic({
  symbol: "AAPL",
  actions: [
    new CorporateAction.Dividend({
      exDate: "2020-08-07",
      amount: 0.82,
      currency: "USD",
      declared: "2020-07-30",
      recorded: "2020-08-10",
      paid: "2020-08-13"
    }),
    new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: 4 }),
    new CorporateAction.Dividend({ exDate: "2020-11-06", amount: 0.205, currency: "USD" })
  ]
})

export const subject: Source.Subject = { symbol: "AAPL", assetClass: "equity", calendar: Calendars.get("XNYS") }

/** Several answers for each of the source's requests. */
export const terms: Massive.Options = { baseBarsPerPage: 5_000, contractsPerPage: 100 }

/** Answers whoever asks, as if with a key; links to next pages lead elsewhere. */
export const respond = (now: number): LoopbackProvider.Respond => {
  const world = {
    datasets: [],
    equities: [apple],
    now: () => now,
    limiter: { limit: Infinity, used: () => 0, spend: () => ({ _tag: "Allowed" as const }) }
  }
  const answer = Massive.providerWith({ ...terms, nextOrigin: "https://elsewhere.example" }).make(world)
  return (url) => {
    const headers = { authorization: `Bearer ${key}` }
    const reply = answer({ method: "GET", path: url.pathname, parameters: url.searchParams, headers }, undefined)
    return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
  }
}
