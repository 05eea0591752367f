/**
 * Calls of ccxt, and what the exchange really answered to each.
 *
 * ccxt takes a web page or half a body for an answer without rows, and cuts
 * and sorts the rows before it hands them out. Here the body is checked
 * before the library sees it, and the rows are taken before it changes them,
 * so that whoever judges a page sees what came.
 */
import { HttpFetch, HttpReason, SourceError } from "@tidemark/core"
import { Effect } from "effect"
import type { HttpClient } from "effect/http"
import { AsyncLocalStorage } from "node:async_hooks"
import type { Exchange } from "./Library.ts"
import { reasonOf, Unusable } from "./Reason.ts"
import * as Weights from "./Weights.ts"

/** What came while one call ran. */
interface Seen {
  /** The last body, parsed. */
  body: unknown
  /** The first answer that was an error, should the library pass over it. */
  refused: HttpFetch.Answer | undefined
  /** What the request that is about to be made weighs. */
  weight: number
}

export interface Door {
  readonly call: <A>(
    of: () => PromiseLike<A>
  ) => Effect.Effect<{ readonly value: A; readonly body: unknown }, SourceError.Reason>
}

const malformed = (detail: string) => new Unusable(new SourceError.Malformed({ detail }))

const parse = (text: string, where: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(`${where}: the body is not JSON`)
  }
}

/** Sends everything that the exchange asks through the client. */
export const open = (exchange: Exchange, client: HttpClient.HttpClient): Door => {
  const http = HttpFetch.make(client)
  const calls = new AsyncLocalStorage<Seen>()

  // Its throttler is told what a request weighs; the waiting is the engine's.
  exchange.throttle = async (cost = 1) => {
    const seen = calls.getStore()
    if (seen !== undefined) seen.weight = cost
  }

  exchange.fetchImplementation = async (input, init) => {
    const weight = calls.getStore()?.weight
    if (weight !== undefined) Weights.learn(exchange.id, new URL(input instanceof Request ? input.url : input), weight)
    const response = await http.fetch(input, init)
    const seen = calls.getStore()
    const url = new URL(response.url)
    const answer: HttpFetch.Answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      where: `${init?.method ?? "GET"} ${url.host}${url.pathname}`,
      contentType: response.headers.get("content-type") ?? ""
    }
    if (response.status >= 400) {
      if (seen !== undefined) seen.refused ??= answer
      return response
    }
    if (response.status !== 200) throw new Unusable(HttpReason.ofHead(answer))
    if (answer.contentType.includes("html")) throw malformed(`${answer.where}: a web page instead of data`)
    const body = parse(await response.clone().text(), answer.where)
    if (seen !== undefined) seen.body = body
    return response
  }

  exchange.parseOHLCVs = (rows, market) => {
    if (rows === undefined || rows === null) return []
    if (!Array.isArray(rows)) throw malformed(`${exchange.id}: something else where a list of candles belongs`)
    return rows.map((row) => exchange.parseOHLCV(row, market))
  }

  const call: Door["call"] = (of) =>
    Effect.suspend(() => {
      const seen: Seen = { body: undefined, refused: undefined, weight: 1 }
      return http
        .run(() => calls.run(seen, of))
        .pipe(
          Effect.mapError((failure) => reasonOf(exchange.id, failure)),
          Effect.flatMap((value) =>
            seen.refused === undefined
              ? Effect.succeed({ value, body: seen.body })
              : Effect.fail(HttpReason.ofHead(seen.refused))
          )
        )
    })

  return { call }
}
