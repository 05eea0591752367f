/**
 * The contract that every source passes, as a test suite.
 *
 * A plugin calls `suite` with its configuration, a request, and how its
 * provider answers; the suite runs it against that provider over real HTTP
 * on loopback and then makes the provider misbehave. Every case has an id. A
 * case that does not apply is skipped by its id with a reason; an id that
 * does not exist is an error, so that nothing is skipped by accident.
 */
import { assert, it } from "@effect/vitest"
import { Candles, Interval, type Source, Timeframe } from "@tidemark/core"
import { Effect, Schema, type Scope, Stream } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { layer, LoopbackProvider, type Misbehaviour, type Respond } from "./LoopbackProvider.ts"
import * as Misbehaviours from "./Misbehaviours.ts"
import * as Skips from "./Skips.ts"

export const cases = {
  C01: "pages follow one another and together answer for the whole interval",
  C02: "candles lie in the half-open interval, ascending and unique",
  C03: "an interval asked in parts gives the same candles as asked whole",
  C04: "an empty interval asks nothing and nothing is asked before the first pull",
  C05: "the same request twice gives the same candles",
  C06: "candles are possible: high and low bound the other prices, volume is not negative",
  C07: "an unfinished candle is never returned",
  C08: "capabilities are true of the source: only declared hosts are called, pages keep their size",
  C09: "a timeframe that is not supported is refused",
  C10: "an unknown symbol is NotListed",
  C11: "each status has its reason",
  C12: "a provider that makes no progress is an error, not a loop",
  C13: "interruption closes the connection",
  C14: "a truncated body is an error",
  C15: "garbage is a SourceError, never a defect and never candles",
  C16: "no secret is in any error"
} as const
export type CaseId = keyof typeof cases

export interface SuiteOptions<Config> {
  readonly plugin: Source.SourcePlugin<Config>
  /** Configuration before decoding. */
  readonly config: unknown
  /** A range in the past with data in it; more than one page of it, where there are pages. */
  readonly request: Source.CandlesRequest
  /** How the provider answers a URL of the source's; absent for a source without network. */
  readonly respond?: Respond
  /** What an unknown symbol looks like: the symbol, and how the provider says so. */
  readonly unknown?: { readonly symbol: string; readonly answer?: Misbehaviour }
  /** Values of the configuration that must never be shown. */
  readonly secrets?: ReadonlyArray<string>
  /** Cases that do not apply, each with the reason. */
  readonly skip?: Partial<Record<CaseId, string>>
}

/** Cases that need a provider to misbehave. */
const network: ReadonlyArray<CaseId> = ["C11", "C12", "C13", "C14", "C15", "C16"]

