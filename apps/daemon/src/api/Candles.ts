/** Stored candles over HTTP, a page at a time: no request holds more of them in memory than a page. */
import { Api, type Candles as Wire, Problems } from "@tidemark/api"
import { Candles, Changes, Instant, Labelled, ParquetWriter, type StoreError, Timeframe, Wording } from "@tidemark/core"
import { Csv, Json, Market } from "@tidemark/reader"
import { Reading, Runtime } from "@tidemark/runtime"
import { Clock, Effect, FileSystem, Stream } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Failure from "./Failure.ts"
import * as Pages from "./Pages.ts"
import * as Remembered from "./Remembered.ts"

const defaultRows = 5_000

type Query = {
  readonly [K in "symbol" | "timeframe"]: (typeof Wire.query)[K]["Type"]
} & { readonly [K in Exclude<keyof typeof Wire.query, "symbol" | "timeframe">]?: (typeof Wire.query)[K]["Type"] }

/** How a message names what can be changed about a request. */
const inQuery: Wording.Wording = (option, value) => {
  const name = option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return value === undefined ? `\`${name}\`` : `\`${name}=${typeof value === "object" ? value.join() : String(value)}\``
}

/** Rows that follow one another, and where the next ones begin. */
interface Page {
  readonly rows: ReadonlyArray<Labelled.Labelled>
  readonly next: number | undefined
}

const cut = (labelled: Labelled.Labelled, rows: number): Labelled.Labelled => ({
  ...labelled,
  candles: Candles.slice(labelled.candles, 0, rows)
})

/** The first `limit` rows. */
const pageOf = Effect.fnUntraced(function* (part: Market.Part, limit: number) {
  let count = 0
  // One row more than fits says where the next page begins.
  const batches = yield* part.rows(part.interval).pipe(
    Stream.takeUntil(({ candles }) => (count += Candles.length(candles)) > limit),
    Stream.runCollect
  )
  let left = limit
  const rows: Array<Labelled.Labelled> = []
  for (const batch of batches) {
    const size = Candles.length(batch.candles)
    if (size > left) {
      if (left > 0) rows.push(cut(batch, left))
      const page: Page = { rows, next: batch.candles.openTime[left]! }
      return page
    }
    if (size > 0) rows.push(batch)
    left -= size
  }
  const page: Page = { rows, next: undefined }
  return page
})

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)
const numbers = (column: Float64Array): ReadonlyArray<number | null> => Array.from(column, orNull)

const columnsOf = ({ candles, labels }: Labelled.Labelled): Wire.Columns => ({
  ...Labelled.texts(labels),
  timeframe: labels.series.timeframe,
  provenance: labels.provenance,
  open_time: [...candles.openTime],
  open: numbers(candles.open),
  high: numbers(candles.high),
  low: numbers(candles.low),
  close: numbers(candles.close),
  volume: numbers(candles.volume),
  quote_volume: candles.quoteVolume === undefined ? null : numbers(candles.quoteVolume),
  trades: candles.trades === undefined ? null : numbers(candles.trades)
})

const collect = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(Stream.runCollect(bytes), (chunks) => Buffer.concat(chunks))

const parquet = Effect.fnUntraced(
  function* (part: Market.Part, { rows }: Page) {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "tidemark-" }))
    const path = `${folder}/candles.parquet`
    const writer = yield* ParquetWriter.ParquetWriter
    yield* writer.write({ path, partitioned: false }, [{ labels: part.labels, rows: Stream.fromIterable(rows) }])
    return yield* Effect.orDie(fs.readFile(path))
  },
  Effect.scoped,
  Effect.provide(Runtime.parquetWriter)
)

/** A page as something other than JSON; the header says where the next one is. */
const asFile = Effect.fnUntraced(function* (
  format: "csv" | "arrow" | "parquet",
  part: Market.Part,
  page: Page,
  url: string
) {
  const headers = Pages.link(url, "start", page.next === undefined ? null : Instant.format(page.next))
  const rows = Stream.fromIterable(page.rows)
  if (format === "csv") {
    const body = yield* collect(Csv.encode(rows))
    return HttpServerResponse.uint8Array(body, { contentType: "text/csv; charset=utf-8", headers })
  }
  if (format === "arrow") {
    const Arrow = yield* Effect.promise(() => import("@tidemark/reader/Arrow"))
    const body = yield* collect(Arrow.encode("stream", part.allLabels)(rows))
    return HttpServerResponse.uint8Array(body, { contentType: "application/vnd.apache.arrow.stream", headers })
  }
  const body = yield* parquet(part, page)
  return HttpServerResponse.uint8Array(body, { contentType: "application/vnd.apache.parquet", headers })
})

