/**
 * ccxt, one exchange at a time.
 *
 * The whole package costs half a second and a hundred megabytes, one class a
 * tenth of that, so a class is imported by its file, when an exchange is
 * first asked for. Nothing of ccxt's types leaves this file: `Exchange` is
 * the part of theirs that is used here.
 */
import { SourceError } from "@tidemark/core"
import { Effect } from "effect"
import { readdir } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { pathToFileURL } from "node:url"

export interface Market {
  readonly id: string
  readonly symbol: string
  readonly base?: string | undefined
  readonly quote?: string | undefined
  readonly spot?: boolean | undefined
  readonly active?: boolean | undefined
}

export interface Exchange {
  readonly id: string
  readonly hostname?: string | undefined
  readonly rateLimit?: number | undefined
  readonly timeframes?: Readonly<Record<string, unknown>> | undefined
  readonly features?:
    | { readonly spot?: { readonly fetchOHLCV?: { readonly limit?: number } | undefined } | undefined }
    | undefined
  readonly urls: { readonly api?: unknown }
  readonly has: Record<string, boolean | string | undefined>
  readonly options: Record<string, unknown>
  readonly markets?: Readonly<Record<string, Market>> | undefined
  readonly markets_by_id?: Readonly<Record<string, ReadonlyArray<Market>>> | undefined
  enableRateLimit: boolean
  throttle: (cost?: number) => Promise<void>
  timeout: number
  fetchImplementation: typeof globalThis.fetch
  implodeHostname(url: string): string
  parseOHLCV(row: unknown, market?: Market): ReadonlyArray<unknown>
  parseOHLCVs(rows: unknown, market?: Market): ReadonlyArray<ReadonlyArray<unknown>>
  /** The socket for a URL, made when it is first asked for; of a class that watches. */
  client?(url: string): unknown
  log?: (...said: ReadonlyArray<unknown>) => void
  getHttpAgentIfNeeded?(url: string): unknown
  close?(): Promise<unknown>
  setMarketsFromExchange(exchange: Exchange): unknown
  watchOHLCV(symbol: string, timeframe: string): Promise<ReadonlyArray<ReadonlyArray<unknown>>>
  loadMarkets(reload: boolean): Promise<unknown>
  fetchTime(): Promise<unknown>
  fetchOHLCV(
    symbol: string,
    timeframe: string,
    since: number,
    limit: number
  ): Promise<ReadonlyArray<ReadonlyArray<unknown>>>
}

/** An engine of their own would give up or throttle while ours waits for budget. */
const noDeadlineMillis = 2 ** 31 - 1

const folder = Effect.suspend(() => {
  const found = findPackageJSON("ccxt", import.meta.url)
  return found === undefined
    ? Effect.fail(new SourceError.Misconfigured({ detail: "the package ccxt is not installed" }))
    : Effect.succeed(new URL("./js/src/", pathToFileURL(found)))
})

const idPattern = /^([a-z0-9]+)\.js$/

/** Every exchange that the installed ccxt has, by its id. */
export const ids: Effect.Effect<ReadonlyArray<string>, SourceError.Misconfigured> = Effect.flatMap(folder, (url) =>
  Effect.tryPromise({
    try: () => readdir(url),
    catch: () => new SourceError.Misconfigured({ detail: "the package ccxt has no exchanges where they belong" })
  })
).pipe(Effect.map((files) => files.flatMap((file) => idPattern.exec(file)?.[1] ?? [])))

/** The exchanges that have a class which watches too; it is the same one besides. */
const watching = Effect.flatMap(folder, (url) =>
  Effect.promise(() => readdir(new URL("./pro/", url)).catch((): ReadonlyArray<string> => []))
)

/** How many letters to change, add or drop. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

/** The id that was most likely meant. */
export const nearest = (text: string, known: ReadonlyArray<string>): string | undefined => {
  const lower = text.toLowerCase()
  const ranked = known
    .map((id) => ({ id, off: id.startsWith(lower) || lower.startsWith(id) ? 1 : distance(lower, id) }))
    .sort((a, b) => a.off - b.off || a.id.length - b.id.length)
  return ranked[0] !== undefined && ranked[0].off <= 2 ? ranked[0].id : undefined
}

const wellKnown = ["kraken", "coinbaseexchange", "bitstamp", "okx", "bitget"]

const unknown = (id: string, known: ReadonlyArray<string>) => {
  const near = nearest(id, known)
  const some = wellKnown.filter((each) => known.includes(each))
  return new SourceError.Misconfigured({
    detail:
      `ccxt has no exchange "${id}".${near === undefined ? "" : ` Did you mean ${near}?`}` +
      ` It has ${known.length}, among them ${some.join(", ")}`
  })
}

/** A fresh instance that neither throttles nor gives up by itself, and loads the spot markets only. */
export const open = Effect.fnUntraced(function* (id: string) {
  const known = yield* ids
  // Only a name from the listing becomes part of a path.
  if (!known.includes(id)) return yield* Effect.fail(unknown(id, known))
  const isWatching = (yield* watching).includes(`${id}.js`)
  const file = new URL(isWatching ? `./pro/${id}.js` : `./${id}.js`, yield* folder)
  const exchange = yield* Effect.tryPromise({
    try: async () => {
      const module = (await import(file.href)) as { readonly default: new (options: object) => Exchange }
      return new module.default({})
    },
    catch: () => new SourceError.Misconfigured({ detail: `ccxt cannot load its exchange "${id}"` })
  })
  if (exchange.has["fetchOHLCV"] !== true || exchange.has["spot"] === false) {
    const detail = `ccxt has no candles of spot markets from "${id}"; choose another exchange`
    return yield* Effect.fail(new SourceError.Misconfigured({ detail }))
  }
  // It has to count what a request weighs, and must not wait itself: the door says how.
  exchange.enableRateLimit = true
  exchange.throttle = () => Promise.resolve()
  exchange.timeout = noDeadlineMillis
  // The currencies are a request of their own, and candles need none of them.
  exchange.has["fetchCurrencies"] = false
  const markets = exchange.options["fetchMarkets"]
  if (typeof markets === "object" && markets !== null && "types" in markets) {
    exchange.options["fetchMarkets"] = { ...markets, types: ["spot"] }
  }
  return exchange
})
