/**
 * Binance's stream messages: what is sent, and what comes.
 *
 * A combined stream wraps each event as `{"stream":"btcusdt@kline_1m","data":…}`.
 * A kline event comes every second or two while its candle is open, and once
 * with `x: true` when it has closed; where nothing was traded none may come
 * at all, which says nothing.
 */
import { Candles, type Source, type Timeframe } from "@tidemark/core"
import * as Market from "./Market.ts"

/** `btcusdt@kline_1m` */
export const nameOf = (request: Source.Subject & { readonly timeframe: Timeframe.Timeframe }): string =>
  `${Market.symbolOf(request).toLowerCase()}@kline_${request.timeframe}`

export const subscribe = (names: ReadonlyArray<string>, id: number): string =>
  JSON.stringify({ method: "SUBSCRIBE", params: names, id })

/** A question whose answer shows that somebody is there. */
export const ask = (id: number): string => JSON.stringify({ method: "LIST_SUBSCRIPTIONS", id })

export type Message =
  /** A candle that has closed. `closeTime` is its last millisecond. */
  | {
      readonly _tag: "Closed"
      readonly name: string
      readonly candles: Candles.Candles
      readonly closeTime: number
    }
  /** An event of a stream that cannot be read. */
  | { readonly _tag: "Unusable"; readonly name: string; readonly detail: string }
  /** To a message of ours; `error` if it was refused. */
  | { readonly _tag: "Answer"; readonly id: number | undefined; readonly error: string | undefined }
  /** The server goes away; another one is to be asked. */
  | { readonly _tag: "Shutdown" }
  /** Of no interest: a candle that is still open, another kind of event. */
  | { readonly _tag: "Other" }
  | { readonly _tag: "Malformed"; readonly detail: string }

const decimal = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The columns of an event's `k`, by the letters that it has for them. */
const columns = { o: "open", h: "high", l: "low", c: "close", v: "volume", q: "quoteVolume" } as const

const closed = (name: string, kline: Readonly<Record<string, unknown>>): Message => {
  const unusable = (what: string): Message => ({ _tag: "Unusable", name, detail: `a closed candle without ${what}` })
  const candles = Candles.allocate(1, { quoteVolume: true, trades: true })
  for (const [letter, column] of Object.entries(columns)) {
    const value = kline[letter]
    if (typeof value !== "string" || !decimal.test(value)) return unusable(column)
    candles[column]![0] = Number(value)
  }
  const { T: closeTime, n: trades, t: openTime } = kline
  if (typeof openTime !== "number" || typeof closeTime !== "number") return unusable("its time")
  if (typeof trades !== "number") return unusable("its trades")
  candles.openTime[0] = openTime
  candles.trades![0] = trades
  return { _tag: "Closed", name, candles, closeTime }
}

const errorOf = (value: unknown): string | undefined =>
  isRecord(value) ? `${String(value["code"])} ${String(value["msg"])}`.slice(0, 160) : undefined

export const decode = (text: string): Message => {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return { _tag: "Malformed", detail: "a message that is not JSON" }
  }
  if (!isRecord(message)) return { _tag: "Malformed", detail: "a message that is no event" }
  const { data, error, id, stream } = message
  if ("result" in message || error !== undefined || "code" in message) {
    const said = error ?? ("code" in message ? message : undefined)
    return { _tag: "Answer", id: typeof id === "number" ? id : undefined, error: errorOf(said) }
  }
  const event = isRecord(data) ? data : message
  if (event["e"] === "serverShutdown") return { _tag: "Shutdown" }
  if (typeof stream !== "string") return { _tag: "Other" }
  if (event["e"] !== "kline") return { _tag: "Other" }
  const kline = event["k"]
  if (!isRecord(kline) || typeof kline["x"] !== "boolean") {
    return { _tag: "Unusable", name: stream, detail: "a kline event without a candle" }
  }
  return kline["x"] ? closed(stream, kline) : { _tag: "Other" }
}
