/** Gamma exposure and what it says of sessions to come, over HTTP. */
import { Api, Pages as ApiPages, type Gamma as Schemas, type Problems } from "@tidemark/api"
import * as GammaRows from "@tidemark/api/GammaRows"
import { Damage, Gamma, Instant, OptionChain, type StoreError } from "@tidemark/core"
import { Strikes, Traps } from "@tidemark/gamma"
import { Chains, Names } from "@tidemark/gamma/history"
import { Reading } from "@tidemark/runtime"
import { Effect, Option, Schema } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Needs } from "../Jobs.ts"
import * as Answer from "./Answer.ts"
import * as Failure from "./Failure.ts"
import * as Pages from "./Pages.ts"

type Range = { readonly start?: number; readonly end?: number }
type Page = { readonly after?: string; readonly limit?: number; readonly last?: number }
type Which = {
  readonly symbol: string
  readonly source?: string
  readonly method?: Gamma.Method
  readonly provenance?: ReadonlyArray<Gamma.Origin>
}

/** A text that databases take. */
const text = Schema.String.check(Schema.isPattern(/^[^\0]*$/))

/** Moment or day, symbol, source, method; of a day its origin too. */
const keyParts = [Schema.Finite, text, text, text] as const
const dayParts = [...keyParts, text] as const

const dayMillis = 86_400_000

const keyOf = ({ at, method, source, symbol }: Gamma.Place): Pages.Key => [Pages.instant(at), symbol, source, method]

const intervalOf = ({ end, start }: Range) => ({
  from: start ?? Damage.everything.from,
  to: end ?? Damage.everything.to
})

/** The first part of a key, within what there are dates for. */
const momentOf = ([first]: Pages.Key): number =>
  Math.min(Math.max(Number(first), Damage.everything.from), Damage.everything.to)

const placeOf = (key: Pages.Key): Gamma.Place => {
  const [, symbol, source, method] = key as readonly [number, string, string, Gamma.Method]
  return { at: momentOf(key), symbol, source, method }
}

const dailyPlaceOf = (key: Pages.Key): Gamma.DailyPlace => {
  const [, symbol, source, method, origin] = key as readonly [number, string, string, Gamma.Method, Gamma.Origin]
  return { session: Instant.formatDate(momentOf(key)), symbol, source, method, origin }
}

const chosen = ({ method, provenance, source, symbol }: Which) => ({
  symbols: [Names.symbolOf(symbol)],
  origins: provenance ?? Gamma.observed,
  ...(source === undefined ? {} : { sources: [source] }),
  ...(method === undefined ? {} : { methods: [method] })
})

/** A page of rows that ascend by the parts of their keys. */
const page = Effect.fnUntraced(function* <A, After, E, R>(
  { after: behind, last, limit = ApiPages.defaultRows, ...range }: Range & Page,
  read: (
    of: Pick<Gamma.Selection<After>, "interval" | "first" | "last" | "after">
  ) => Effect.Effect<ReadonlyArray<A>, E, R>,
  keyOfRow: (row: A) => Pages.Key,
  placeOf: (key: Pages.Key) => After,
  parts: typeof keyParts | typeof dayParts = keyParts
) {
  yield* Failure.span(range)
  if (last !== undefined && behind !== undefined) {
    return yield* Failure.badRequest(
      "last is one page of the newest rows, and after goes on with the oldest; give one of them."
    )
  }
  // The newest are one page.
  if (last !== undefined) return { rows: yield* read({ interval: intervalOf(range), last }), next: null }
  const key = yield* Pages.read(parts, behind)
  const after = key === undefined ? undefined : placeOf(key)
  const rows = yield* read({ interval: intervalOf(range), first: limit + 1, after })
  return Pages.cut(rows, keyOfRow, { after: key, limit })
})

const byName = (symbol: string, origins: ReadonlyArray<Gamma.Origin>, other: Gamma.Origin): string =>
  `There is nothing of ${symbol} that is ${origins.join(" or ")}; what is ${other} has to be asked for ` +
  `by name: provenance=${other}`

