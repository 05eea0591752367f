/**
 * The gamma exposure of one underlying at one moment, and what follows from it
 * for the sessions to come: rows as they are kept and read.
 *
 * Exposures are dollars for a move of the underlying by one percent: of a
 * dealer who is long the calls and short the puts. Every value that is not
 * known is `null`; none is ever put in its place.
 */
import { Context, type Effect, Schema } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { StoreError } from "./StoreError.ts"

/**
 * How a row is known.
 *
 * - `chain-observed`: computed from a chain that a provider showed.
 * - `vendor-reported`: summed from gammas that the provider computed.
 * - `modelled`: estimated from prices, without a chain.
 * - `synthetic`: computed from a chain that was simulated.
 */
export const Origin = Schema.Literals(["chain-observed", "vendor-reported", "modelled", "synthetic"])
export type Origin = typeof Origin.Type

/** Origins that statistics count unless others are asked for by name. */
export const observed = ["chain-observed", "vendor-reported"] as const satisfies ReadonlyArray<Origin>

/**
 * Where the gamma of a contract is from.
 *
 * - `recomputed`: Black and Scholes at the volatility that the provider gives.
 * - `implied`: Black and Scholes at the volatility that the middle of bid and ask implies.
 * - `vendor`: the provider's own.
 * - `model`: no contract's; estimated from prices.
 */
export const Method = Schema.Literals(["recomputed", "implied", "vendor", "model"])
export type Method = typeof Method.Type

export const MakerState = Schema.Literals(["long_gamma", "short_gamma"])
export type MakerState = typeof MakerState.Type

/**
 * Whether a row is of a day of trading.
 *
 * - `session`: of a session's date, from its open on, the evening too.
 * - `outside`: before an open, of a weekend or of a holiday: it shows what was left of the session before, and counts
 *   to none.
 */
export const Hours = Schema.Literals(["session", "outside"])
export type Hours = typeof Hours.Type

/** What became of the contracts of a chain: the parts add up to `contracts`. */
export interface Accounting {
  readonly contracts: number
  readonly kept: number
  readonly expired: number
  /** No open interest, or none that is a number above 0. */
  readonly noOpenInterest: number
  /** No volatility that can be used (or, by a vendor's gamma, no gamma). */
  readonly noVolatility: number
  /** A strike, expiry or multiplier that is none. */
  readonly malformed: number
  /** The same contract once more: the first counts. */
  readonly duplicates: number
  /** Contracts that could have been kept, had the price of the underlying been known. */
  readonly noSpot: number
  /** Of those that are kept: bid above ask. Their quotes are not used. */
  readonly crossed: number
}

/** Of a symbol at a source, a moment and a method there is one. */
export interface Snapshot {
  readonly symbol: string
  /** Of the chain, or of the prices where there is none. */
  readonly source: string
  readonly at: EpochMillis
  readonly method: Method
  readonly origin: Origin
  /** Date of the session that it lies in, or of the last one before. */
  readonly session: string
  readonly hours: Hours
  readonly spot: number | null
  /** When that price was made: of the close of a candle, its close. */
  readonly spotAt: EpochMillis | null

  readonly netGex: number | null
  readonly callGex: number | null
  /** Not above 0. */
  readonly putGex: number | null
  /** Sum of what the contracts are without their signs. */
  readonly grossGex: number | null
  readonly makerState: MakerState | null
  /** The first of `flips`. */
  readonly flip: number | null
  /** Every spot at which the exposure changes its sign, ascending. */
  readonly flips: ReadonlyArray<number>
  readonly callWall: number | null
  readonly callWallGex: number | null
  readonly putWall: number | null
  readonly putWallGex: number | null
  /** Strikes that traps are told by: the nearest on their side that much lies on. */
  readonly trapCallWall: number | null
  readonly trapPutWall: number | null

  /** Of the nearest expiry that is kept. */
  readonly maxPain: number | null
  /** Its date, `YYYY-MM-DD`. */
  readonly nearestExpiry: string | null
  /** Volatility of the strike next to the spot at that expiry, a share a year. */
  readonly atmVolatility: number | null
  /** One standard deviation of the spot until that expiry, in its currency. */
  readonly expectedMove: number | null
  readonly callOpenInterest: number | null
  readonly putOpenInterest: number | null
  /** Gross exposure of what expires today, within the next 5, 6 to 14 and more days. They add up to `grossGex`. */
  readonly grossToday: number | null
  readonly gross5: number | null
  readonly gross14: number | null
  readonly grossLater: number | null

