import { Calendars } from "@tidemark/calendars"
import type { Source } from "@tidemark/core"
import { Binance, BinanceArchive, Dataset } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-binance"
import { type LoopbackProvider, SourceContract } from "@tidemark/source-testing"
import { at, between } from "./rig.ts"

const hour = 3_600_000
const from = 1_588_291_200_000

/** Binance's answer to a klines URL, for a market that has every hour. */
const respond = (url: URL): Response => {
  const start = Math.ceil(Number(url.searchParams.get("startTime")) / hour) * hour
  const end = Number(url.searchParams.get("endTime") ?? Infinity)
  const limit = Number(url.searchParams.get("limit") ?? 500)
  const rows: Array<ReadonlyArray<unknown>> = []
  for (let open = start; open <= end && rows.length < limit; open += hour) {
    const price = 100 + ((open / hour) % 50)
    const text = (value: number) => value.toFixed(8)
    rows.push([
      open,
      text(price),
      text(price + 2),
      text(price - 1.5),
      text(price + 0.25),
      text(7.5),
      open + hour - 1,
      text(7.5 * price),
      42,
      "0",
      "0",
      "0"
    ])
  }
  return Response.json(rows)
}

SourceContract.suite("binance", {
  plugin,
  config: {},
  request: {
    symbol: "BTC/USDT",
    assetClass: "crypto",
    calendar: Calendars.get("24/7"),
    timeframe: "1h",
    interval: { from, to: from + 2_500 * hour }
  },
  respond,
  unknown: {
    symbol: "NOPE/USDT",
    answer: { _tag: "Status", status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }
  }
})

/** Both markets, with their archives, as functions of a URL. */
const binance = (market: "spot" | "um"): LoopbackProvider.Respond => {
  const symbol = "BTCUSDT"
  const world = {
    datasets: [Dataset.cheap({ symbol, market, interval: "1m", from: at("2022-12-01"), to: at("2023-03-01") })],
    equities: [],
    now: () => at("2023-03-01"),
    limiter: { limit: Infinity, used: () => 0, spend: () => ({ _tag: "Allowed" as const }) }
  }
  const providers = [Binance.provider, BinanceArchive.provider].map((provider) => ({
    provider,
    answer: provider.make(world)
  }))
  return ({ pathname, searchParams }) => {
    const { answer } = providers.find(({ provider }) => provider.owns(pathname))!
    const reply = answer({ method: "GET", path: pathname, parameters: searchParams, headers: {} }, undefined)
    return new Response(Buffer.concat(reply.body), { status: reply.status, headers: reply.headers })
  }
}

/** January from its file, days from theirs, and some hours in pages. */
const archived: Omit<Source.CandlesRequest, "symbol"> = {
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1m",
  interval: { ...between("2023-01-01", "2023-02-10"), to: at("2023-02-10T05:00:00Z") }
}

for (const [name, market, symbol] of [
  ["binance, from its archive", "spot", "BTC/USDT"],
  ["binance futures, from their archive", "um", "BTC/USDT:USDT"]
] as const) {
  SourceContract.suite(name, {
    plugin,
    config: {},
    request: { ...archived, symbol },
    respond: binance(market),
    unknown: { symbol: symbol.replace("BTC", "NOPE") }
  })
}
