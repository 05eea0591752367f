/**
 * Candles of a daemon, a page at a time: what is asked for is looked at first,
 * and nothing is read while something keeps it from being whole.
 */
import type { Candles as Wire } from "@tidemark/api"
import { type Adjustment, type Labelled, Provenance, type Timeframe } from "@tidemark/core"
import { Effect, Option, Stream } from "effect"
import * as Chosen from "./Chosen.ts"
import type * as Remote from "./Remote.ts"

type Query = { readonly [K in "symbol" | "timeframe"]: (typeof Wire.query)[K]["Type"] } & {
  readonly [K in Exclude<keyof typeof Wire.query, "symbol" | "timeframe">]?: (typeof Wire.query)[K]["Type"]
}

export interface Request {
  /** None: every one that is stored. */
  readonly symbols: ReadonlyArray<string>
  readonly timeframes: ReadonlyArray<Timeframe.Timeframe>
  /** All else that is asked of each. */
  readonly query: Omit<Query, "symbol" | "timeframe">
}

/** Rows of a page: few enough to be in memory, many enough that asking takes no time beside reading. */
const rowsOfPage = 20_000

type Pair = Pick<Query, "symbol" | "timeframe">

/** Which symbols and timeframes: those that are named, and of what is not named those that are stored. */
const pairsOf = Effect.fnUntraced(function* (client: Remote.Asking, { query, symbols, timeframes }: Request) {
  const source = Option.fromNullishOr(query.source)
  const stored = yield* client.coverage.coverage({ query: Chosen.selection({ symbols, timeframes }, source) })
  const given = stored.filter(({ provenance }) => provenance === "observed" || provenance === query.include)
  // Where nothing of it is given out unasked, the daemon says so.
  const found = symbols.length > 0 || given.length === 0 ? stored : given
  const pairs = new Map<string, Pair>()
  for (const { symbol, timeframe } of found) pairs.set(`${symbol} ${timeframe}`, { symbol, timeframe })
  for (const name of Chosen.absent(
    { symbols, timeframes },
    stored.map((one) => ({ series: one }))
  )) {
    const [symbol, timeframe] = name.split(" ") as [string, Timeframe.Timeframe | undefined]
    pairs.set(name, { symbol, timeframe: timeframe ?? "1d" })
  }
  return [...pairs.values()]
})

const column = (values: ReadonlyArray<number | null>): Float64Array =>
  Float64Array.from(values, (value) => value ?? Number.NaN)

const toLabelled = ({ adjustment, provenance, source, symbol, timeframe, ...columns }: Wire.Columns) => {
  const labelled: Labelled.Labelled = {
    labels: { series: { source, symbol, timeframe }, provenance, adjustment: adjustment as Adjustment.Applied },
    candles: {
      openTime: Float64Array.from(columns.open_time),
      open: column(columns.open),
      high: column(columns.high),
      low: column(columns.low),
      close: column(columns.close),
      volume: column(columns.volume),
      ...(columns.quote_volume === null ? {} : { quoteVolume: column(columns.quote_volume) }),
      ...(columns.trades === null ? {} : { trades: column(columns.trades) })
    }
  }
  return labelled
}

const adjustments: ReadonlyArray<Adjustment.Applied> = ["none", "splits", "splits-and-dividends"]

/** All that rows can say of themselves: where another source stands in, whatever that can have. */
const allLabels = (labels: Labelled.Labels, fillFrom: string | undefined): ReadonlyArray<Labelled.Labels> =>
  fillFrom === undefined
    ? [labels]
    : [
        labels,
        ...Provenance.Provenance.literals.flatMap((provenance) =>
          adjustments.map((adjustment) => ({
            series: { ...labels.series, source: fillFrom },
            provenance,
            adjustment
          }))
        )
      ]

const isColumns = (page: unknown): page is Wire.ColumnPage =>
  typeof page === "object" && page !== null && "columns" in page

const ask = Effect.fnUntraced(function* (client: Remote.Asking, query: Query) {
  const page = yield* client.candles.page({ query: { ...query, format: "json", layout: "columns" } })
  return isColumns(page) ? page : yield* Effect.die("a page of columns has none")
})

/** Looks at each symbol and timeframe; rows are read when they are wanted, ascending. */
export const open = Effect.fnUntraced(function* (client: Remote.Asking, request: Request) {
  const pages = (query: Query) =>
    Stream.paginate(query, (query) =>
      Effect.map(
        ask(client, query),
        ({ columns, next }) =>
          [columns.map(toLabelled), next === null ? Option.none() : Option.some({ ...query, start: next })] as const
      )
    )
  const look = Effect.fnUntraced(function* (pair: Pair) {
    const query: Query = { ...request.query, ...pair }
    const { columns, problems } = yield* ask(client, { ...query, limit: 1 })
    const told: ReadonlyArray<string> = problems
    const parts = columns.slice(0, 1).map((one) => {
      const { labels } = toLabelled(one)
      return {
        labels,
        allLabels: allLabels(labels, request.query.fill_from),
        rows: pages({ ...query, limit: rowsOfPage })
      }
    })
    return { parts, problems: told, isAbsent: false, isRefused: false }
  })
  const looked = yield* Effect.forEach(yield* pairsOf(client, request), (pair) =>
    look(pair).pipe(
      Effect.catchTags({
        NotFound: ({ message }) => Effect.succeed({ parts: [], problems: [message], isAbsent: true, isRefused: false }),
        Incomplete: ({ problems }) => Effect.succeed({ parts: [], problems, isAbsent: false, isRefused: true })
      })
    )
  )
  return {
    parts: looked.flatMap(({ parts }) => parts),
    problems: looked.flatMap(({ problems }) => problems),
    /** Whether something is not there at all. */
    isAbsent: looked.some(({ isAbsent }) => isAbsent),
    /** Whether something is not given out as it is. */
    isRefused: looked.some(({ isRefused }) => isRefused)
  }
})
