/** What Binance lists, from exchangeInfo and the day's statistics. */
import { Instrument, type Source, SourceError } from "@tidemark/core"
import { Effect, Schema } from "effect"
import type { Http } from "./Http.ts"
import type { Market } from "./Market.ts"

const ExchangeInfo = Schema.fromJsonString(
  Schema.Struct({
    symbols: Schema.Array(
      Schema.Struct({
        symbol: Schema.NonEmptyString,
        status: Schema.String,
        baseAsset: Schema.NonEmptyString,
        quoteAsset: Schema.NonEmptyString,
        /** Futures only: `PERPETUAL`, or a quarter's contract, which has an end and no canonical symbol here. */
        contractType: Schema.optionalKey(Schema.String),
        marginAsset: Schema.optionalKey(Schema.String)
      })
    )
  })
)

const Statistics = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ symbol: Schema.String, quoteVolume: Schema.NumberFromString }))
)

const malformed = (what: string) => () =>
  new SourceError.Malformed({ detail: `${what} is not what it is documented to be` })

export const list = Effect.fnUntraced(function* (
  http: Http,
  market: Market
): Effect.fn.Return<ReadonlyArray<Source.Listed>, SourceError.Reason> {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const info = yield* http.get(market.host.name, `${market.root}/exchangeInfo`)
  const { symbols } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(ExchangeInfo)(text(info)),
    malformed("exchangeInfo")
  )
  const day = yield* http.get(market.host.name, `${market.root}/ticker/24hr`)
  const statistics = yield* Effect.mapError(Schema.decodeUnknownEffect(Statistics)(text(day)), malformed("ticker/24hr"))
  const turnovers = new Map(statistics.map((row) => [row.symbol, row.quoteVolume]))
  return symbols.flatMap((row): ReadonlyArray<Source.Listed> => {
    if (row.contractType !== undefined && row.contractType !== "PERPETUAL") return []
    const pair = `${row.baseAsset}/${row.quoteAsset}`
    const symbol = market.id === "spot" ? pair : `${pair}:${row.marginAsset ?? row.quoteAsset}`
    // Names that are no canonical symbols, such as those in other scripts, cannot be stored under one.
    if (!Instrument.isSymbol(symbol)) return []
    const turnover = turnovers.get(row.symbol)
    return [
      {
        symbol,
        sourceSymbol: row.symbol,
        assetClass: "crypto",
        active: row.status === "TRADING",
        quote: row.quoteAsset,
        ...(turnover === undefined ? {} : { turnover })
      }
    ]
  })
})
