/**
 * The option chain of any moment, around the generated price: what is listed
 * and held that day (`Board`), quoted at the price of the last minute that has
 * closed.
 *
 * Volatility is that of the last sessions, drawn to the instrument's own the
 * further an expiry lies away, and higher for lower strikes. Price, delta and
 * gamma of a contract follow from the one volatility that it shows.
 *
 * A chain follows from prices that are past at its moment, and from nothing
 * else; boards are remembered, which saves time and changes no number.
 */
import { Calendar, type Instrument, type OptionChain } from "@tidemark/core"
import { DateTime } from "effect"
import * as Board from "./Board.ts"
import type { Market } from "./Market.ts"
import * as Pricing from "./Pricing.ts"

const rememberedBoards = 8
const millisPerDay = 86_400_000

/** How far what is quoted lies above what was realised. */
const premium = 1.05
/** What of the quoted level is the instrument's own; the rest is the last sessions'. */
const ownShare = 0.4
/** How fast, a year, the level goes back to the instrument's own. */
const reversion = 3
const decay = 0.92

interface Smile {
  /** Of the level, for a strike one deviation lower. */
  readonly skew: number
  readonly curvature: number
}
const smiles: Readonly<Record<"crypto" | "others", Smile>> = {
  crypto: { skew: 0.03, curvature: 0.035 },
  others: { skew: 0.12, curvature: 0.03 }
}
/** Deviations beyond which the smile is flat. */
const wings = 4
/** Half of what lies between bid and ask: ticks, and a share of the price. */
const spread = { ticks: 0.5, share: 0.004 } as const

const round = (value: number, power: number): number => Math.round(value * power) / power

export interface Quoted {
  readonly spot: number
  readonly contracts: OptionChain.Contracts
}

export interface OptionChains {
  /** What an underlying of this symbol shows at a moment; `undefined` before its first minute. */
  readonly at: (symbol: string, assetClass: Instrument.AssetClass, instant: number) => Quoted | undefined
}

/** The date that it is where the market is. */
const dateAt = (calendar: Calendar.Calendar, instant: number): number => {
  const { day, month, year } = DateTime.toParts(DateTime.makeZonedUnsafe(instant, { timeZone: calendar.timeZone }))
  return DateTime.toEpochMillis(DateTime.makeUnsafe({ year, month, day })) / millisPerDay
}

export const make = (calendar: Calendar.Calendar, market: Market): OptionChains => {
  const boards = new Map<string, Board.Board>()
  const boardOf = (symbol: string, assetClass: Instrument.AssetClass, today: number): Board.Board => {
    const name = `${assetClass} ${symbol} ${today}`
    let board = boards.get(name)
    if (board === undefined) {
      const history = market.history(symbol, assetClass, today * millisPerDay)
      board = Board.make(calendar, history, symbol, assetClass, today)
      if (boards.size >= rememberedBoards) boards.delete(boards.keys().next().value!)
    } else {
      boards.delete(name)
    }
    boards.set(name, board)
    return board
  }

  /** Of the session of that date, how much is over: 0 before it, and where there is none. */
  const progress = (today: number, until: number): number => {
    const open = calendar.openAtOrAfter("1d", today * millisPerDay)
    if (open >= until || dateAt(calendar, open) !== today) return 0
    return Math.min(1, (until - open) / (calendar.closeOf("1d", open) - open))
  }

  return {
    at: (symbol, assetClass, instant) => {
      const until = Calendar.closedUntil(calendar, "1m", instant)
      const minute = calendar.openAtOrBefore("1m", until - 1)
      if (minute < 0) return undefined
      const spot = market.candles(symbol, assetClass, "1m", Float64Array.of(minute)).close[0]!
      const today = dateAt(calendar, instant)
      const board = boardOf(symbol, assetClass, today)
      const { profile } = market.history(symbol, assetClass, today * millisPerDay)
      return { spot, contracts: quote(board, profile, assetClass, spot, progress(today, minute + 60_000)) }
    }
  }
}

const quote = (
  board: Board.Board,
  { annualVolatility, ticksPerUnit }: { readonly annualVolatility: number; readonly ticksPerUnit: number },
  assetClass: Instrument.AssetClass,
  spot: number,
  done: number
): OptionChain.Contracts => {
  const size = board.strike.length
  const column = () => new Float64Array(size)
  const [bid, ask, volume, impliedVolatility, delta, gamma] = [
    column(),
    column(),
    column(),
    column(),
    column(),
    column()
  ]
  // Where nothing was traded today there is no last price.
  const last = column().fill(Number.NaN)
  const logSpot = Math.log(spot)
  const move = logSpot - board.logClose
  // A day counts as it goes where it is wilder than the last ones; a quiet one only when it is over.
  const today = move * move * board.sessionsPerYear
  const variance = board.variance + (1 - decay) * Math.max(0, today - board.variance)
  const own = premium * annualVolatility
  const level = ownShare * own + (1 - ownShare) * premium * Math.sqrt(variance)
  const { curvature, skew } = smiles[assetClass === "crypto" ? "crypto" : "others"]
  const perUnit = spot < 5 ? ticksPerUnit * 10 : 100
  const gammaPower = spot < 1_000 ? 1e6 : 1e8
  const priced: Pricing.Priced = { call: 0, put: 0, delta: 0, gamma: 0 }
  let years = 0
  let root = 0
  let atMoney = 0
  for (let row = 0; row < size; row += 2) {
    if (board.years[row] !== years) {
      years = board.years[row]!
      root = Math.sqrt(years)
      const pull = (1 - Math.exp(-reversion * years)) / (reversion * years)
      atMoney = Math.sqrt(own * own + (level * level - own * own) * pull)
    }
    const logMoneyness = board.logStrike[row]! - logSpot
    const x = Math.max(-wings, Math.min(wings, logMoneyness / (atMoney * root)))
    const volatility = round(atMoney * (1 - skew * x + curvature * x * x), 1e4)
    Pricing.price(spot, board.strike[row]!, logMoneyness, volatility * root, priced)
    const gammaOfBoth = round(priced.gamma, gammaPower)
    for (let i = row; i < row + 2; i++) {
      const isCall = board.isCall[i] === 1
      const worth = isCall ? priced.call : priced.put
      const half = spread.ticks / perUnit + spread.share * worth
      bid[i] = Math.max(0, Math.floor((worth - half) * perUnit)) / perUnit
      ask[i] = Math.max(1, Math.ceil((worth + half) * perUnit)) / perUnit
      volume[i] = Math.floor(board.dayVolume[i]! * done)
      if (volume[i]! > 0) last[i] = round(bid[i]! + (ask[i]! - bid[i]!) * board.taste[i]!, perUnit)
      impliedVolatility[i] = volatility
      delta[i] = round(isCall ? priced.delta : priced.delta - 1, 1e4)
      gamma[i] = gammaOfBoth
    }
  }
  return {
    bid,
    ask,
    last,
    volume,
    impliedVolatility,
    delta,
    gamma,
    root: board.root.slice(),
    expiry: board.expiry.slice(),
    strike: board.strike.slice(),
    isCall: board.isCall.slice(),
    openInterest: board.openInterest.slice(),
    multiplier: new Float64Array(size).fill(board.multiplier)
  }
}
