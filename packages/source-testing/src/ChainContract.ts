/**
 * The contract that every source with option chains passes, as a test suite.
 *
 * A plugin calls `suite` with its configuration, a subject, and how its
 * provider answers; the suite runs it against that provider over real HTTP
 * on loopback and then makes the provider misbehave. Every case has an id. A
 * case that does not apply is skipped by its id with a reason; an id that
 * does not exist is an error, so that nothing is skipped by accident.
 */
import { assert, it } from "@effect/vitest"
import { type Instant, OptionChain, type Source } from "@tidemark/core"
import { Effect, Schema, type Scope, Stream } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { layer, LoopbackProvider, type Misbehaviour, type Respond } from "./LoopbackProvider.ts"
import * as Misbehaviours from "./Misbehaviours.ts"
import * as Skips from "./Skips.ts"

export const cases = {
  O01: "columns have one length, expirations are days, strikes are above 0, sizes too",
  O02: "the chain is of the subject, of this source, and says what its data is",
  O03: "the chain is of a moment that has passed, no older than the source says, or of the last session",
  O04: "every contract of the provider is there once, or told as unreadable",
  O05: "the same market gives the same chain",
  O06: "capabilities are true of the source: only declared hosts are called",
  O07: "nothing is asked for before the effect is run",
  O08: "an unknown symbol is NotListed",
  O09: "a class without options is Unsupported, and nothing is asked",
  O10: "each status has its reason",
  O11: "interruption closes the connection",
  O12: "a truncated body is an error",
  O13: "garbage is a SourceError, never a defect and never a chain",
  O14: "no secret is in any error",
  O15: "a source without candles says so, and asks nobody",
  O16: "the chain of a moment that has passed is of that moment, and the same whenever it is asked for",
  O17: "a source that knows only now refuses a moment that has passed, and asks nobody"
} as const
export type CaseId = keyof typeof cases

export interface SuiteOptions<Config> {
  readonly plugin: Source.SourcePlugin<Config>
  /** Configuration before decoding. */
  readonly config: unknown
  readonly subject: Source.Subject
  /** The time of the clock, which the provider agrees with. */
  readonly now: Instant.EpochMillis
  /** How the provider answers a URL of the source's; absent for a source without network. */
  readonly respond?: Respond
  /** How many contracts the provider tells of the subject; absent for a source without network. */
  readonly contracts?: number
  /** What an unknown symbol looks like: the symbol, and how the provider says so. */
  readonly unknown?: { readonly symbol: string; readonly answer?: Misbehaviour }
  /** Values of the configuration that must never be shown. */
  readonly secrets?: ReadonlyArray<string>
  /** Cases that do not apply, each with the reason. */
  readonly skip?: Partial<Record<CaseId, string>>
}

/** Cases that need a provider to misbehave. */
const network: ReadonlyArray<CaseId> = ["O10", "O11", "O12", "O13", "O14"]

/** A weekend with a holiday before and after it. */
const longestPauseMillis = 5 * 86_400_000