/** JSON by hand: a schema that looks at every number of a page takes longer than the page. */
const asJson = Effect.fnUntraced(function* (layout: "columns" | "rows", page: Page, problems: ReadonlyArray<string>) {
  const rest = JSON.stringify({ next: page.next === undefined ? null : Instant.format(page.next), problems })
  const content =
    layout === "columns"
      ? `"columns":${JSON.stringify(page.rows.map(columnsOf))}`
      : `"rows":${(yield* collect(Json.encode(Stream.fromIterable(page.rows)))).toString("utf8").trim()}`
  return HttpServerResponse.text(`{${content},${rest.slice(1)}`, { contentType: "application/json" })
})

const open = Effect.fnUntraced(function* (query: Query, limit: number) {
  const { start: from, end: to } = query
  yield* Failure.span(query)
  const { parts, problems } = yield* Market.open({
    symbols: [query.symbol],
    timeframes: [query.timeframe],
    source: query.source,
    from,
    to,
    include: query.include === undefined ? [] : [query.include],
    adjust: query.adjust,
    actionsFrom: query.actions_from,
    asOf: query.as_of,
    resample: query.resample,
    fillFrom: query.fill_from,
    appliedBy: Reading.appliedBy,
    // Of a page: what it costs does not grow with all that lies behind it.
    damage: "later",
    batchRows: Math.min(limit + 1, 65_536)
  }).pipe(
    Effect.catchTags({
      Ambiguous: (error) => Effect.fail(Failure.badRequest(error.messageIn(inQuery))),
      Unfit: (error) => Effect.fail(Failure.badRequest(error.message))
    })
  )
  const told = problems.map((one) => Wording.messageOf(one, inQuery))
  if (parts.length === 0) return yield* Failure.notFound(told.join("; "))
  const isRefused = problems.length > 0 && (query.allow_gaps !== true || !problems.every(Market.isGap))
  if (isRefused) return yield* new Problems.Incomplete({ detail: told[0]!, problems: told })
  return { part: parts[0]!, problems: told }
})

/** A page as it is answered; `url`: the question's, for the link to the next. */
export const page = Effect.fn("api.candles")(function* (query: Query, url: string) {
  const limit = query.limit ?? defaultRows
  const { part, problems } = yield* open(query, limit)
  const rows = yield* pageOf(part, limit)
  const damaged = yield* part.damaged({ ...part.interval, to: rows.next ?? part.interval.to })
  if (damaged.length > 0) {
    const told = damaged.map((one) => Wording.messageOf(one, inQuery))
    return yield* new Problems.Incomplete({ detail: told[0]!, problems: told })
  }
  const { format = "json", layout = "columns" } = query
  return format === "json" ? yield* asJson(layout, rows, problems) : yield* asFile(format, part, rows, url)
})

/** What keeps rows from being given out once some were read. */
const failed = (error: { readonly message: string }) =>
  Effect.fail(new Problems.Incomplete({ detail: error.message, problems: [error.message] }))

const minuteMillis = 60_000
const coarseMillis = 5 * minuteMillis

/** What has closed moves on with time: candles of five minutes and longer close at whole five minutes, on every market. */
const momentOf = ({ timeframe }: Query) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const length = Timeframe.nominalMillis(timeframe)
    return Math.floor(now / (length >= coarseMillis ? coarseMillis : Math.min(length, minuteMillis)))
  })

const topicsOf = ({ symbol }: Query): ReadonlyArray<Changes.Topic> => [
  ...Changes.of("candles", [symbol]),
  ...Changes.of("gaps", [symbol]),
  "symbols",
  "actions"
]

export const layer = HttpApiBuilder.group(
  Api.Api,
  "candles",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    const remembered = yield* Remembered.make
    return handlers.handle("page", ({ query, request }) =>
      Effect.flatMap(momentOf(query), (moment) =>
        // The address is in the link to the next page.
        remembered({ asked: ["candles", request.url, moment], topics: topicsOf(query) }, page(query, request.url))
      ).pipe(
        Effect.provideContext(services),
        Effect.catchTags({
          StoreError: (error: StoreError.StoreError) => Failure.unavailable(error),
          UsageError: Failure.unusable,
          ReaderError: failed
        })
      )
    )
  })
)
