/**
 * The markets of Binance that candles come from: what differs between them is
 * where they are.
 */
import type { Source } from "@tidemark/core"

export interface Market {
  readonly id: "spot" | "usdm"
  /** Weight of a request for a page. */
  readonly weightPerPage: number
  /** Serves pages, without a key. */
  readonly host: Source.Host
  /** Of the REST interface. */
  readonly root: string
  /** Where closed candles are told as they close. */
  readonly stream: { readonly host: string; readonly path: string }
  /** Of the bulk archive. */
  readonly archiveRoot: string
  /** First instant that there can be a candle of. */
  readonly earliest: number
}

/** Rows that a request gives at most, in both markets as we ask. */
export const pageSize = 1_000

const usedHeader = "x-mbx-used-weight-1m"
const windowMillis = 60_000

/** Of spot, by the last part of the path. */
const weights: Readonly<Record<string, number>> = { klines: 2, exchangeInfo: 20, "24hr": 80 }

export const spot: Market = {
  id: "spot",
  weightPerPage: weights["klines"]!,
  host: {
    name: "data-api.binance.vision",
    budget: {
      limit: 6_000,
      windowMillis,
      usedHeader,
      weightOf: ({ pathname }) => weights[pathname.slice(pathname.lastIndexOf("/") + 1)] ?? 1
    }
  },
  root: "/api/v3",
  // Market data alone, without a key.
  stream: { host: "data-stream.binance.vision", path: "/stream" },
  archiveRoot: "/data/spot",
  // The exchange opened in July 2017.
  earliest: 1_498_867_200_000
}

/** Its klines weigh by how many are asked for. */
const usdmKlinesWeight = (limit: number): number => (limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10)

export const usdm: Market = {
  id: "usdm",
  weightPerPage: usdmKlinesWeight(pageSize),
  host: {
    name: "fapi.binance.com",
    budget: {
      limit: 2_400,
      windowMillis,
      usedHeader,
      weightOf: ({ pathname, searchParams }) =>
        pathname.endsWith("/klines")
          ? usdmKlinesWeight(Number(searchParams.get("limit") ?? 500))
          : pathname.endsWith("/24hr")
            ? 40
            : 1
    }
  },
  root: "/fapi/v1",
  stream: { host: "fstream.binance.com", path: "/market/stream" },
  archiveRoot: "/data/futures/um",
  // Its first contract was listed in September 2019.
  earliest: 1_567_296_000_000
}

export const all: ReadonlyArray<Market> = [spot, usdm]

/**
 * The market of a canonical symbol: `BTC/USDT` is spot, `BTC/USDT:USDT` the
 * perpetual contract settled in its quote currency; `undefined` for any other.
 */
export const of = ({ assetClass, symbol }: Pick<Source.Subject, "symbol" | "assetClass">): Market | undefined => {
  if (assetClass !== "crypto") return undefined
  const [pair, settle] = symbol.split(":")
  const quote = pair!.split("/")[1]
  if (quote === undefined) return undefined
  if (settle === undefined) return spot
  return settle === quote ? usdm : undefined
}

/** The market's own symbol: `BTCUSDT` in both. */
export const symbolOf = ({ sourceSymbol, symbol }: Source.Subject): string =>
  sourceSymbol ?? symbol.split(":")[0]!.replace("/", "")
