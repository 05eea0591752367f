/**
 * The contract that every source plugin implements.
 *
 * A plugin is a plain value: it holds no state and opens nothing. `make`
 * turns one decoded configuration into one `Source`, whose resources live in
 * the `Scope` it was made in. The `HttpClient` that `make` finds is already
 * limited, timed, counted and redacted by the engine: a plugin neither waits,
 * nor retries, nor logs. One that can listen finds its `SocketDoor` there too.
 */
import { Effect, type Option, type Schema, type Scope, type Stream } from "effect"
import type { HttpClient } from "effect/http"
import { type Calendar, closedUntil } from "./Calendar.ts"
import * as Candles from "./Candles.ts"
import type { CorporateAction, Earnings } from "./CorporateAction.ts"
import type { EpochMillis } from "./Instant.ts"
import type { OptionChain } from "./OptionChain.ts"
import type { AssetClass } from "./Instrument.ts"
import * as Interval from "./Interval.ts"
import type { Outage } from "./Outage.ts"
import type { Provenance } from "./Provenance.ts"
import type { Reason, SourceError } from "./SourceError.ts"
import type { SourceFile } from "./SourceFile.ts"
import type { Timeframe } from "./Timeframe.ts"

/** Where the history of one instrument is asked for. */
export interface Subject {
  /** Canonical symbol, for messages. */
  readonly symbol: string
  /** The source's own symbol, if the instrument names one; else the source derives it. */
  readonly sourceSymbol?: string | undefined
  readonly assetClass: AssetClass
  readonly calendar: Calendar
}

export interface CandlesRequest extends Subject {
  readonly timeframe: Timeframe
  readonly interval: Interval.Interval
}

/**
 * One answer. `interval` is what the source has answered for: every candle it
 * has with an open in there is in `candles`. Pages follow one another without
 * a hole: each starts where the previous ended, and the last ends with the
 * request, or where the candles stop being final.
 */
export interface CandlePage {
  readonly interval: Interval.Interval
  readonly candles: Candles.Candles
  /** Files that it comes from, or would have come from had they been sound. */
  readonly files?: ReadonlyArray<SourceFile>
}

/** A series that is listened to. */
export interface TailRequest extends Subject {
  readonly timeframe: Timeframe
}

/** What a source tells while it is listened to. */
export type Tailed =
  /** From here on every candle that closes is told, until the stream fails. */
  | { readonly _tag: "Listening" }
  /** Candles that have just closed, ascending; most often one. */
  | { readonly _tag: "Closed"; readonly request: TailRequest; readonly candles: Candles.Candles }
  /** Something was told of this series that cannot be used, or nothing more will be; the others go on. */
  | { readonly _tag: "Unusable"; readonly request: TailRequest; readonly reason: Reason }

export interface Extent {
  /** Open of the oldest candle. */
  readonly first: EpochMillis
  /** First instant after the newest candle, for a source whose history has ended. */
  readonly end?: EpochMillis
}

/** An instrument as its source lists it. */
export interface Listed {
  /** Canonical symbol. */
  readonly symbol: string
  readonly sourceSymbol: string
  readonly assetClass: AssetClass
  /** Whether it trades now. */
  readonly active: boolean
  /** Currency that prices are in, where the source says so. */
  readonly quote?: string
  /** Traded value of the last day in the quote currency, where the source says so. */
  readonly turnover?: number
}

