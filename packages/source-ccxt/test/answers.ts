/** Exchanges in their own wire formats, without a server: the emulator's providers as functions of a URL. */
import { type Coinbase, Dataset, type Kraken } from "@tidemark/emulator"
import type { LoopbackProvider } from "@tidemark/source-testing"

export const hour = 3_600_000
/** An instant between two hours. */
export const now = Date.UTC(2025, 4, 2, 10, 20)

export const market = (symbol: string, interval: "1m" | "1h" | "1d", from: number, to: number) =>
  Dataset.cheap({ symbol, interval, from, to })

const limiter = {
  limit: Infinity,
  used: () => 0,
  spend: () => ({ _tag: "Allowed" as const })
}

export const respondAs =
  (exchange: typeof Kraken | typeof Coinbase, datasets: ReadonlyArray<Dataset.Dataset>): LoopbackProvider.Respond =>
  (url) => {
    const answer = exchange.provider.make({ datasets, equities: [], now: () => now, limiter })
    const reply = answer({ method: "GET", path: url.pathname, parameters: url.searchParams, headers: {} }, undefined)
    return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
  }