export const suite = <Config>(name: string, options: SuiteOptions<Config>): void => {
  const { plugin, request } = options
  if (plugin.capabilities.timeframes.length === 0) {
    throw new Error(`${plugin.id} has no candles, so this is not its contract; call ChainContract.suite instead`)
  }
  const skip = Skips.of("source contract", cases, options.skip)
  if (options.respond === undefined) for (const id of network) skip.set(id, "the source uses no network")
  const unsupported = Timeframe.all.find((candidate) => !plugin.capabilities.timeframes.includes(candidate))
  if (unsupported === undefined) skip.set("C09", "the source has every timeframe")
  if (options.secrets === undefined) skip.set("C16", "the source has no secrets")

  const respond: Respond = options.respond ?? (() => new Response(null, { status: 599 }))
  const { interval, timeframe } = request

  const make = Effect.gen(function* () {
    yield* TestClock.setTime(interval.to + 10 * Timeframe.nominalMillis(timeframe) + 86_400_000)
    const provider = yield* LoopbackProvider
    yield* provider.reset
    return yield* plugin.make(yield* Effect.orDie(Schema.decodeUnknownEffect(plugin.config)(options.config)))
  })
  const pagesOf = (source: Source.Source, asked: Source.CandlesRequest) => Stream.runCollect(source.candles(asked))
  const candlesOf = (source: Source.Source, asked: Source.CandlesRequest) =>
    Effect.map(pagesOf(source, asked), (pages) => Candles.concat(pages.map((page) => page.candles)))
  const failureOf = (source: Source.Source, asked: Source.CandlesRequest) =>
    Effect.flip(Stream.runDrain(source.candles(asked)))
  const misbehaving = Misbehaviours.of({ make, ask: (source) => candlesOf(source, request) })

  it.layer(layer(respond))(`source contract (${name})`, (it) => {
    const check = (
      id: CaseId,
      body: Effect.Effect<void, unknown, LoopbackProvider | HttpClient.HttpClient | Scope.Scope>
    ) => {
      const reason = skip.get(id)
      if (reason === undefined) it.effect(`${id} ${cases[id]}`, () => body)
      else it.effect.skip(`${id} ${cases[id]} (${reason})`, () => body)
    }

    check(
      "C01",
      Effect.gen(function* () {
        const pages = yield* pagesOf(yield* make, request)
        assert.isAbove(pages.length, 0)
        let at = interval.from
        for (const page of pages) {
          assert.strictEqual(page.interval.from, at)
          assert.isAbove(page.interval.to, at)
          at = page.interval.to
        }
        assert.strictEqual(at, interval.to)
      })
    )

    check(
      "C02",
      Effect.gen(function* () {
        for (const page of yield* pagesOf(yield* make, request)) {
          const { openTime } = page.candles
          assert.isTrue(openTime.every((open) => Interval.contains(page.interval, open)))
          assert.isTrue(openTime.every((open, i) => i === 0 || open > openTime[i - 1]!))
        }
      })
    )

    check(
      "C03",
      Effect.gen(function* () {
        const source = yield* make
        const whole = yield* candlesOf(source, request)
        assert.isAbove(Candles.length(whole), 10)
        const opens = whole.openTime
        const at = (share: number) => opens[Math.floor(opens.length * share)]!
        // On candle opens, and between them.
        for (const cuts of [[at(0.5)], [at(0.1), at(0.11), at(0.9)], [at(0.3) + 1, at(0.7) - 1]]) {
          const parts = yield* Effect.forEach(Interval.splitAt(interval, cuts), (part) =>
            candlesOf(source, { ...request, interval: part })
          )
          assert.isTrue(Candles.equals(Candles.concat(parts), whole), `cut at ${cuts.join(", ")}`)
        }
      })
    )

    check(
      "C04",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const before = provider.asked().length
        const stream = source.candles(request)
        const empty = yield* pagesOf(source, { ...request, interval: { from: interval.from, to: interval.from } })
        assert.deepStrictEqual(empty, [])
        assert.strictEqual(provider.asked().length, before)
        yield* stream.pipe(Stream.take(1), Stream.runDrain)
        if (options.respond !== undefined) assert.isAbove(provider.asked().length, before)
      })
    )

    check(
      "C05",
      Effect.gen(function* () {
        const source = yield* make
        assert.isTrue(Candles.equals(yield* candlesOf(source, request), yield* candlesOf(source, request)))
      })
    )

    check(
      "C06",
      Effect.gen(function* () {
        const candles = yield* candlesOf(yield* make, request)
        assert.isAbove(Candles.length(candles), 0)
        assert.isUndefined(Candles.invalidity(candles, interval))
      })
    )

    check(
      "C07",
      Effect.gen(function* () {
        const source = yield* make
        const { openTime } = yield* candlesOf(source, request)
        const last = openTime[openTime.length - 1]!
        const close = request.calendar.closeOf(timeframe, last)
        // One millisecond before the last candle closes it does not exist yet.
        yield* TestClock.setTime(close - 1)
        const pages = yield* pagesOf(source, request)
        const early = Candles.concat(pages.map((page) => page.candles))
        assert.strictEqual(Candles.length(early), openTime.length - 1)
        assert.isTrue(pages.every((page) => page.interval.to <= last))
      })
    )

    check(
      "C08",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const pages = yield* pagesOf(source, request)
        const { capabilities } = plugin
        assert.deepStrictEqual(
          provider
            .asked()
            .map((url) => url.host)
            .filter((host) => !capabilities.hosts.some(({ name }) => name === host)),
          []
        )
        assert.isTrue(
          pages.every((page) => Candles.length(page.candles) <= (capabilities.fileCandles ?? capabilities.pageSize))
        )
        assert.include(capabilities.timeframes, timeframe)
        assert.include(capabilities.assetClasses, request.assetClass)
        assert.isAtLeast(capabilities.lanes, 1)
      })
    )

    check(
      "C09",
      Effect.gen(function* () {
        const error = yield* failureOf(yield* make, { ...request, timeframe: unsupported! })
        assert.strictEqual(error.reason._tag, "Unsupported")
      })
    )

    check(
      "C10",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const unknown = options.unknown
        if (unknown === undefined) return assert.fail("give `unknown`, or skip C10 with a reason")
        provider.misbehave(unknown.answer)
        const error = yield* failureOf(source, { ...request, symbol: unknown.symbol, sourceSymbol: undefined })
        assert.strictEqual(error.reason._tag, "NotListed")
        assert.include(error.message, unknown.symbol)
      })
    )

    check("C11", misbehaving.statuses)

    check(
      "C12",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        yield* Stream.runDrain(source.candles(request))
        assert.isAbove(provider.asked().length, 1, "the request of the suite must need more than one page")
        yield* provider.reset
        provider.misbehave({ _tag: "Repeat" })
        const { reason } = yield* failureOf(source, request)
        assert.strictEqual(reason._tag, "Malformed")
        assert.isBelow(provider.asked().length, 5)
      })
    )

    check("C13", misbehaving.interruption)

    check("C14", misbehaving.truncation)

    check(
      "C15",
      Effect.flatMap(make, (source) => misbehaving.garbage(source, (candles) => Candles.length(candles) === 0))
    )

    check("C16", misbehaving.secrets(options.secrets ?? []))
  })
}