export interface Source {
  /**
   * Lazy, ascending, inside the request's interval, a page a pull. Nothing is
   * asked for before the first pull, and nothing at all for an empty request.
   * An unfinished candle is never returned: its close time decides.
   */
  readonly candles: (request: CandlesRequest) => Stream.Stream<CandlePage, SourceError>
  /**
   * The newest candles of several series, each as it closes, over one connection. Lazy, and never ends by itself: it
   * fails when the connection does, also where the provider ends it on purpose, and the engine listens again. An
   * unfinished candle is never told, and none that the provider did not tell is made up. No more series than
   * `capabilities.tail` says, of one venue.
   */
  readonly tail?: (requests: ReadonlyArray<TailRequest>) => Stream.Stream<Tailed, SourceError>
  /** How far the source's history reaches, where it can tell with a request or two; `none` if it has none. */
  readonly extent?: (subject: Subject, timeframe: Timeframe) => Effect.Effect<Option.Option<Extent>, SourceError>
  /** Everything that it has candles of. */
  readonly instruments?: Effect.Effect<ReadonlyArray<Listed>, SourceError>
  /** Splits and dividends with a date in the interval, all of them, ascending. */
  readonly actions?: (
    subject: Subject,
    interval: Interval.Interval
  ) => Effect.Effect<ReadonlyArray<CorporateAction>, SourceError>
  /** Reports that it tells of now, past and announced, ascending: not all that there were. */
  readonly earnings?: (subject: Subject) => Effect.Effect<ReadonlyArray<Earnings>, SourceError>
  /**
   * Every option of the underlying that the provider lists now, with its price; or, where
   * `capabilities.options.history` says that it can, that it listed `at` a moment.
   */
  readonly optionChain?: (subject: Subject, at?: EpochMillis) => Effect.Effect<OptionChain, SourceError>
  /** The sha256 that the provider gives for a file now, by the URL of its record; `none` if it has no such file any more. */
  readonly fileHash?: (url: string) => Effect.Effect<Option.Option<string>, SourceError>
  /** Succeeds if the source can be reached and would answer; the cheapest call there is. */
  readonly check?: Effect.Effect<void, SourceError>
}

/** What a provider allows one address or key, over a window. */
export interface RequestBudget {
  /** Weight that may be spent in a window. */
  readonly limit: number
  readonly windowMillis: number
  /** Weight of a request, by its path and query; 1 where absent. */
  readonly weightOf?: (url: URL) => number
  /** Response header in which the provider says how much of the window is used. */
  readonly usedHeader?: string
}

/** A host that a plugin may call. */
export interface Host {
  readonly name: string
  /** `undefined`: nothing limits it. */
  readonly budget?: RequestBudget | undefined
  /** Serves files of any size: an answer may take as long as it goes on coming. */
  readonly bulk?: boolean
}

/** What a source tells as it happens. */
export interface TailCapability {
  readonly timeframes: ReadonlyArray<Timeframe>
  /** Series that one call listens to at most. */
  readonly seriesPerConnection: number
  /** Hosts that it connects to; any other is refused. */
  readonly hosts: ReadonlyArray<string>
}

/** What a source knows of options. */
export interface OptionsCapability {
  /** Quotes are so old when they are told. */
  readonly delayMillis: number
  /** It tells the chain of any moment that has passed, not only that of now. */
  readonly history?: boolean
  /** What of a contract it computes by itself. */
  readonly computes: ReadonlyArray<"impliedVolatility" | "gamma">
}

export interface Capabilities {
  readonly assetClasses: ReadonlyArray<AssetClass>
  /** Of its candles; empty for a source that has none. */
  readonly timeframes: ReadonlyArray<Timeframe>
  /** Candles a request returns at most. */
  readonly pageSize: number
  /** Candles a page holds at most where it comes from a file instead. */
  readonly fileCandles?: number
  /** Where a long range is best cut in two: the first such place at or after an instant. Anywhere if absent. */
  readonly cutAtOrAfter?: (timeframe: Timeframe, instant: EpochMillis) => EpochMillis
  /** Rough size of a candle on the wire, for estimates. */
  readonly bytesPerCandle: number
  /** What asking for a range takes, where that is not its pages. */
  readonly cost?: (
    subject: Pick<Subject, "symbol" | "assetClass">,
    timeframe: Timeframe,
    interval: Interval.Interval,
    now: EpochMillis
  ) => { readonly requests: number; readonly weight: number; readonly bytes: number }
  /** Weight of one request for candles. */
  readonly weightPerPage: number
  /** How far back a timeframe reaches from now, where that is limited, in milliseconds. */
  readonly historyMillis?: Partial<Record<Timeframe, number>>
  /** Its history ends, as that of a file does: without a range everything that it has is wanted. */
  readonly finite?: boolean
  /** The first instant that the source can have anything for, where known. */
  readonly earliest?: EpochMillis
  /** Hosts that the plugin may call, the one that serves pages first; any other is refused. Empty for a source without network. */
  readonly hosts: ReadonlyArray<Host>
  /** Series that are worth fetching at once. */
  readonly lanes: number
  /** Time after its close until a candle is final at the source. */
  readonly lagMillis: number
  /** For so long after its close a candle may still be corrected: what was fetched earlier is asked for once more. */
  readonly revisedMillis?: number
  /** It tells newly closed candles by itself; absent for a source that has to be asked. */
  readonly tail?: TailCapability
  /** It shows option chains; absent for a source that has none. */
  readonly options?: OptionsCapability
  /** Candles in which nothing was traded are left out of answers. */
  readonly omitsQuiet?: boolean
  /** The venue of a subject, where the source has several; its id if absent. */
  readonly venueOf?: (subject: Pick<Subject, "symbol" | "assetClass">) => string
  /** Times in which a venue is known to have been down. */
  readonly outages?: ReadonlyArray<Outage>
  /** What the prices are already adjusted for. */
  readonly adjustment: "none" | "splits" | "splits-and-dividends"
  readonly provenance: Provenance
}