/** Fails where there is nothing at any time but what nobody has asked for by name. */
const require = Effect.fnUntraced(function* (query: Which, rows: ReadonlyArray<unknown>) {
  if (rows.length > 0) return
  const { origins, ...others } = chosen(query)
  const { snapshots } = yield* Gamma.GammaStore
  const [own] = yield* snapshots({ ...others, origins, last: 1 })
  if (own !== undefined) return
  const unasked = Gamma.Origin.literals.filter((origin) => !origins.some((one) => one === origin))
  const [other] = yield* snapshots({ ...others, origins: unasked, last: 1 })
  if (other !== undefined) yield* Failure.notFound(byName(other.symbol, origins, other.origin))
})

const history = Effect.fn("api.gamma.history")(function* (query: Which & Range & Page, url: string) {
  const { snapshots } = yield* Gamma.GammaStore
  const { next, rows } = yield* page(query, (of) => snapshots({ ...chosen(query), ...of }), keyOf, placeOf)
  yield* require(query, rows)
  return Answer.json<typeof Schemas.History.Encoded>(
    { rows: rows.map(GammaRows.snapshot), next },
    Pages.link(url, "after", next)
  )
})

/** A session's place in the list; that of a row whose session is no date is before all others. */
const dayOf = ({ session }: Gamma.Daily): number =>
  Option.getOrElse(Instant.parse(session), () => Damage.everything.from)

const daily = Effect.fn("api.gamma.daily")(function* (query: Which & Range & Page, url: string) {
  const store = yield* Gamma.GammaStore
  const { next, rows } = yield* page(
    query,
    (of) => store.daily({ ...chosen(query), ...of }),
    (row) => [dayOf(row), row.symbol, row.source, row.method, row.origin],
    dailyPlaceOf,
    dayParts
  )
  yield* require(query, rows)
  return Answer.json<typeof Schemas.Days.Encoded>(
    { rows: rows.map(GammaRows.daily), next },
    Pages.link(url, "after", next)
  )
})

interface WhichChain {
  readonly symbol: string
  readonly source?: string
  readonly method?: Exclude<Gamma.Method, "model">
  readonly at?: number
  readonly provenance?: ReadonlyArray<Gamma.Origin>
}

/** Why there is no chain to look at: of other origins or another time, of a model, or none at all. */
const noChain = Effect.fnUntraced(function* ({ at, provenance = Gamma.observed, source, symbol }: WhichChain) {
  const { list } = yield* OptionChain.OptionChainStore
  const which = { symbols: [symbol], ...(source === undefined ? {} : { sources: [source] }), last: 1 }
  const until = { from: Damage.everything.from, to: at === undefined ? Damage.everything.to : at + 1 }
  const [other] = yield* list({ ...which, interval: until })
  if (other !== undefined)
    return byName(symbol, provenance, other.provenance === "synthetic" ? "synthetic" : "chain-observed")
  const none = `No option chain of ${symbol} is kept${at === undefined ? "" : ` of ${Instant.format(at)} or before`}`
  const [later] = yield* list(which)
  if (later !== undefined) return `${none}; the newest is of ${Instant.format(later.at)}`
  const [modelled] = yield* (yield* Gamma.GammaStore).snapshots({ ...which, origins: ["modelled"] })
  return (
    (modelled === undefined ? none : `${none}: its rows are modelled, and a model has no strikes`) +
    `; ask for one: tidemark gamma snapshot --symbol ${symbol}, or: tidemark gamma backfill --symbol ${symbol}`
  )
})