export const suite = <Config>(name: string, options: SuiteOptions<Config>): void => {
  const { now, plugin, subject } = options
  const { capabilities } = plugin
  const skip = Skips.of("contract of chains", cases, options.skip)
  if (options.respond === undefined) for (const id of network) skip.set(id, "the source uses no network")
  if (options.secrets === undefined) skip.set("O14", "the source has no secrets")
  if (capabilities.timeframes.length > 0) skip.set("O15", "the source has candles")
  const knowsHistory = capabilities.options?.history === true
  if (knowsHistory) skip.set("O17", "the source knows history")
  else skip.set("O16", "the source knows only now")

  const respond: Respond = options.respond ?? (() => new Response(null, { status: 599 }))

  const make = Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const provider = yield* LoopbackProvider
    yield* provider.reset
    return yield* plugin.make(yield* Effect.orDie(Schema.decodeUnknownEffect(plugin.config)(options.config)))
  })
  const chainOf = (source: Source.Source, asked: Source.Subject = subject, at?: Instant.EpochMillis) => {
    if (source.optionChain === undefined) return assert.fail("the source has no optionChain")
    return at === undefined ? source.optionChain(asked) : source.optionChain(asked, at)
  }
  const failureOf = (source: Source.Source, asked: Source.Subject = subject) => Effect.flip(chainOf(source, asked))
  const misbehaving = Misbehaviours.of({ make, ask: (source) => chainOf(source) })

  it.layer(layer(respond))(`chain contract (${name})`, (it) => {
    const check = (
      id: CaseId,
      body: Effect.Effect<void, unknown, LoopbackProvider | HttpClient.HttpClient | Scope.Scope>
    ) => {
      const reason = skip.get(id)
      if (reason === undefined) it.effect(`${id} ${cases[id]}`, () => body)
      else it.effect.skip(`${id} ${cases[id]} (${reason})`, () => body)
    }

    check(
      "O01",
      Effect.gen(function* () {
        const { contracts } = yield* chainOf(yield* make)
        const size = OptionChain.length(contracts)
        assert.isAbove(size, 10)
        for (const column of ["root", "isCall", ...OptionChain.numbers] as const) {
          assert.strictEqual(contracts[column].length, size, column)
        }
        assert.isTrue(contracts.root.every((root) => root !== ""))
        assert.isTrue(contracts.expiry.every(Number.isInteger))
        assert.isTrue(contracts.strike.every((strike) => strike > 0 && Number.isFinite(strike)))
        assert.isTrue(contracts.multiplier.every((shares) => shares > 0))
        assert.isTrue(contracts.isCall.every((flag) => flag === 0 || flag === 1))
        assert.isTrue(contracts.isCall.includes(0) && contracts.isCall.includes(1), "calls and puts")
      })
    )

    check(
      "O02",
      Effect.gen(function* () {
        const chain = yield* chainOf(yield* make)
        assert.strictEqual(chain.symbol, subject.symbol)
        assert.strictEqual(chain.source, plugin.id)
        assert.strictEqual(chain.provenance, capabilities.provenance)
        assert.isAbove(chain.spot, 0)
        // The strikes are those of this underlying, not of another.
        const strikes = chain.contracts.strike.toSorted()
        assert.isTrue(strikes[0]! < chain.spot && chain.spot < strikes.at(-1)!)
      })
    )

    check(
      "O03",
      Effect.gen(function* () {
        const { at, contracts } = yield* chainOf(yield* make)
        assert.isTrue(Number.isSafeInteger(at))
        assert.isAtMost(at, now)
        const delay = capabilities.options!.delayMillis
        const isOpen = subject.calendar.isOpen(now - delay)
        // A minute for whatever is made once a minute.
        assert.isAtLeast(at, now - delay - (isOpen ? 120_000 : longestPauseMillis))
        assert.isTrue(
          contracts.expiry.every((day) => day * 86_400_000 >= at - 86_400_000),
          "none has expired"
        )
      })
    )

    check(
      "O04",
      Effect.gen(function* () {
        const { contracts, unreadable } = yield* chainOf(yield* make)
        if (options.respond !== undefined) {
          assert.strictEqual(OptionChain.length(contracts) + unreadable.length, options.contracts)
        }
        const names = contracts.root.map(
          (root, i) => `${root} ${contracts.expiry[i]} ${contracts.isCall[i]} ${contracts.strike[i]}`
        )
        assert.strictEqual(new Set(names).size, names.length)
      })
    )

    check(
      "O05",
      Effect.gen(function* () {
        const source = yield* make
        assert.deepStrictEqual(yield* chainOf(source), yield* chainOf(source))
      })
    )

    check(
      "O06",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        yield* chainOf(yield* make)
        assert.isDefined(capabilities.options)
        assert.isAtLeast(capabilities.options!.delayMillis, 0)
        assert.include(capabilities.assetClasses, subject.assetClass)
        assert.deepStrictEqual(
          provider
            .asked()
            .map((url) => url.host)
            .filter((host) => !capabilities.hosts.some(({ name }) => name === host)),
          []
        )
      })
    )

    check(
      "O07",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const before = provider.asked().length
        const chain = chainOf(source)
        yield* Effect.yieldNow
        assert.strictEqual(provider.asked().length, before)
        yield* chain
        if (options.respond !== undefined) assert.isAbove(provider.asked().length, before)
      })
    )

    check(
      "O08",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const { unknown } = options
        if (unknown === undefined) return assert.fail("give `unknown`, or skip O08 with a reason")
        provider.misbehave(unknown.answer)
        const error = yield* failureOf(source, { ...subject, symbol: unknown.symbol, sourceSymbol: undefined })
        assert.strictEqual(error.reason._tag, "NotListed")
        assert.include(error.message, unknown.symbol)
      })
    )

    check(
      "O09",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const error = yield* failureOf(yield* make, { ...subject, symbol: "EUR/USD", assetClass: "fx" })
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.deepStrictEqual(provider.asked(), [])
      })
    )

    check("O10", misbehaving.statuses)

    check("O11", misbehaving.interruption)

    check("O12", misbehaving.truncation)

    check(
      "O13",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const never = () => false
        // What is no answer on the way to a chain, and in place of the chain itself.
        yield* misbehaving.garbage(source, never)
        yield* provider.reset
        yield* chainOf(source)
        yield* misbehaving.garbage(source, never)
      })
    )

    check("O14", misbehaving.secrets(options.secrets ?? []))

    check(
      "O15",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const interval = { from: now - 86_400_000, to: now }
        const error = yield* Effect.flip(Stream.runDrain(source.candles({ ...subject, timeframe: "1d", interval })))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.match(error.message, /option chain/)
        const none = { from: now, to: now }
        yield* Stream.runDrain(source.candles({ ...subject, timeframe: "1d", interval: none }))
        assert.deepStrictEqual(provider.asked(), [])
      })
    )

    check(
      "O16",
      Effect.gen(function* () {
        const at = now - 30 * 86_400_000
        const chain = yield* chainOf(yield* make, subject, at)
        assert.strictEqual(chain.at, at)
        assert.isTrue(
          chain.contracts.expiry.every((day) => day * 86_400_000 >= at - 86_400_000),
          "none has expired"
        )
        const later = yield* make
        yield* TestClock.setTime(now + 86_400_000)
        assert.deepStrictEqual(yield* chainOf(later, subject, at), chain)
      })
    )

    check(
      "O17",
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const error = yield* Effect.flip(chainOf(yield* make, subject, now - 30 * 86_400_000))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.deepStrictEqual(provider.asked(), [])
      })
    )
  })
}
