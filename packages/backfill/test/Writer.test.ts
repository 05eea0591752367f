import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Effect } from "effect"
import * as Writer from "../src/Writer.ts"

const pending = (candles: number): Writer.Pending => ({
  page: {
    series: { source: "binance", symbol: "BTC/USDT", timeframe: "1m" },
    provenance: "observed",
    interval: { from: 0, to: 1 },
    candles: Candles.allocate(candles),
    holes: [],
    countOpens: () => candles,
    at: 0,
    reason: "fetch"
  },
  onWritten: () => Effect.void
})

describe("transactions", () => {
  it("hold pages in their order up to 65,536 candles, a larger page by itself", () => {
    const pages = [30_000, 30_000, 10_000, 100_000, 0, 65_536, 1].map(pending)
    const parts = Writer.transactions(pages)
    assert.deepStrictEqual(
      parts.map((part) => part.map(({ page }) => Candles.length(page.candles))),
      [[30_000, 30_000], [10_000], [100_000], [0, 65_536], [1]]
    )
    assert.deepStrictEqual(parts.flat(), pages)
  })

  it("are none where there is nothing", () => {
    assert.deepStrictEqual(Writer.transactions([]), [])
  })
})
