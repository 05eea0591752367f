/**
 * Asks a source a few small things, for real, and compares its answers with
 * what the contract promises. Reads only, a dozen requests at most, through
 * the one door and so within the budget.
 */
import {
  Calendar,
  Candles,
  Instant,
  Instrument,
  Interval,
  type Series,
  type Source,
  SourceError,
  Timeframe
} from "@tidemark/core"
import { Calendars } from "@tidemark/calendars"
import { Clock, Effect, Stream } from "effect"
import * as ChainCheck from "./ChainCheck.ts"
import * as Fetch from "./Fetch.ts"
import { noRequests, RequestCounter } from "./SourceHttp.ts"
import { type Registered, SourceRegistry } from "./SourceRegistry.ts"

export interface Finding {
  /** What was promised. */
  readonly promise: string
  readonly status: "ok" | "failed" | "skipped"
  /** What came. */
  readonly detail: string
}

export interface CheckReport {
  readonly source: string
  readonly symbol: string
  /** `null` for a source without candles. */
  readonly timeframe: Timeframe.Timeframe | null
  readonly requests: number
  readonly findings: ReadonlyArray<Finding>
}

export interface CheckOptions {
  readonly source: string
  /** What to ask for; what most sources of the kind have, if absent. */
  readonly symbol?: string | undefined
  readonly timeframe?: Timeframe.Timeframe | undefined
}

const candlesAsked = 40
const yearMillis = 365 * 86_400_000

/** A symbol that nobody has. */
const nobodys = (like: string): string => (like.includes("/") ? "ZQXJKV/USDT" : "ZQXJKV")

const subjectOf = (symbol: string): Source.Subject => {
  const assetClass = Instrument.assetClassOf(symbol)
  return { symbol, assetClass, calendar: Calendars.get(Instrument.calendarOf(assetClass)) }
}

const symbolFor = ({ assetClasses }: Source.Capabilities): string =>
  assetClasses.includes("equity") ? "AAPL" : assetClasses.includes("crypto") ? "BTC/USDT" : "EUR/USD"

/** `undefined` for a source without candles. */
const timeframeFor = ({ timeframes }: Source.Capabilities): Timeframe.Timeframe | undefined =>
  (["1h", "1d", "1m"] as const).find((timeframe) => timeframes.includes(timeframe)) ?? timeframes[0]

/** What the engine would get of a range. */
const fetched = Effect.fnUntraced(function* ({ id, source }: Registered, request: Source.CandlesRequest) {
  const pages: Array<Source.CandlePage> = []
  const series: Series.Series = { source: id, symbol: request.symbol, timeframe: request.timeframe }
  yield* Fetch.fetch({ source, series, request, onPage: (page) => Effect.sync(() => void pages.push(page)) })
  return Candles.concat(pages.map((page) => page.candles))
})

const wrong = (source: string, detail: string) =>
  new SourceError.SourceError({ source, reason: new SourceError.Malformed({ detail }) })

const said = (error: { readonly message: string }): string =>
  error instanceof SourceError.SourceError ? SourceError.describe(error.reason) : error.message

