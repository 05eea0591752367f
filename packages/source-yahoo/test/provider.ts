/** Yahoo's chart on the wire, for a market that trades from half past nine to four, New York's winter. */
const hour = 3_600
const steps: Readonly<Record<string, number>> = { "1m": 60, "5m": 300, "15m": 900, "30m": 1_800, "1h": hour }

/** Opens of one UTC day, in seconds; weekends have none. */
const opensOf = (day: number, interval: string): ReadonlyArray<number> => {
  const weekday = new Date(day * 86_400_000).getUTCDay()
  if (weekday === 0 || weekday === 6) return []
  const open = day * 86_400 + 14.5 * hour
  if (interval === "1d") return [open]
  const step = steps[interval]!
  return Array.from({ length: Math.ceil((6.5 * hour) / step) }, (_, i) => open + i * step)
}

export const meta = {
  currency: "USD",
  symbol: "AAPL",
  exchangeName: "NMS",
  fullExchangeName: "NasdaqGS",
  instrumentType: "EQUITY",
  firstTradeDate: 345_479_400,
  regularMarketTime: 1_739_998_801,
  hasPrePostMarketData: true,
  gmtoffset: -18_000,
  timezone: "EST",
  exchangeTimezoneName: "America/New_York",
  regularMarketPrice: 244.87,
  fiftyTwoWeekHigh: 260.1,
  fiftyTwoWeekLow: 164.08,
  regularMarketDayHigh: 246.01,
  regularMarketDayLow: 243.16,
  regularMarketVolume: 32_129_951,
  longName: "Apple Inc.",
  shortName: "Apple Inc.",
  chartPreviousClose: 236,
  priceHint: 2,
  currentTradingPeriod: Object.fromEntries(
    ["pre", "regular", "post"].map((name) => [
      name,
      { timezone: "EST", start: 1_740_042_000, end: 1_740_061_800, gmtoffset: -18_000 }
    ])
  ),
  dataGranularity: "1d",
  range: "",
  validRanges: ["1d", "max"]
}

/** What Yahoo answers a chart URL; `events` as they are on the wire. */
export const chart = (url: URL, events?: object): Response => {
  const interval = url.searchParams.get("interval")!
  const from = Number(url.searchParams.get("period1"))
  const to = Number(url.searchParams.get("period2"))
  const timestamp: Array<number> = []
  for (let day = Math.floor(from / 86_400); day * 86_400 < to; day++) {
    timestamp.push(...opensOf(day, interval).filter((open) => open >= from && open < to))
  }
  const price = (open: number) => 100 + ((open / 60) % 50)
  const column = (shift: number) => timestamp.map((open) => price(open) + shift)
  const quote = { open: column(0), high: column(2), low: column(-1.5), close: column(0.25), volume: column(1_000) }
  return Response.json({
    chart: {
      result: [
        {
          meta: { ...meta, dataGranularity: interval },
          ...(timestamp.length === 0 ? {} : { timestamp }),
          ...(events === undefined ? {} : { events }),
          indicators: { quote: [timestamp.length === 0 ? {} : quote] }
        }
      ],
      error: null
    }
  })
}