const profile = Effect.fn("api.gamma.profile")(function* (query: WhichChain) {
  const { at, provenance = Gamma.observed, source } = query
  // What a vendor reports is by its own gammas alone.
  const isReported = provenance.length > 0 && provenance.every((origin) => origin === "vendor-reported")
  const { method = isReported ? "vendor" : "recomputed" } = query
  const symbol = Names.symbolOf(query.symbol)
  const provenances = (["observed", "synthetic"] as const).filter((one) =>
    provenance.some((origin) => (one === "synthetic" ? origin === one : Gamma.observed.some((seen) => seen === origin)))
  )
  const found = yield* Chains.newest({ symbol, source, method, at, provenances, appliedBy: Reading.appliedBy }).pipe(
    Effect.catchTag("UsageError", ({ message }) => Failure.notFound(message))
  )
  if (found === undefined) return yield* Failure.notFound(yield* noChain({ ...query, symbol }))
  const { exposure, profile, snapshot } = found
  const sums = ({ call, callOpenInterest, put, putOpenInterest }: Strikes.Strike | Strikes.Expiry) => ({
    call_gex: call,
    put_gex: put,
    call_open_interest: callOpenInterest,
    put_open_interest: putOpenInterest
  })
  return Answer.json<typeof Schemas.Profile.Encoded>({
    snapshot: GammaRows.snapshot(snapshot),
    strikes:
      exposure === undefined ? [] : Strikes.byStrike(exposure).map((row) => ({ strike: row.strike, ...sums(row) })),
    expiries:
      exposure === undefined
        ? []
        : Strikes.byExpiry(exposure).map((row) => ({
            expiry: Instant.formatDate(row.expiry * dayMillis),
            ...sums(row)
          })),
    profile: profile === undefined ? [] : Array.from(profile.spot, (spot, i) => ({ spot, net_gex: profile.net[i]! }))
  })
})

interface WhichSignals extends Range {
  readonly symbols?: ReadonlyArray<string>
  readonly patterns?: ReadonlyArray<Gamma.Pattern>
  readonly outcomes?: ReadonlyArray<Gamma.Outcome>
  readonly provenance?: ReadonlyArray<Gamma.Origin>
}

const chosenSignals = ({ outcomes, patterns, provenance, symbols }: WhichSignals) => ({
  ...(outcomes === undefined ? {} : { outcomes }),
  origins: provenance ?? Gamma.observed,
  ...(symbols === undefined ? {} : { symbols: symbols.map(Names.symbolOf) }),
  ...(patterns === undefined ? {} : { patterns })
})

const signals = Effect.fn("api.gamma.signals")(function* (query: WhichSignals & Page, url: string) {
  const store = yield* Gamma.GammaStore
  const { next, rows } = yield* page(query, (of) => store.signals({ ...chosenSignals(query), ...of }), keyOf, placeOf)
  return Answer.json<typeof Schemas.Signals.Encoded>(
    { rows: rows.map(GammaRows.signal), next },
    Pages.link(url, "after", next)
  )
})

const performance = Effect.fn("api.gamma.performance")(function* (query: WhichSignals) {
  yield* Failure.span(query)
  const chosen = chosenSignals(query)
  const counts = yield* (yield* Gamma.GammaStore).counts({ ...chosen, interval: intervalOf(query) })
  return Traps.Performance.of(counts, chosen.origins).map(GammaRows.performance)
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "gamma",
  Effect.fnUntraced(function* (handlers) {
    const services = yield* Effect.context<Needs>()
    type Problem = Problems.BadRequest | Problems.NotFound
    const answered = <A, E extends Problem>(effect: Effect.Effect<A, E | StoreError.StoreError, Needs>) =>
      effect.pipe(
        Effect.provideContext(services),
        Effect.catchTag("StoreError", (error) => Failure.unavailable(error as StoreError.StoreError))
      )
    return handlers.handleAll({
      history: ({ query, request }) => answered(history(query, request.url)),
      daily: ({ query, request }) => answered(daily(query, request.url)),
      profile: ({ query }) => answered(profile(query)),
      signals: ({ query, request }) => answered(signals(query, request.url)),
      performance: ({ query }) => answered(performance(query))
    })
  })
)