/** Everything that can be asked of a source; one that cannot be reached is not asked further. */
export const run = Effect.fn("SourceCheck.run")(function* (options: CheckOptions) {
  const registry = yield* SourceRegistry
  const { capabilities } = yield* registry.plugin(options.source)
  const subject = subjectOf(options.symbol ?? symbolFor(capabilities))
  const timeframe = capabilities.timeframes.length === 0 ? undefined : (options.timeframe ?? timeframeFor(capabilities))
  const findings: Array<Finding> = []
  const counter = noRequests()

  const check = Effect.fnUntraced(function* <E extends { readonly message: string }, R>(
    promise: string,
    work: Effect.Effect<string, E, R> | string
  ) {
    // A sentence says why there is nothing to check.
    if (typeof work === "string") {
      findings.push({ promise, status: "skipped", detail: work })
      return true
    }
    const result = yield* Effect.result(work)
    const ok = result._tag === "Success"
    findings.push({ promise, status: ok ? "ok" : "failed", detail: ok ? result.success : said(result.failure) })
    return ok
  })

  const asked = Effect.fnUntraced(function* (timeframe: Timeframe.Timeframe) {
    const now = yield* Clock.currentTimeMillis
    const { calendar } = subject
    const to = Calendar.closedUntil(calendar, timeframe, now - capabilities.lagMillis)
    const span = candlesAsked * Timeframe.nominalMillis(timeframe) * (calendar.id === "24/7" ? 1 : 5)
    const from = calendar.openAtOrAfter(timeframe, to - span)
    return { ...subject, timeframe, interval: { from, to } } satisfies Source.CandlesRequest
  })

  const checkChains = Effect.fnUntraced(function* (registered: Registered) {
    yield* check(ChainCheck.promise, ChainCheck.ask(registered, subject))
    const unknown = { ...subject, symbol: nobodys(subject.symbol) }
    yield* check("a symbol that it does not have is told so", ChainCheck.askForNobodys(registered, unknown))
  })

  yield* Effect.gen(function* () {
    const registered = yield* registry.get(options.source)
    const { source } = registered
    const reached = yield* check(
      "it can be reached",
      source.check === undefined ? "it has nothing to ask for that" : Effect.as(Fetch.patiently(source.check), "yes")
    )
    if (!reached) return
    if (timeframe === undefined) {
      yield* check<never, never>("it gives candles", "it has none")
      return yield* checkChains(registered)
    }
    const request = yield* asked(timeframe)
    const { interval } = request

    const gives = yield* check(
      "it gives candles: in order, possible, on the grid of the market, none outside what was asked",
      Effect.gen(function* () {
        const candles = yield* fetched(registered, request)
        const expected = request.calendar.openTimes(timeframe, interval)
        if (Candles.length(candles) === 0)
          return yield* wrong(options.source, `no candle of ${Interval.format(interval)}`)
        const grid = new Set(expected)
        const off = candles.openTime.find((open) => !grid.has(open))
        if (off !== undefined)
          return yield* wrong(options.source, `the candle of ${Instant.format(off)} is off the grid`)
        // Where a market is closed, the range reaches to its next open.
        const now = yield* Clock.currentTimeMillis
        const seen = { from: interval.from, to: Math.min(interval.to, now) }
        return `${Candles.length(candles)} of ${expected.length} in ${Interval.format(seen)}`
      })
    )

    yield* check(
      "asked in parts it gives the same",
      gives
        ? Effect.gen(function* () {
            const middle = request.calendar.openAtOrAfter(timeframe, (interval.from + interval.to) / 2)
            const parts = yield* Effect.forEach(
              [
                { from: interval.from, to: middle },
                { from: middle, to: interval.to }
              ],
              (interval) => fetched(registered, { ...request, interval })
            )
            const whole = yield* fetched(registered, request)
            return Candles.equals(Candles.concat(parts), whole)
              ? "yes"
              : yield* wrong(options.source, "other candles than asked in one go")
          })
        : "there are none"
    )

    yield* check(
      "a candle that has not closed is not among them",
      Effect.gen(function* () {
        const { calendar } = request
        const now = yield* Clock.currentTimeMillis
        const to = calendar.closeOf(timeframe, calendar.openAtOrAfter(timeframe, now))
        const pages = yield* Stream.runCollect(source.candles({ ...request, interval: { from: interval.from, to } }))
        const last = Candles.concat(pages.map((page) => page.candles)).openTime.at(-1)
        const final = Calendar.closedUntil(calendar, timeframe, yield* Clock.currentTimeMillis)
        if (last === undefined || last < final) return "yes"
        return yield* wrong(options.source, `it gives the one of ${Instant.format(last)}`)
      })
    )

    const nobody = nobodys(subject.symbol)
    yield* check(
      "a symbol that it does not have is told so",
      capabilities.hosts.length === 0
        ? "it has no list of symbols"
        : Effect.gen(function* () {
            const { sourceSymbol: _, ...rest } = request
            const result = yield* Effect.result(fetched(registered, { ...rest, symbol: nobody }))
            if (result._tag === "Success") {
              const count = Candles.length(result.success)
              return count === 0
                ? "it has none of them"
                : yield* wrong(options.source, `it has ${count === 1 ? "a candle" : `${count} candles`} of ${nobody}`)
            }
            return result.failure._tag === "SourceError" && result.failure.reason._tag === "NotListed"
              ? "yes"
              : yield* result.failure
          })
    )

    yield* check(
      "it lists what it has",
      source.instruments === undefined
        ? "it does not serve a list"
        : Effect.map(Fetch.patiently(source.instruments), (listed) => {
            const active = listed.filter((one) => one.active).length
            return `${listed.length} instruments, ${active} of them active`
          })
    )

    yield* check(
      "it gives corporate actions",
      source.actions === undefined
        ? "it does not serve them"
        : Effect.map(
            Fetch.patiently(source.actions(subject, { from: interval.to - yearMillis, to: interval.to })),
            (actions) => `${actions.length} in the last year`
          )
    )

    const isFree = capabilities.hosts.length === 0
    yield* check(
      ChainCheck.promise,
      source.optionChain === undefined
        ? "it does not serve them"
        : isFree
          ? ChainCheck.ask(registered, subject)
          : "it serves them; not asked here, where one may be many requests"
    )
  }).pipe(
    Effect.provideService(RequestCounter, counter),
    Effect.catchTag("SourceError", (error) =>
      Effect.sync(() => void findings.push({ promise: "it can be set up", status: "failed", detail: said(error) }))
    )
  )

  const report: CheckReport = {
    source: options.source,
    symbol: subject.symbol,
    timeframe: timeframe ?? null,
    requests: counter.requests,
    findings
  }
  return report
})

/** Whether nothing was found wanting. */
export const isSound = ({ findings }: CheckReport): boolean => findings.every(({ status }) => status !== "failed")
