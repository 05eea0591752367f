/** A snapshot, its chain and the prices before it, of which a test says what matters. */
import { Calendars } from "@tidemark/calendars"
import * as Day from "@tidemark/calendars/Day"
import { Candles, Gamma } from "@tidemark/core"
import type { Exposure, Traps } from "@tidemark/gamma"

/** A Wednesday, two days before the third Friday, at 12:00 in New York. */
export const today = Day.make(2024, 2, 14)
export const at = today * Day.millisPerDay + 17 * 3_600_000

/** Days to the expiry, strike, exposure of calls (+) or of puts (−), and contracts open. */
export type Cell = readonly [days: number, strike: number, gex: number, openInterest?: number]

export interface Scene {
  readonly spot?: number | null
  readonly net?: number | null
  readonly flip?: number | null
  readonly method?: Gamma.Method
  readonly reason?: string | null
  /** `null` is no chain. */
  readonly cells?: ReadonlyArray<Cell> | null
  /** Walls of the snapshot before that traps are told by; `null` is none before. */
  readonly previous?: {
    readonly callWall?: number | null
    readonly putWall?: number | null
    readonly net?: number | null
    /** Default: two hours earlier, of the same session. */
    readonly at?: string
    readonly session?: string
  } | null
  readonly isSplitBetween?: boolean
  readonly rsi?: ReadonlyArray<number | null>
  /** Of the last day, by the mean of the 20 before; NaN is none. */
  readonly volume?: number
  /** The range of the last 5 days, by that of the 15 before. */
  readonly range?: number
  /** Closes; `null` is none stored. */
  readonly vix?: ReadonlyArray<number> | null
  /** Days that have closed since the last that is stored. */
  readonly missing?: number
  readonly days?: number
}

export const exposureOf = (cells: ReadonlyArray<Cell>, spot = 100): Exposure.Exposure => {
  const column = (value: (cell: Cell) => number) => Float64Array.from(cells, value)
  const call = column(([, , gex]) => Math.max(gex, 0))
  const put = column(([, , gex]) => Math.min(gex, 0))
  const sum = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)
  return {
    at,
    today,
    spot,
    net: sum(call) + sum(put),
    call: sum(call),
    put: sum(put),
    gross: sum(call) - sum(put),
    cells: {
      expiry: column(([days]) => today + days),
      strike: column(([, strike]) => strike),
      call,
      put,
      callOpenInterest: column(([, , gex, openInterest]) => (gex > 0 ? (openInterest ?? 1_000) : 0)),
      putOpenInterest: column(([, , gex, openInterest]) => (gex < 0 ? (openInterest ?? 1_000) : 0))
    },
    accounting: {
      contracts: cells.length,
      kept: cells.length,
      expired: 0,
      noOpenInterest: 0,
      noVolatility: 0,
      malformed: 0,
      duplicates: 0,
      noSpot: 0,
      crossed: 0
    }
  }
}

export const snapshotOf = (values: Partial<Gamma.Snapshot> = {}): Gamma.Snapshot => ({
  symbol: "^GSPC",
  source: "cboe",
  at,
  method: "recomputed",
  origin: "chain-observed",
  session: "2024-02-14",
  hours: "session",
  spot: 100,
  spotAt: at,
  ...Gamma.unknown,
  netGex: 1e8,
  accounting: null,
  conventions: "",
  model: null,
  reason: null,
  ...values
})

/** Daily candles that rise and fall by 1 % in turns. */
export const dailyOf = ({ days = 21, range = 1, volume = 1 }: Scene): Candles.Candles => {
  const candles = Candles.allocate(days)
  for (let i = 0; i < days; i++) {
    const close = i % 2 === 0 ? 100 : 101
    const half = i >= days - 5 ? range : 1
    candles.openTime[i] = (today - days + i) * Day.millisPerDay
    candles.open[i] = close
    candles.close[i] = close
    candles.high[i] = close + half
    candles.low[i] = close - half
    candles.volume[i] = i === days - 1 ? 1_000 * volume : 1_000
  }
  return candles
}

const quiet: ReadonlyArray<Cell> = [
  [40, 110, 1e8],
  [40, 90, -1e8]
]

/** Nothing is the matter unless a test says so. */
export const inputOf = (scene: Scene): Traps.Signals.Input => {
  const { cells = quiet, flip = null, method = "recomputed", missing = 0, net = 1e8, reason = null, spot = 100 } = scene
  const { previous = {}, rsi = [50, 50, 50, 50, 50], vix = [20, 20] } = scene
  return {
    snapshot: snapshotOf({
      method,
      origin: method === "model" ? "modelled" : "chain-observed",
      spot,
      netGex: net,
      flip,
      reason
    }),
    exposure: cells === null || spot === null ? undefined : exposureOf(cells, spot),
    previous:
      previous === null
        ? undefined
        : snapshotOf({
            at: previous.at === undefined ? at - 7_200_000 : Date.parse(previous.at),
            session: previous.session ?? "2024-02-14",
            netGex: previous.net === undefined ? 1e8 : previous.net,
            trapCallWall: previous.callWall === undefined ? 110 : previous.callWall,
            trapPutWall: previous.putWall === undefined ? 90 : previous.putWall,
            // The largest, which decide nothing.
            callWall: 50,
            putWall: 200
          }),
    isSplitBetween: scene.isSplitBetween,
    market: {
      at,
      price: 99,
      priceAt: at - 60_000,
      rsi,
      rsiUnknown: rsi.map((value) => (value === null ? "there are no candles before then" : null)),
      daily: { candles: dailyOf(scene), missing },
      vix: vix === null ? undefined : { candles: { ...Candles.empty, close: Float64Array.from(vix) }, missing }
    },
    calendar: Calendars.get("XNYS")
  }
}