/** Why a source has no candles of a timeframe, in words; `undefined` where it has. */
export const lacksCandles = (
  source: string,
  { options, timeframes }: Pick<Capabilities, "timeframes" | "options">,
  timeframe: Timeframe
): string | undefined => {
  if (timeframes.includes(timeframe)) return undefined
  if (timeframes.length > 0) return `${source} has no ${timeframe}`
  return `${source} has no candles${options === undefined ? "" : ", it serves option chains only"}`
}

/** What limits requests for pages. */
export const budgetOf = ({ hosts }: Capabilities): RequestBudget | undefined => hosts[0]?.budget

/** An origin that users can replace, to use a mirror, a proxy or an emulator. */
export interface BaseUrl {
  readonly variable: string
  /** Another variable, whose URL counts where this one is not set. */
  readonly otherwise?: string
  readonly hosts: ReadonlyArray<string>
  /** `true`: every host that the source declares, for a plugin whose hosts depend on its configuration. */
  readonly anyHost?: boolean
  /** `true`: it is for sockets; its URL may begin with `ws:` or `wss:`. */
  readonly sockets?: boolean
  /** `true`: the original host becomes the first segment of the path, `${url}/${host}${path}`. */
  readonly keepHost?: boolean
}

export interface SourcePlugin<Config = unknown> {
  readonly id: string
  /** One line for people. */
  readonly description: string
  readonly capabilities: Capabilities
  /** Decoded once by the registry. Every field has a default, a variable, or is the argument. */
  readonly config: Schema.Codec<Config, unknown>
  /** Environment variable of each configuration field that has one. */
  readonly variables: Readonly<Record<string, string>>
  /** Variables that send the traffic of declared hosts elsewhere; the engine's client does the replacing. */
  readonly baseUrls: ReadonlyArray<BaseUrl>
  /** Fields of `config` that hold a key, where it needs one: any of them will do. */
  readonly keys?: ReadonlyArray<string>
  /** Field of `config` that the argument of `id:argument` fills, where the plugin takes one. */
  readonly argument?: string
  /**
   * What it can do as it is set up, for a plugin that is many sources in one, such as any exchange by its id.
   * `capabilities` then says what all of them can.
   */
  capabilitiesOf?(config: Config): Effect.Effect<Capabilities, SourceError>
  // A method, so that a plugin of any configuration is a `SourcePlugin<unknown>`: the registry decodes before it calls.
  make(config: Config): Effect.Effect<Source, SourceError, HttpClient.HttpClient | Scope.Scope>
}

/** Infers `Config` from a plugin literal. */
export const define = <Config>(plugin: SourcePlugin<Config>): SourcePlugin<Config> => plugin

/** The plugin with the capabilities that it has as it is set up. */
export const configured = <Config>(
  plugin: SourcePlugin<Config>,
  config: Config
): Effect.Effect<SourcePlugin<Config>, SourceError> =>
  plugin.capabilitiesOf === undefined
    ? Effect.succeed(plugin)
    : Effect.map(plugin.capabilitiesOf(config), (capabilities) => ({ ...plugin, capabilities }))

/**
 * The page for `answered`, cut to what the contract allows: inside the
 * request and final at `now`. `undefined` if nothing remains.
 */
export const page = (
  request: CandlesRequest,
  answered: Interval.Interval,
  candles: Candles.Candles,
  now: EpochMillis
): CandlePage | undefined => {
  const final = closedUntil(request.calendar, request.timeframe, now)
  const asked = Interval.intersect(answered, request.interval)
  const interval = asked && Interval.clamp(asked.from, Math.min(asked.to, final))
  return interval && { interval, candles: Candles.within(candles, interval) }
}