  /** `null` where there was no chain. */
  readonly accounting: Accounting | null
  /** Day count, rates and what else the figures rest on, as `name=value` words. */
  readonly conventions: string
  /** Of the model that estimated it. */
  readonly model: string | null
  /** Why values are missing, where they are. */
  readonly reason: string | null
}

/** The figures of a chain of which nothing is known. */
export const unknown = {
  netGex: null,
  callGex: null,
  putGex: null,
  grossGex: null,
  makerState: null,
  flip: null,
  flips: [],
  callWall: null,
  callWallGex: null,
  putWall: null,
  putWallGex: null,
  trapCallWall: null,
  trapPutWall: null,
  maxPain: null,
  nearestExpiry: null,
  atmVolatility: null,
  expectedMove: null,
  callOpenInterest: null,
  putOpenInterest: null,
  grossToday: null,
  gross5: null,
  gross14: null,
  grossLater: null
} as const satisfies Partial<Snapshot>

/** How far the spot lies above the flip, a share of the spot: negative below it. */
export const distanceToFlip = ({ flip, spot }: Pick<Snapshot, "spot" | "flip">): number | null =>
  spot === null || flip === null ? null : (spot - flip) / spot

export const Pattern = Schema.Literals([
  "GAMMA_SQUEEZE_CASCADE",
  "FLIP_POINT_CRITICAL",
  "POST_OPEX_REGIME_FLIP",
  "LIBERATION",
  "FALSE_FLOOR",
  "ZERO_DTE_PIN",
  "DESTINATION",
  "PIN_AT_CALL_WALL",
  "PIN_AT_PUT_WALL",
  "EXPLOSIVE_CONTINUATION",
  "CAPITULATION_CASCADE",
  "MEAN_REVERSION",
  "SHORT_GAMMA_MOMENTUM",
  "NEUTRAL"
])
export type Pattern = typeof Pattern.Type

export const Direction = Schema.Literals(["bullish", "bearish", "neutral", "volatile"])
export type Direction = typeof Direction.Type

/** `pending` until the candle is stored whose close tells. */
export const Outcome = Schema.Literals(["pending", "won", "lost"])
export type Outcome = typeof Outcome.Type

/** Timeframes whose RSI counts in the score. */
export const rsiTimeframes = ["5m", "15m", "1h", "4h", "1d"] as const

/** What a snapshot and the prices before it say of the sessions to come: one of each snapshot. */
export interface Signal extends Pick<Snapshot, "symbol" | "source" | "at" | "method" | "origin" | "session"> {
  readonly pattern: Pattern
  readonly direction: Direction
  /** 0 to 1. */
  readonly confidence: number
  /** Price that the outcome is measured from. */
  readonly price: number | null
  /** RSI(14) of each timeframe of `rsiTimeframes`; `null` where it is not known. */
  readonly rsi: ReadonlyArray<number | null>
  /** −100 to 100; `null` with fewer than three of them. */
  readonly rsiScore: number | null
  readonly overbought: number
  readonly oversold: number
  /** What it was decided on, a sentence each; also what could not be looked at, and why. */
  readonly reasons: ReadonlyArray<string>
  /** Sessions after its own until the outcome is known. */
  readonly horizon: number
  /** Close of the last of them. */
  readonly dueAt: EpochMillis
  /** Move that a volatile one has to exceed, a share; `null` for the others, or where it could not be known. */
  readonly threshold: number | null
  readonly outcome: Outcome
  readonly outcomePrice: number | null
  /** From `price` to `outcomePrice`, a share. */
  readonly move: number | null
  readonly resolvedAt: EpochMillis | null
}

/** What estimates an exposure without a chain, and what it was made of. */
export interface Model {
  /** Like no other's; a snapshot names it. */
  readonly id: string
  readonly symbol: string
  /** What it was fitted on: a chain's snapshots, observed or simulated. */
  readonly fittedOn: Origin
  readonly source: string
  readonly from: EpochMillis
  readonly to: EpochMillis
  readonly rows: number
  /** Intercept first, then the inputs in their order. */
  readonly coefficients: ReadonlyArray<number>
  /** Share of the variance that it explains, where it was fitted. */
  readonly rSquared: number
  /** Net exposures that it was fitted on, the lowest and the highest: it tells none beyond them. */
  readonly lowest: number
  readonly highest: number
  readonly fittedAt: EpochMillis
}

