/** Regimes that have been derived, over HTTP. */
import { Api, type Regimes } from "@tidemark/api"
import { type Changes, DerivedStore, Instant, Instrument, Series, SymbolStore } from "@tidemark/core"
import * as Annual from "@tidemark/features/Annual"
import * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import * as History from "@tidemark/regime/History"
import * as Performance from "@tidemark/regime/Performance"
import * as Transitions from "@tidemark/regime/Transitions"
import { type ApiSettings, Reading } from "@tidemark/runtime"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Answer from "./Answer.ts"
import * as Failure from "./Failure.ts"
import * as RegimeKinds from "./RegimeKinds.ts"
import * as Remembered from "./Remembered.ts"

const defaultRows = 1_000

interface Which {
  readonly symbol: string
  readonly source?: string
  readonly profile?: "classic" | "causal"
}

type Range = { readonly start?: number; readonly end?: number }

const labels = ({ method }: RegimeKinds.Kind, { provenance, series, version }: DerivedStore.Newest) => ({
  ...series,
  provenance,
  method: method.id,
  method_version: version
})

/** A row by the names of its columns. */
const rowOf = ({ table }: RegimeKinds.Kind, rows: DerivedStore.Rows, i: number): Regimes.RegimeRow => {
  const cell = (column: number): readonly [string, number | string | null] => {
    const { kind, name } = table.columns[column]!
    const value = rows.columns[column]![i]!
    if (typeof value !== "number") return [name, value]
    return [name, Number.isNaN(value) ? null : kind === "time" ? Instant.format(value) : value]
  }
  const { regime = null, ...values } = Object.fromEntries(table.columns.map((_, column) => cell(column)))
  return {
    timestamp: rows.openTime[i]!,
    known_at: rows.knownAt[i]!,
    regime: regime as string | null,
    reason: rows.reasons[i] ?? null,
    values
  }
}

/** A row as it goes over the wire. */
const timed = <Row extends Pick<Regimes.RegimeRow, "timestamp" | "known_at">>(row: Row) => ({
  ...row,
  timestamp: Instant.format(row.timestamp),
  known_at: Instant.format(row.known_at)
})

/** Of several sources the one that the symbol's list prefers; what was observed before anything else. */
const prefer = Effect.fnUntraced(function* (found: ReadonlyArray<DerivedStore.Newest>) {
  const observed = found.filter(({ provenance }) => provenance === "observed")
  const some = observed.length > 0 ? observed : found
  if (some.length < 2) return some[0]
  const symbol = some[0]!.series.symbol
  const instrument = (yield* (yield* SymbolStore.SymbolStore).list).find((one) => one.symbol === symbol)
  const preferred = instrument?.sources.map(({ source }) => some.find(({ series }) => series.source === source))
  const first = preferred?.find((one) => one !== undefined)
  if (first !== undefined) return first
  const sources = some.map(({ series }) => series.source).join(", ")
  return yield* Failure.badRequest(`There are regimes of ${symbol} from ${sources}; name one with \`source\`.`)
})

/** The newest row of a symbol. */
const newest = Effect.fnUntraced(function* (kind: RegimeKinds.Kind, { source, symbol }: Which) {
  const derived = yield* DerivedStore.DerivedStore
  const found = yield* prefer(
    yield* derived.newest(kind.table, kind.method, { symbols: [symbol], timeframes: [kind.timeframe], source })
  )
  if (found !== undefined) return found
  const first = Instrument.assetClassOf(symbol) === "crypto" ? "binance" : "yahoo"
  return yield* Failure.notFound(
    `No ${kind.method.id} regime of ${symbol} is derived; fetch its candles: tidemark backfill --symbols ${symbol} ` +
      `--timeframes ${kind.timeframe} --years 20 --source ${source ?? first}; then: ${kind.command} ${symbol}`
  )
})

const current = Effect.fn("api.regime.current")(function* (name: Regimes.Kind, which: Which) {
  const kind = RegimeKinds.of(name, which.profile)
  const found = yield* newest(kind, which)
  return { ...labels(kind, found), ...rowOf(kind, found.rows, 0) }
})

/** Before anything was traded that anybody keeps candles of. */
const beginning = -5_364_662_400_000

const history = Effect.fn("api.regime.history")(function* (
  name: Regimes.Kind,
  which: Which & Range & { readonly limit?: number }
) {
  yield* Failure.span(which)
  const kind = RegimeKinds.of(name, which.profile)
  const derived = yield* DerivedStore.DerivedStore
  const found = yield* newest(kind, which)
  const interval = { from: which.start ?? beginning, to: which.end ?? found.rows.openTime[0]! + 1 }
  const limit = which.limit ?? defaultRows
  // One row more than fits says where the next page begins.
  const rows = yield* derived.read(kind.table, kind.method, found.series, interval, limit + 1)
  const next = rows.openTime[limit]
  return Answer.json<typeof Regimes.History.Encoded>({
    ...labels(kind, found),
    rows: Array.from({ length: Math.min(limit, rows.openTime.length) }, (_, i) => timed(rowOf(kind, rows, i))),
    next: next === undefined ? null : Instant.format(next)
  })
})

