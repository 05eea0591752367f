/** The work of `tidemark signals list` and `tidemark signals performance`. */
import * as GammaRows from "@tidemark/api/GammaRows"
import { UsageError } from "@tidemark/backfill"
import { Damage, Gamma } from "@tidemark/core"
import { Traps } from "@tidemark/gamma"
import { Names } from "@tidemark/gamma/history"
import { Console, Effect, type Option } from "effect"
import { exitWith } from "../Failure.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as SignalsView from "../view/SignalsView.ts"
import * as Include from "./Include.ts"
import * as Lists from "./Lists.ts"
import { toSpan } from "./Range.ts"
import * as Remote from "./Remote.ts"
import { print, withStores } from "./Session.ts"

export interface Input extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly patterns: Option.Option<string>
  readonly include: Option.Option<string>
}

export interface ListInput extends Input {
  readonly last: number
  readonly outcomes: Option.Option<string>
  readonly reasons: boolean
}

/** Observed rows, and others that are asked for by name. */
const selection = Effect.fnUntraced(function* (input: Input) {
  const patterns = yield* Lists.named("patterns", input.patterns, Gamma.Pattern.literals, (name) => name.toUpperCase())
  const symbols = Lists.items(input.symbols).map(Names.symbolOf)
  const { from = Damage.everything.from, to = Damage.everything.to } = yield* toSpan(input)
  return {
    interval: { from, to },
    origins: yield* Include.origins(input.include),
    ...(symbols.length === 0 ? {} : { symbols }),
    ...(patterns.length === 0 ? {} : { patterns })
  }
})

const sayNone = Effect.fnUntraced(function* (chosen: Effect.Success<ReturnType<typeof selection>>) {
  const { signals } = yield* Gamma.GammaStore
  const [other] = yield* signals({ ...chosen, origins: Include.rest(chosen.origins), last: 1 })
  return Include.sayNone(
    chosen.origins,
    other?.origin,
    "no such signals are stored; they are made with snapshots: tidemark gamma backfill --symbol SPY"
  )
})

const read = Effect.fnUntraced(function* (
  chosen: Effect.Success<ReturnType<typeof selection>> & Pick<Gamma.SignalSelection, "last" | "outcomes">
) {
  const signals = yield* (yield* Gamma.GammaStore).signals(chosen)
  return { signals, none: signals.length === 0 ? yield* sayNone(chosen) : undefined }
}, withStores("read"))

const count = Effect.fnUntraced(function* (chosen: Effect.Success<ReturnType<typeof selection>>) {
  const counts = yield* (yield* Gamma.GammaStore).counts(chosen)
  return { counts, none: counts.length === 0 ? yield* sayNone(chosen) : undefined }
}, withStores("read"))

const finish = Effect.fnUntraced(function* (none: string | undefined) {
  if (none === undefined) return
  yield* Console.error(`tidemark: ${none}`)
  yield* exitWith(3)
})

/** What a daemon is asked, of the same selection. */
const queryOf = (
  { origins, patterns, symbols }: Effect.Success<ReturnType<typeof selection>>,
  span: Effect.Success<ReturnType<typeof toSpan>>
) => ({
  provenance: origins,
  ...(symbols === undefined ? {} : { symbols }),
  ...(patterns === undefined ? {} : { patterns }),
  ...Remote.span(span)
})

/** Why a daemon has none of them. */
const noneThere = Effect.fnUntraced(function* (
  client: Remote.Asking,
  chosen: Effect.Success<ReturnType<typeof selection>>,
  span: Effect.Success<ReturnType<typeof toSpan>>
) {
  const provenance = Include.rest(chosen.origins)
  const others =
    provenance.length === 0
      ? []
      : (yield* client.gamma.signals({ query: { ...queryOf(chosen, span), provenance, last: 1 } })).rows
  return Include.sayNone(chosen.origins, others[0]?.provenance, "no such signals are stored there")
})

export const list = Effect.fnUntraced(function* (input: ListInput) {
  if (input.last < 1)
    return yield* new UsageError.UsageError({ message: `--last must be at least 1, got ${input.last}` })
  const outcomes = yield* Lists.named("outcomes", input.outcomes, Gamma.Outcome.literals, (name) => name.toLowerCase())
  const chosen = yield* selection(input)
  const span = yield* toSpan(input)
  const { none, signals } = yield* Remote.either({
    local: read({ ...chosen, ...(outcomes.length === 0 ? {} : { outcomes }), last: input.last }),
    remote: Effect.fnUntraced(function* (client: Remote.Asking) {
      const of = outcomes.length === 0 ? {} : { outcomes }
      const { rows } = yield* client.gamma.signals({ query: { ...queryOf(chosen, span), ...of, last: input.last } })
      return {
        signals: rows.map(GammaRows.toSignal),
        none: rows.length === 0 ? yield* noneThere(client, chosen, span) : undefined
      }
    })
  })
  yield* print({
    json: () => signals.map(GammaRows.signal),
    text: () => SignalsView.toText(signals, input.reasons)
  })
  yield* finish(none)
})

export const performance = Effect.fnUntraced(function* (input: Input) {
  const chosen = yield* selection(input)
  const span = yield* toSpan(input)
  const { none, rows } = yield* Remote.either({
    local: Effect.map(count(chosen), ({ counts, none }) => ({
      rows: Traps.Performance.of(counts, chosen.origins),
      none
    })),
    remote: Effect.fnUntraced(function* (client: Remote.Asking) {
      const found = yield* client.gamma.performance({ query: queryOf(chosen, span) })
      return {
        rows: found.map(GammaRows.toPerformance),
        none: found.length === 0 ? yield* noneThere(client, chosen, span) : undefined
      }
    })
  })
  yield* print({
    json: () => rows.map(GammaRows.performance),
    text: () => SignalsView.performanceText(rows)
  })
  yield* finish(none)
})
