/**
 * CBOE's delayed quotes of options, from the files behind its web pages; no
 * key. It has no candles.
 *
 * A request is all that is listed of one underlying: SPX is 30,000 contracts
 * in 13 MB. Nothing is promised of these files: they may change or end.
 */
import { HttpReason, type Instant, OccSymbol, Source, SourceError } from "@tidemark/core"
import { Clock, Effect, Schema, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as QuoteFile from "./QuoteFile.ts"

const id = "cboe"
const host = "cdn.cboe.com"

const capabilities: Source.Capabilities = {
  assetClasses: ["equity", "index"],
  timeframes: [],
  pageSize: 0,
  bytesPerCandle: 0,
  weightPerPage: 1,
  // Nothing is promised; the files are made anew about once a minute, and none is wanted as often.
  hosts: [{ name: host, budget: { limit: 30, windowMillis: 60_000 } }],
  lanes: 1,
  lagMillis: 0,
  options: { delayMillis: QuoteFile.delayMillis, computes: ["impliedVolatility", "gamma"] },
  adjustment: "none",
  provenance: "observed"
}

/** The name of a file: `SPY`, and with an underscore that of an index, `_SPX`. */
export const fileOf = ({ assetClass, sourceSymbol, symbol }: Source.Subject): string => {
  if (sourceSymbol !== undefined) return sourceSymbol
  return assetClass === "index" ? `_${OccSymbol.nameOf(symbol)}` : symbol
}

/** How the store behind the network says that it has no such file; other refusals are the network's own. */
const isMissing = (status: number, body: string): boolean =>
  status === 404 || (status === 403 && /<Code>(AccessDenied|NoSuchKey)<\/Code>/.test(body))

const reasonOf = (response: HttpClientResponse.HttpClientResponse, body: string, file: string): SourceError.Reason =>
  isMissing(response.status, body)
    ? new SourceError.NotListed({
        detail: `CBOE has no options of ${file}; an index begins with ^, as ^GSPC does`
      })
    : HttpReason.ofStatus(response)

const unsupported = (detail: string) => new SourceError.Unsupported({ detail })

const noCandles = unsupported("CBOE has no candles here, it serves option chains only")

const make = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient

  /** The file of a symbol, as it came. */
  const get = Effect.fnUntraced(function* (file: string): Effect.fn.Return<string, SourceError.Reason> {
    const url = `https://${host}/api/global/delayed_quotes/options/${encodeURIComponent(file)}.json`
    // The network turns away what does not say that it is a browser, or something like it.
    const request = HttpClientRequest.get(url).pipe(
      HttpClientRequest.setHeaders({ accept: "application/json", "user-agent": "Mozilla/5.0 (compatible; Tidemark)" })
    )
    const { body, response } = yield* client.execute(request).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (body) => ({ body, response }))),
      Effect.mapError(HttpReason.ofError)
    )
    return response.status === 200 ? body : yield* Effect.fail(reasonOf(response, body, file))
  })

  const optionChain = Effect.fnUntraced(
    function* (subject: Source.Subject, at?: Instant.EpochMillis) {
      if (at !== undefined) return yield* Effect.fail(unsupported("CBOE shows the options of now, not of the past"))
      if (!capabilities.assetClasses.includes(subject.assetClass)) {
        return yield* Effect.fail(
          unsupported(`CBOE lists options of US shares and indices, not of ${subject.assetClass}`)
        )
      }
      const file = fileOf(subject)
      const text = yield* get(file)
      const now = yield* Clock.currentTimeMillis
      const chain = QuoteFile.decode(text, { source: id, symbol: subject.symbol, file }, now)
      return typeof chain === "string" ? yield* Effect.fail(new SourceError.Malformed({ detail: chain })) : chain
    },
    (effect, subject) =>
      Effect.mapError(effect, (reason) => new SourceError.SourceError({ source: id, symbol: subject.symbol, reason }))
  )

  return {
    candles: ({ interval, symbol }) =>
      interval.from >= interval.to
        ? Stream.empty
        : Stream.fail(new SourceError.SourceError({ source: id, symbol, ...interval, reason: noCandles })),
    optionChain,
    // The smallest file of those that are always there.
    check: Effect.asVoid(Effect.mapError(get("_VIX"), (reason) => new SourceError.SourceError({ source: id, reason })))
  } satisfies Source.Source
})

export const plugin = Source.define({
  id,
  description: "CBOE: option chains of US shares and indices, a quarter of an hour old; no candles, no key",
  capabilities,
  config: Schema.Struct({}),
  variables: {},
  baseUrls: [{ variable: "CBOE_BASE_URL", hosts: [host] }],
  make: () => make
})