/** What is stored of the regimes of a symbol, beside its candles, and figures of both. */
const performance = Effect.fn("api.regime.performance")(function* (name: Regimes.Kind, which: Which & Range) {
  yield* Failure.span(which)
  const kind = RegimeKinds.of(name, which.profile)
  const derived = yield* DerivedStore.DerivedStore
  const found = yield* newest(kind, which)
  const key = Series.key(found.series)
  const { source, symbol, timeframe } = found.series
  const [input] = yield* Inputs.of({
    of: { symbols: [symbol], timeframes: [timeframe], source },
    choose: (series) => Series.key(series) === key,
    appliedBy: Reading.appliedBy
  })
  if (input === undefined) return yield* Failure.notFound(`The candles of ${key} are gone.`)
  const range = { from: which.start, to: which.end }
  const interval = Inputs.within(input, range)
  const rows =
    interval === undefined
      ? Derivation.noRows(kind.table)
      : yield* derived.read(kind.table, kind.method, found.series, interval)
  const story = yield* History.of(input, kind.table, rows, range)
  const regimes = story.words["regime"]!
  const transitions = Transitions.of(kind.labels, regimes)
  const figures = Performance.byRegime(kind.labels, {
    close: story.close,
    regimes: History.inTime(story, regimes),
    barsPerYear: Annual.barsPerYear(input.calendar, kind.timeframe)
  })
  return {
    ...labels(kind, found),
    performance: Object.fromEntries(
      Object.entries(figures).map(([label, { maxDrawdown, ...rest }]) => [
        label,
        { ...rest, max_drawdown: maxDrawdown }
      ])
    ),
    share: transitions.share,
    transitions: transitions.counts,
    switches: transitions.switches
  }
})

const distribution = Effect.fn("api.regime.distribution")(function* (
  name: Regimes.Kind,
  { profile, source }: Pick<Which, "source" | "profile">
) {
  const kind = RegimeKinds.of(name, profile)
  const derived = yield* DerivedStore.DerivedStore
  const all = yield* derived.newest(kind.table, kind.method, { timeframes: [kind.timeframe], source })
  const symbols = all.map((one) => {
    const { regime, timestamp } = rowOf(kind, one.rows, 0)
    return { ...labels(kind, one), timestamp, regime }
  })
  const count = (label: string) => symbols.filter(({ regime }) => regime === label).length
  return {
    kind: name,
    counts: Object.fromEntries(kind.labels.map((label) => [label, count(label)])),
    symbols
  }
})

const allocation = Effect.fn("api.regime.allocation")(function* (
  name: string,
  policies: typeof ApiSettings.Policies.Type
) {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (policy === undefined) {
    const known = Object.keys(policies)
    return yield* Failure.notFound(
      `There is no policy "${name}"; ` +
        (known.length === 0 ? "name one in the section `policies` of tidemark.json." : `there is: ${known.join(", ")}.`)
    )
  }
  const row = yield* current(policy.kind, policy)
  const { known_at, method, method_version, provenance, reason, regime, source, symbol, timeframe, timestamp } = row
  if (regime === null) return yield* Failure.notFound(`${symbol} has no regime at the moment: ${reason}.`)
  const weights = Object.hasOwn(policy.weights, regime) ? policy.weights[regime] : undefined
  if (weights === undefined) {
    return yield* Failure.notFound(`${symbol} is ${regime}, and the policy "${name}" has no weights for that.`)
  }
  const labels = { source, symbol, timeframe, provenance, method, method_version }
  return { policy: name, ...labels, timestamp, known_at, regime, weights }
})

/** What regimes are told from: which source is meant, the list of symbols says. */
const topics: ReadonlyArray<Changes.Topic> = ["derived", "symbols"]

export const layer = (policies: typeof ApiSettings.Policies.Type) =>
  HttpApiBuilder.group(
    Api.Api,
    "regimes",
    Effect.fnUntraced(function* (handlers) {
      const services = yield* Effect.context<Needs>()
      const remembered = yield* Remembered.make
      return handlers.handleAll({
        current: ({ params, query }) =>
          remembered(
            { asked: ["current", params, query], topics },
            Effect.map(current(params.kind, query), (row) => Answer.json<typeof Regimes.Current.Encoded>(timed(row)))
          ).pipe(Effect.provideContext(services), Effect.catchTag("StoreError", Failure.unavailable)),
        history: ({ params, query }) =>
          remembered({ asked: ["history", params, query], topics }, history(params.kind, query)).pipe(
            Effect.provideContext(services),
            Effect.catchTag("StoreError", Failure.unavailable)
          ),
        performance: ({ params, query }) =>
          performance(params.kind, query).pipe(
            Effect.provideContext(services),
            Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })
          ),
        distribution: ({ params, query }) =>
          distribution(params.kind, query).pipe(
            Effect.provideContext(services),
            Effect.catchTag("StoreError", Failure.unavailable)
          ),
        allocation: ({ params }) =>
          allocation(params.policy, policies).pipe(
            Effect.provideContext(services),
            Effect.catchTag("StoreError", Failure.unavailable)
          )
      })
    })
  )
