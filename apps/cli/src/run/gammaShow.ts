/** The work of `tidemark gamma show` and `tidemark gamma plot`: what is stored. */
import * as GammaRows from "@tidemark/api/GammaRows"
import { UsageError } from "@tidemark/backfill"
import { Damage, Gamma, Instant, OptionChain, SymbolStore } from "@tidemark/core"
import { Strikes } from "@tidemark/gamma"
import { Chains, Names } from "@tidemark/gamma/history"
import { Reading, Universe } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as GammaPlot from "../view/GammaPlot.ts"
import * as GammaView from "../view/GammaView.ts"
import * as Include from "./Include.ts"
import * as Plot from "./Plot.ts"
import * as Remote from "./Remote.ts"
import { instant, toSpan } from "./Range.ts"
import { checkSources, print, withRuntime, withStores } from "./Session.ts"

interface Selected {
  readonly symbol: string
  readonly source: Option.Option<string>
  readonly method: Option.Option<Gamma.Method>
  readonly include: Option.Option<string>
}

export interface ShowInput extends Selected, SpanFlags {
  readonly last: number
  readonly daily: boolean
}

export interface PlotInput extends Selected {
  readonly at: Option.Option<string>
  readonly out: string
}

/** Whose chain, and by which method. */
interface Chain {
  readonly method: Exclude<Gamma.Method, "model">
  readonly source: string | undefined
}

const selection = Effect.fnUntraced(function* ({ include, method, source, symbol }: Selected) {
  return {
    symbols: [Names.symbolOf(symbol)],
    origins: yield* Include.origins(include),
    ...(Option.isNone(source) ? {} : { sources: [source.value] }),
    ...(Option.isNone(method) ? {} : { methods: [method.value] })
  }
})

/** Rows of a list that ends with the newest. */
const newest = <A>(rows: ReadonlyArray<A>, last: number): ReadonlyArray<A> => rows.slice(-last)

/** What makes rows, where there are none. */
export const wayOut = (symbol: string): string =>
  `tidemark gamma snapshot --symbol ${symbol}, or: tidemark gamma backfill --symbol ${symbol} --days 365`

const sayNone = Effect.fnUntraced(function* (chosen: Effect.Success<ReturnType<typeof selection>>) {
  const { snapshots } = yield* Gamma.GammaStore
  const [other] = yield* snapshots({ ...chosen, origins: Include.rest(chosen.origins), last: 1 })
  const { origins, symbols } = chosen
  const [newest] = yield* snapshots({ symbols, origins, last: 1 })
  const [symbol] = symbols
  const otherwise =
    newest === undefined
      ? `no gamma snapshots of ${symbol} are stored; make some: ${wayOut(symbol!)}`
      : `no gamma snapshots of ${symbol} are stored of this time, source and method; the newest is of ` +
        `${Instant.format(newest.at)}, ${newest.method}, from ${newest.source}`
  return Include.sayNone(chosen.origins, other?.origin, otherwise)
})

/** Days or rows, as the flags say, and the models that rows are of. */
const read = Effect.fnUntraced(function* (
  chosen: Effect.Success<ReturnType<typeof selection>> & Pick<Gamma.Selection, "interval">,
  { daily, last }: Pick<ShowInput, "daily" | "last">
) {
  const store = yield* Gamma.GammaStore
  if (daily) {
    const days = newest(yield* store.daily(chosen), last)
    return { days, none: days.length === 0 ? yield* sayNone(chosen) : undefined }
  }
  const rows = yield* store.snapshots({ ...chosen, last })
  const models = rows.some(({ model }) => model !== null) ? yield* store.models(chosen.symbols[0]!) : []
  return { rows, models, none: rows.length === 0 ? yield* sayNone(chosen) : undefined }
})

/** The same of a daemon, which names no models. */
const ask = Effect.fnUntraced(function* (
  client: Remote.Asking,
  chosen: Effect.Success<ReturnType<typeof selection>>,
  span: { readonly from?: number | undefined; readonly to?: number | undefined },
  { daily, last, method, source }: ShowInput
) {
  const query = {
    symbol: chosen.symbols[0]!,
    provenance: chosen.origins,
    last,
    ...(Option.isNone(source) ? {} : { source: source.value }),
    ...(Option.isNone(method) ? {} : { method: method.value }),
    ...Remote.span(span)
  }
  const none = `no gamma snapshots of ${query.symbol} are stored there`
  const nothing = {
    NotFound: ({ detail = none }: { readonly detail?: string }) =>
      Effect.succeed({ rows: [], none: Include.ofDaemon(detail) })
  }
  const sayNone = <Row>(rows: ReadonlyArray<Row>) => ({ rows, none: rows.length === 0 ? none : undefined })
  if (daily) {
    const found = yield* client.gamma.daily({ query }).pipe(
      Effect.map(({ rows }) => sayNone(rows.map(GammaRows.toDaily))),
      Effect.catchTags(nothing)
    )
    return { days: found.rows, none: found.none }
  }
  const found = yield* client.gamma.history({ query }).pipe(
    Effect.map(({ rows }) => sayNone(rows.map(GammaRows.toSnapshot))),
    Effect.catchTags(nothing)
  )
  return { rows: found.rows, models: [], none: found.none }
})