/** Where a row stands among the others: rows ascend by moment, symbol, source and method. */
export type Place = Pick<Snapshot, "at" | "symbol" | "source" | "method">

export interface Selection<After = Place> {
  readonly symbols?: ReadonlyArray<string> | undefined
  readonly sources?: ReadonlyArray<string> | undefined
  readonly methods?: ReadonlyArray<Method> | undefined
  readonly origins?: ReadonlyArray<Origin> | undefined
  /** Of the moments that rows are of. */
  readonly interval?: Interval | undefined
  /** Those that come behind this place alone; there need be no row at it. */
  readonly after?: After | undefined
  /** The oldest so many. */
  readonly first?: number | undefined
  /** The newest so many, still ascending; `first` does not count then. */
  readonly last?: number | undefined
}

export interface SignalSelection extends Selection {
  readonly patterns?: ReadonlyArray<Pattern> | undefined
  readonly outcomes?: ReadonlyArray<Outcome> | undefined
}

/** The session of a symbol, by its first and last snapshot of one source and method; those outside of its hours do not count. */
export interface Daily extends Pick<Snapshot, "symbol" | "source" | "method" | "origin" | "session"> {
  readonly snapshots: number
  readonly openGex: number | null
  readonly closeGex: number | null
  readonly change: number | null
  /** Of the size of what it opened with; `null` where that is 0. */
  readonly changePercent: number | null
  readonly openPrice: number | null
  readonly closePrice: number | null
  /** Of exposure and price over the session's snapshots; `null` with fewer than three, or where one stands still. */
  readonly priceCorrelation: number | null
  /** Of the last snapshot. */
  readonly makerState: MakerState | null
}

/** Where a day stands among the others: days ascend by session, symbol, source, method and origin. */
export type DailyPlace = Pick<Daily, "session" | "symbol" | "source" | "method" | "origin">

/** How many signals of one kind have one outcome; those of confidence 0 say nothing, and are not counted. */
export interface Count extends Pick<Signal, "pattern" | "origin" | "method" | "outcome"> {
  readonly signals: number
}

/** How often signals of one pattern, origin and method came true. */
export interface Performance extends Pick<Signal, "pattern" | "origin" | "method"> {
  readonly pending: number
  /** Won or lost. */
  readonly resolved: number
  readonly wins: number
  /** Of those resolved; `null` where there are none. */
  readonly winRate: number | null
  /** Where that share lies with 95 %, after Wilson. */
  readonly interval: { readonly low: number; readonly high: number } | null
}

export interface Entry {
  readonly snapshot: Snapshot
  /** None of a row outside of the hours of a session, which would tell the last one once more, or without an exposure. */
  readonly signal: Signal | undefined
}

export interface Written {
  readonly inserted: number
  readonly replaced: number
  /** Were there, and stay as they are. */
  readonly kept: number
}

export class GammaStore extends Context.Service<
  GammaStore,
  {
    /**
     * All of them or none. What is there stays, unless `replace` is set, or it has no net exposure and what comes has
     * one: a row that knows nothing is in nobody's way.
     */
    readonly write: (
      entries: ReadonlyArray<Entry>,
      options: { readonly replace: boolean; readonly at: EpochMillis }
    ) => Effect.Effect<Written, StoreError>
    /** Ascending by moment, symbol, source and method; texts by their code points, on every database. */
    readonly snapshots: (selection: Selection) => Effect.Effect<ReadonlyArray<Snapshot>, StoreError>
    /** Ascending by session, symbol, source, method and origin. */
    readonly daily: (selection: Selection<DailyPlace>) => Effect.Effect<ReadonlyArray<Daily>, StoreError>
    /** As `snapshots` are. */
    readonly signals: (selection: SignalSelection) => Effect.Effect<ReadonlyArray<Signal>, StoreError>
    /** How many signals there are of each pattern, origin, method and outcome, in no order; none of 0. */
    readonly counts: (
      selection: Omit<SignalSelection, "after" | "first" | "last">
    ) => Effect.Effect<ReadonlyArray<Count>, StoreError>
    /**
     * Writes the outcomes of signals that are still pending, and still the same but for the outcome; others stay as
     * they are. How many there were.
     */
    readonly resolve: (signals: ReadonlyArray<Signal>) => Effect.Effect<number, StoreError>
    readonly keepModel: (model: Model) => Effect.Effect<void, StoreError>
    /** Newest fit first. */
    readonly models: (symbol: string) => Effect.Effect<ReadonlyArray<Model>, StoreError>
  }
>()("@tidemark/core/GammaStore") {}
