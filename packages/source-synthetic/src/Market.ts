/**
 * Candles of any instrument on one calendar: the sessions' paths (`Chain`),
 * their minutes (`Minutes`), and longer candles as exact aggregates of those.
 *
 * A market remembers paths, at most those of 64 instruments; that saves time
 * and changes no number.
 */
import { type Calendar, Candles, type Instrument, type Timeframe } from "@tidemark/core"
import * as Chain from "./Chain.ts"
import * as Minutes from "./Minutes.ts"
import * as Profile from "./Profile.ts"

const millisPerMinute = 60_000
const rememberedInstruments = 64
/** Eight years. */
const sessionsAhead = 8 * 365.25 * 86_400_000
const endOfCalendars = 4_133_980_800_000

interface Path {
  readonly profile: Profile.Profile
  readonly chain: Chain.Chain
}

/** How an instrument went from session to session. */
export interface History {
  readonly profile: Profile.Profile
  /** Opens of all sessions up to some time after the one that was asked for. */
  readonly opens: Float64Array
  /** Logarithm of the price that session number `index` closed with. */
  readonly logClose: (index: number) => number
}

export interface Market {
  /** Until the session that an instant is in, or longer. */
  readonly history: (symbol: string, assetClass: Instrument.AssetClass, until: number) => History
  /** The candles that open at `openTime`, consecutive opens of the calendar's grid. */
  readonly candles: (
    symbol: string,
    assetClass: Instrument.AssetClass,
    timeframe: Timeframe.Timeframe,
    openTime: Float64Array
  ) => Candles.Candles
}

/** Merges rows `[start, end)` of the minutes into row `row`; `fresh` if nothing is in it yet. */
const fold = (
  into: Required<Candles.Candles>,
  row: number,
  from: Required<Candles.Candles>,
  start: number,
  end: number,
  fresh: boolean
): void => {
  const { high, low, quoteVolume, trades, volume } = from as Record<keyof Candles.Candles, Float64Array>
  let top = fresh ? -Infinity : into.high[row]!
  let bottom = fresh ? Infinity : into.low[row]!
  let amount = fresh ? 0 : into.volume[row]!
  let value = fresh ? 0 : into.quoteVolume![row]!
  let count = fresh ? 0 : into.trades![row]!
  for (let i = start; i < end; i++) {
    if (high[i]! > top) top = high[i]!
    if (low[i]! < bottom) bottom = low[i]!
    amount += volume[i]!
    value += quoteVolume[i]!
    count += trades[i]!
  }
  if (fresh) into.open[row] = from.open[start]!
  into.high[row] = top
  into.low[row] = bottom
  into.close[row] = from.close[end - 1]!
  into.volume[row] = amount
  into.quoteVolume![row] = value
  into.trades![row] = count
}

const copied = ["open", "high", "low", "close", "volume", "quoteVolume", "trades"] as const

export const make = (seed: number, calendar: Calendar.Calendar): Market => {
  const minutes = Minutes.make()
  const paths = new Map<string, Path>()
  let sessions: Chain.Sessions | undefined
  let sessionsEnd = 0

  const pathOf = (symbol: string, assetClass: Instrument.AssetClass): Path => {
    const name = `${assetClass} ${symbol}`
    let path = paths.get(name)
    if (path === undefined) {
      const profile = Profile.make(seed, symbol, assetClass)
      path = { profile, chain: Chain.make(profile) }
      if (paths.size >= rememberedInstruments) paths.delete(paths.keys().next().value!)
    } else {
      paths.delete(name)
    }
    paths.set(name, path)
    return path
  }

  const sessionsUntil = (end: number): Chain.Sessions => {
    if (sessions === undefined || end > sessionsEnd) {
      sessionsEnd = Math.min(endOfCalendars, end + sessionsAhead)
      sessions = Chain.sessionsUntil(calendar, sessionsEnd)
    }
    return sessions
  }

  return {
    history: (symbol, assetClass, until) => {
      const table = sessionsUntil(until)
      const { chain, profile } = pathOf(symbol, assetClass)
      return { profile, opens: table.opens, logClose: (index) => chain.step(table, index).logClose }
    },
    candles: (symbol, assetClass, timeframe, openTime) => {
      const size = openTime.length
      const allocated = Candles.allocate(size, { quoteVolume: true, trades: true })
      const out = { ...allocated, openTime } as Required<Candles.Candles>
      if (size === 0) return out
      const end = calendar.closeOf(timeframe, openTime[size - 1]!)
      const table = sessionsUntil(end)
      const { chain, profile } = pathOf(symbol, assetClass)
      let session = Candles.lowerBound(table.opens, openTime[0]! + 1) - 1
      for (let row = 0; row < size && session < table.opens.length; session++) {
        const sessionOpen = table.opens[session]!
        const count = (table.closes[session]! - sessionOpen) / millisPerMinute
        minutes.fill(profile, chain.step(table, session), count)
        const from = minutes.columns
        if (timeframe === "1m") {
          const start = (openTime[row]! - sessionOpen) / millisPerMinute
          const rows = Math.min(count - start, size - row)
          for (const name of copied) out[name]!.set(from[name]!.subarray(start, start + rows), row)
          row += rows
          continue
        }
        // A row that began in an earlier session goes on from this one's first minute.
        let start = Math.max(0, (openTime[row]! - sessionOpen) / millisPerMinute)
        while (start < count && row < size) {
          const rowEnd = row + 1 < size ? openTime[row + 1]! : end
          const stop = Math.min(count, (rowEnd - sessionOpen) / millisPerMinute)
          const startTime = sessionOpen + start * millisPerMinute
          fold(out, row, from, start, stop, openTime[row] === startTime)
          start = stop
          if (sessionOpen + stop * millisPerMinute >= rowEnd || table.opens[session + 1]! >= rowEnd) row++
        }
      }
      return out
    }
  }
}
