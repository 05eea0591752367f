/**
 * Long lists in pages, over HTTP. A page begins behind the last row of the one
 * before, wherever that is by now: rows that come and go meanwhile move no
 * others from page to page.
 */
import { Pages } from "@tidemark/api"
import { type Series, Timeframe } from "@tidemark/core"
import { Effect, Result, Schema } from "effect"
import * as Failure from "./Failure.ts"

/** Where a row stands among the others: by its first part, then by its second, and so on; no two are the same. */
export type Key = ReadonlyArray<string | number>

/** Series by symbol, source and timeframe, as the store gives them. */
export const ofSeries = ({ source, symbol, timeframe }: Series.Series) =>
  [symbol, source, Timeframe.nominalMillis(timeframe)] as const

/** The parts of `ofSeries`. */
export const seriesParts = [Schema.String, Schema.String, Schema.Finite] as const

/** Instants as parts: what began before all time still has a place. */
export const instant = (at: number): number => Math.max(at, Number.MIN_SAFE_INTEGER)

/** Texts by their code units, as databases sort them. */
export const compare = (a: Key, b: Key): number => {
  for (const [i, part] of a.entries()) {
    if (part !== b[i]) return b[i] === undefined || part > b[i] ? 1 : -1
  }
  return a.length - b.length
}

/** Whether nothing of a series is behind a key of a list by series. */
export const isBefore = (series: Series.Series, after: Key | undefined): boolean =>
  after !== undefined && compare(ofSeries(series), after.slice(0, seriesParts.length)) < 0

/** What `after` of a request means, by the parts that keys of this list have. */
export const read = <Parts extends ReadonlyArray<Schema.Codec<string | number>>>(
  parts: Parts,
  after: string | undefined
): Effect.Effect<Key | undefined, ReturnType<typeof Failure.badRequest>> => {
  if (after === undefined) return Effect.succeed(undefined)
  const codec = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(Schema.Tuple(parts))))
  const key = Schema.decodeUnknownResult(codec)(after)
  return Result.isSuccess(key)
    ? Effect.succeed(key.success as Key)
    : Effect.fail(
        Failure.badRequest("after is not the `next` of a page of this list. Take it as it was given, or leave it out.")
      )
}

const encode = (key: Key): string => Schema.encodeSync(Schema.StringFromBase64Url)(JSON.stringify(key))

/** The rows of a page, and its `next`. */
export const cut = <Row>(
  rows: ReadonlyArray<Row>,
  keyOf: (row: Row) => Key,
  { after, limit = Pages.defaultRows }: { readonly after: Key | undefined; readonly limit: number | undefined }
) => {
  const left = rows
    .map((row) => ({ row, key: keyOf(row) }))
    .filter(({ key }) => after === undefined || compare(key, after) > 0)
    .sort((a, b) => compare(a.key, b.key))
  const page = left.slice(0, limit)
  return {
    rows: page.map(({ row }) => row),
    next: left.length > limit ? encode(page.at(-1)!.key) : null
  }
}

/** The header that has the address of the next page: the request's own, but for one parameter. */
export const link = (url: string, name: string, next: string | null): Readonly<Record<string, string>> => {
  if (next === null) return {}
  const [path, search] = url.split("?", 2) as [string, string | undefined]
  const params = new URLSearchParams(search)
  params.set(name, next)
  return { link: `<${path}?${params}>; rel="next"` }
}
