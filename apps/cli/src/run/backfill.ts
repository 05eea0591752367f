/** The work of `tidemark backfill`. */
import { Backfill, Report, Selection, UsageError } from "@tidemark/backfill"
import { Instant, SymbolStore } from "@tidemark/core"
import { Runtime, Universe } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { RangeFlags } from "../flags/Range.ts"
import * as BackfillView from "../view/BackfillView.ts"
import * as PlanView from "../view/PlanView.ts"
import * as Progress from "../view/Progress.ts"
import * as Jobs from "./jobs.ts"
import * as Lists from "./Lists.ts"
import * as Remote from "./Remote.ts"
import { untilInterrupted } from "./Interrupt.ts"
import * as OutFile from "./OutFile.ts"
import { toWindow } from "./Range.ts"
import { configuration, print, withRuntime, withStores } from "./Session.ts"

export interface Input extends RangeFlags {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
  readonly source: string
  readonly concurrency: Option.Option<number>
  readonly force: boolean
  readonly dryRun: boolean
  readonly noRepair: boolean
  readonly results: Option.Option<string>
}

/** What the user asks for, checked before anything is opened for writing. */
const toOptions = Effect.fnUntraced(function* (input: Input) {
  const timeframes = yield* Lists.timeframes(input.timeframes)
  if (Option.isSome(input.symbols) && Lists.items(input.symbols).length === 0) {
    return yield* new UsageError.UsageError({
      message: "--symbols names no symbol. Write --symbols BTC/USDT,AAPL, or leave it out for all"
    })
  }
  const window = yield* toWindow(input)
  const concurrency = Option.getOrUndefined(input.concurrency)
  if (concurrency !== undefined && concurrency < 1) {
    return yield* new UsageError.UsageError({ message: `--concurrency must be at least 1, got ${concurrency}` })
  }
  const list = yield* Effect.flatMap(SymbolStore.SymbolStore, (store) => store.list).pipe(
    withStores(input.dryRun ? "read" : "update", "empty")
  )
  const sources = Runtime.sources(yield* configuration)
  const symbols = Lists.items(input.symbols)
  const resolved = yield* Universe.resolve({ symbols, source: input.source }, list)
  const instruments = symbols.length > 0 ? resolved : yield* Effect.provide(Selection.withCandles(resolved), sources)
  const options: Backfill.BackfillOptions = {
    targets: instruments.flatMap((instrument) => timeframes.map((timeframe) => ({ instrument, timeframe }))),
    window,
    force: input.force,
    repair: !input.noRepair,
    concurrency
  }
  // What no source can serve is said before a database is made for it.
  yield* Effect.forEach(options.targets, Selection.candidates, { discard: true }).pipe(Effect.provide(sources))
  return options
})

/** What of the flags a daemon is told; the others say how this process would do it. */
const toWanted = Effect.fnUntraced(function* (input: Input) {
  const own = (["concurrency", "limit", "results"] as const).filter((name) => input[name]._tag === "Some")
  const named = [...own, ...(input.dryRun ? ["dry-run"] : []), ...(input.noRepair ? ["no-repair"] : [])]
  if (named.length > 0) {
    return yield* new UsageError.UsageError({
      message: `A daemon cannot be told --${named.join(", --")}. Leave it out, or --remote`
    })
  }
  const window = yield* toWindow(input)
  const symbols = Lists.items(input.symbols).map((symbol) => symbol.toUpperCase())
  const timeframes = Option.isSome(input.timeframes) ? yield* Lists.timeframes(input.timeframes) : []
  return {
    ...(symbols.length === 0 ? {} : { symbols }),
    ...(timeframes.length === 0 ? {} : { timeframes }),
    ...(input.source === "auto" ? {} : { source: input.source }),
    ...("from" in window ? { start: Instant.format(window.from) } : {}),
    ...(window.to === undefined ? {} : { end: Instant.format(window.to) }),
    ...(input.force ? { force: true } : {})
  }
})

const here = Effect.fnUntraced(function* (input: Input) {
  const options = yield* toOptions(input)
  if (input.dryRun) {
    const planned = yield* Backfill.plan(options).pipe(withRuntime("read", "empty"))
    return yield* print({ json: () => PlanView.toJson(planned), text: () => PlanView.toText(planned) })
  }
  const quiet = yield* Globals.quiet
  const work = (stop: Effect.Effect<void>) =>
    Effect.scoped(
      Effect.gen(function* () {
        if (!quiet) yield* Progress.show
        return yield* Backfill.run({ ...options, stop })
      })
    ).pipe(withRuntime("write"))
  return yield* untilInterrupted(
    work,
    Effect.fnUntraced(function* (report) {
      yield* print({ json: () => Report.toJson(report), text: () => BackfillView.toText(report) })
      if (Option.isSome(input.results)) {
        const text = `${JSON.stringify(Report.toJson(report), null, 2)}\n`
        yield* OutFile.writeText(input.results.value, "The results", text)
      }
      if (report.interrupted) {
        const next = options.force
          ? "what was fetched is stored; --force begins anew"
          : "run the same command again, it continues here"
        yield* Console.error(`tidemark: interrupted; ${next}`)
      }
      return yield* exitWith(Report.exitCode(report))
    })
  )
})

export const run = Effect.fnUntraced(function* (input: Input) {
  return yield* Remote.either({
    local: here(input),
    remote: Effect.fnUntraced(function* (client) {
      yield* Jobs.show(yield* Jobs.have(client, yield* toWanted(input)))
    })
  })
})
