/** Option chains, gamma snapshots and signals, as the cases store them. */
import { Gamma, Instant, OptionChain } from "@tidemark/core"

export const hour = 3_600_000
export const day = 24 * hour
/** 2024-01-02T15:00Z */
export const start = 1_704_207_600_000

let symbols = 0
/** A symbol that no other case uses; later ones sort behind. */
export const fresh = () => `OPT${String(symbols++).padStart(4, "0")}`

export const dateOf = (at: number) => Instant.formatDate(at)

/** Quotes as a provider gives them: cents, volatilities of four decimals, gammas of six; here and there nothing. */
export const quotes = (rows: number): OptionChain.Contracts => {
  const contracts = OptionChain.allocate(rows)
  const cents = (value: number) => Math.round(value * 100) / 100
  for (let i = 0; i < rows; i++) {
    const wave = 1 + Math.sin(i * 12.9898) * 0.5
    const price = 40 * wave * Math.exp(-(i % 97) / 20)
    contracts.root[i] = i % 7 === 0 ? "SPY" : "SPYW"
    contracts.expiry[i] = 19_724 + Math.floor(i / 150)
    contracts.strike[i] = 400 + (i % 150)
    contracts.isCall[i] = i % 2
    contracts.bid[i] = cents(price * 0.99)
    contracts.ask[i] = cents(price * 1.01)
    contracts.last[i] = i % 11 === 0 ? Number.NaN : cents(price)
    contracts.volume[i] = Math.round(900 * wave)
    contracts.openInterest[i] = Math.round(9_000 * wave * wave)
    contracts.impliedVolatility[i] = Math.round(2_000 * wave) / 10_000
    contracts.delta[i] = Math.round(5_000 * wave) / 10_000
    contracts.gamma[i] = Math.round(20_000 * wave) / 1_000_000
  }
  return contracts
}

export const chain = (change: Partial<OptionChain.OptionChain> = {}): OptionChain.OptionChain => ({
  symbol: fresh(),
  source: "contract",
  at: start,
  spot: 472.25,
  provenance: "observed",
  contracts: quotes(10),
  unreadable: [],
  ...change
})

/** With a value in every field. */
export const snapshot = (symbol: string, at: number, change: Partial<Gamma.Snapshot> = {}): Gamma.Snapshot => ({
  symbol,
  source: "contract",
  at,
  method: "recomputed",
  origin: "chain-observed",
  session: dateOf(at),
  hours: "session",
  spot: 472.25,
  spotAt: at - 60_000,
  netGex: 0.1 + 0.2 + 1e9,
  callGex: 2.5e9,
  putGex: -1.5e9,
  grossGex: 4e9,
  makerState: "long_gamma",
  flip: 465.125,
  flips: [465.125, 480.1],
  callWall: 480,
  callWallGex: 3e8,
  putWall: 450,
  putWallGex: -2e8,
  trapCallWall: 475.5,
  trapPutWall: 469.5,
  maxPain: 470,
  nearestExpiry: "2024-01-05",
  atmVolatility: 0.123_4,
  expectedMove: 4.56,
  callOpenInterest: 1_234_567,
  putOpenInterest: 2_345_678,
  grossToday: 1e9,
  gross5: 1.5e9,
  gross14: 0.5e9,
  grossLater: 1e9,
  accounting: {
    contracts: 3_000,
    kept: 2_900,
    expired: 10,
    noOpenInterest: 60,
    noVolatility: 20,
    malformed: 5,
    duplicates: 4,
    noSpot: 1,
    crossed: 7
  },
  conventions: "days=weekdays/262 rate=0",
  model: "a model",
  reason: "a reason",
  ...change
})

/** Every field that may be null. */
export const unknown = {
  spot: null,
  spotAt: null,
  ...Gamma.unknown,
  accounting: null,
  model: null,
  reason: null
} satisfies Partial<Gamma.Snapshot>

export const signal = (of: Gamma.Snapshot, change: Partial<Gamma.Signal> = {}): Gamma.Signal => ({
  symbol: of.symbol,
  source: of.source,
  at: of.at,
  method: of.method,
  origin: of.origin,
  session: of.session,
  pattern: "LIBERATION",
  direction: "bullish",
  confidence: 0.75,
  price: 472.25,
  rsi: [71.5, 72.25, null, 55, 0],
  rsiScore: 33.3,
  overbought: 2,
  oversold: 1,
  reasons: ["the call wall is 1.6 % above", 'a "quoted" one'],
  horizon: 3,
  dueAt: of.at + 3 * day,
  threshold: 0.0125,
  outcome: "pending",
  outcomePrice: null,
  move: null,
  resolvedAt: null,
  ...change
})

export const entry = (snapshot: Gamma.Snapshot, change: Partial<Gamma.Signal> = {}): Gamma.Entry => ({
  snapshot,
  signal: signal(snapshot, change)
})

/** So many snapshots of a symbol, an hour apart. */
export const hours = (symbol: string, count: number, from = start) =>
  Array.from({ length: count }, (_, i) => snapshot(symbol, from + i * hour, { netGex: (i - 3) * 1e8, spot: 470 + i }))