export const show = Effect.fnUntraced(function* (input: ShowInput) {
  yield* checkSources(input.source)
  if (input.last < 1)
    return yield* new UsageError.UsageError({ message: `--last must be at least 1, got ${input.last}` })
  const span = yield* toSpan(input)
  const { from = Damage.everything.from, to = Damage.everything.to } = span
  const chosen = yield* selection(input)
  const found = yield* Remote.either({
    local: read({ ...chosen, interval: { from, to } }, input).pipe(withStores("read")),
    remote: (client) => ask(client, chosen, span, input)
  })
  yield* found.days === undefined
    ? print({
        json: () => GammaView.toJson(found.rows, found.models),
        text: () => GammaView.toText(found.rows, found.models)
      })
    : print({ json: () => found.days.map(GammaRows.daily), text: () => GammaView.dailyText(found.days) })
  if (found.none === undefined) return
  yield* Console.error(`tidemark: ${found.none}`)
  yield* exitWith(3)
})

/** Why there is nothing to draw: what is kept was not asked for by name, is of a model, or there is nothing. */
const noChain = Effect.fnUntraced(function* (chosen: Effect.Success<ReturnType<typeof selection>>, at?: number) {
  const { origins, symbols } = chosen
  const [symbol] = symbols
  const which = { symbols, ...(chosen.sources === undefined ? {} : { sources: chosen.sources }), last: 1 }
  const interval = { from: Damage.everything.from, to: at === undefined ? Damage.everything.to : at + 1 }
  const [other] = yield* (yield* OptionChain.OptionChainStore).list({ ...which, interval })
  const [modelled] = yield* (yield* Gamma.GammaStore).snapshots({ ...which, origins: ["modelled"], interval })
  const none =
    `no option chain of ${symbol}` +
    (chosen.sources === undefined ? "" : ` from ${chosen.sources.join(", ")}`) +
    (at === undefined ? " is kept" : ` at or before ${Instant.format(at)} is kept`) +
    (modelled === undefined ? "" : "; its rows are modelled, and a model has no strikes to draw") +
    `; make one: ${wayOut(symbol!)}`
  return Include.sayNone(origins, other === undefined ? undefined : "synthetic", none)
})

/** What there is to draw, of the chain that is kept here. */
const draw = Effect.fnUntraced(function* (
  chosen: Effect.Success<ReturnType<typeof selection>>,
  { method, source }: Chain,
  at: number | undefined
) {
  const [symbol] = chosen.symbols as [string]
  const instrument = Universe.instrumentOf(symbol, yield* (yield* SymbolStore.SymbolStore).list)
  const drawn = yield* Chains.newest({
    symbol,
    source,
    method,
    at,
    provenances: ["observed", ...(chosen.origins.includes("synthetic") ? (["synthetic"] as const) : [])],
    preferred: instrument.sources.map(({ source }) => source),
    appliedBy: Reading.appliedBy
  })
  if (drawn === undefined) return { none: yield* noChain(chosen, at) }
  const { exposure, profile, snapshot } = drawn
  return { snapshot, profile, strikes: exposure === undefined ? [] : Strikes.byStrike(exposure) }
}, withRuntime("read"))

const toProfile = (rows: ReadonlyArray<{ readonly spot: number; readonly net_gex: number }>) =>
  rows.length === 0
    ? undefined
    : { spot: Float64Array.from(rows, ({ spot }) => spot), net: Float64Array.from(rows, ({ net_gex }) => net_gex) }

/** The same of a daemon. */
const askToDraw = Effect.fnUntraced(function* (
  client: Remote.Asking,
  { origins, symbols }: Effect.Success<ReturnType<typeof selection>>,
  { method, source }: Chain,
  at: number | undefined
) {
  const query = {
    symbol: symbols[0]!,
    method,
    provenance: origins,
    ...(source === undefined ? {} : { source }),
    ...(at === undefined ? {} : { at })
  }
  return yield* client.gamma.profile({ query }).pipe(
    Effect.map(({ profile, snapshot, strikes }) => ({
      snapshot: GammaRows.toSnapshot(snapshot),
      profile: toProfile(profile),
      strikes: strikes.map(GammaRows.toStrike)
    })),
    Effect.catchTags({
      NotFound: ({ detail }: { readonly detail?: string }) =>
        Effect.succeed({
          none: detail === undefined ? `no option chain of ${query.symbol} is kept there` : Include.ofDaemon(detail)
        })
    })
  )
})

export const plot = Effect.fnUntraced(function* (input: PlotInput) {
  yield* Plot.formatOf(input.out, "out")
  yield* checkSources(input.source)
  const method = Option.getOrElse(input.method, () => "recomputed" as const)
  if (method === "model") {
    return yield* new UsageError.UsageError({
      message: "--method model: a model has no strikes to draw; draw a chain: --method recomputed, implied or vendor"
    })
  }
  const at = yield* instant("at", input.at)
  const chosen = yield* selection(input)
  const chain = { method, source: Option.getOrUndefined(input.source) }
  const drawn = yield* Remote.either({
    local: draw(chosen, chain, at),
    remote: (client) => askToDraw(client, chosen, chain, at)
  })
  if ("none" in drawn) {
    yield* Console.error(`tidemark: ${drawn.none}`)
    return yield* exitWith(3)
  }
  const { profile, snapshot, strikes } = drawn
  if (profile !== undefined) {
    yield* Plot.write(input.out, GammaPlot.charts({ profile, snapshot, strikes }))
  } else {
    yield* Console.error(`tidemark: there is nothing to draw: ${snapshot.reason}; ${input.out} is not written`)
  }
  yield* print({ json: () => GammaRows.snapshot(snapshot), text: () => GammaView.toText([snapshot], []) })
  yield* exitWith(profile === undefined ? 3 : 0)
})
