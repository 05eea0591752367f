/** The work of `tidemark gamma import`: one chain of a file, or those of all moments that it holds. */
import { UsageError } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { type Instrument, OptionChain, SourceError } from "@tidemark/core"
import { Record } from "@tidemark/gamma/history"
import { OptionFiles, Reading, Universe } from "@tidemark/runtime"
import { Console, Effect, Option, Stream } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import { count, plural } from "../view/Format.ts"
import * as GammaImportView from "../view/GammaImportView.ts"
import { finishRecord, instrumentOf, type Method, onDatabase, preferredOf, say, symbolOf } from "./gamma.ts"
import { instant } from "./Range.ts"
import { localConfiguration, print } from "./Session.ts"

export interface ImportInput {
  readonly file: string
  readonly symbol: string
  readonly at: Option.Option<string>
  readonly spot: Option.Option<number>
  readonly method: Method
  readonly replace: boolean
}

/** Moments between two lines of progress. */
const toldEvery = 10

const kept = (chain: OptionChain.OptionChain, { analysis, remade, state, wasThere }: Record.Kept) => {
  const { accounting, at, netGex, reason } = analysis.snapshot
  const moment: GammaImportView.Moment = {
    at,
    state,
    contracts: OptionChain.length(chain.contracts),
    kept: accounting?.kept ?? null,
    netGex,
    reason,
    wasThere,
    remade,
    unreadable: { rows: chain.unreadable.length, lines: chain.unreadable.slice(0, GammaImportView.shown) }
  }
  return moment
}

/** Every moment is kept, or told with why it is not; what is wrong with the database ends it. */
const keepAll = Effect.fnUntraced(function* (
  { chains, moments, unplaced }: OptionFiles.OptionFile,
  instrument: Instrument.Instrument,
  { file, method, replace }: ImportInput
) {
  const { symbol } = instrument
  const quiet = yield* Globals.quiet
  const { appliedBy } = Reading
  const { record, resolve } = Record.several(symbol, moments, {
    method,
    replace,
    appliedBy,
    preferred: preferredOf(instrument)
  })
  const done: Array<GammaImportView.Moment> = []
  yield* Stream.runForEach(
    chains,
    Effect.fnUntraced(function* ({ at, chain }) {
      done.push(
        yield* Effect.fromResult(chain).pipe(
          Effect.flatMap((told) => Effect.map(record(told), (made) => kept(told, made))),
          Effect.catchTag("SourceError", ({ reason }) =>
            Effect.succeed(GammaImportView.failed(at, SourceError.describe(reason)))
          )
        )
      )
      if (!quiet && (done.length % toldEvery === 0 || done.length === moments.length)) {
        yield* Console.error(`${symbol}: ${count(done.length)} of ${plural(moments.length, "moment")}`)
      }
    })
  )
  const imported: GammaImportView.Imported = { symbol, file, moments: done, unplaced, resolved: yield* resolve }
  return imported
})

const one = Effect.fnUntraced(function* (
  { chains, unplaced }: OptionFiles.OptionFile,
  { method, replace, symbol }: ImportInput
) {
  // Read before a database is made for it.
  const [moment] = yield* Stream.runCollect(chains)
  const chain = yield* Effect.fromResult(moment!.chain)
  const done = yield* Effect.gen(function* () {
    return yield* finishRecord(chain, yield* instrumentOf(symbol), method, replace)
  }).pipe(onDatabase)
  if (unplaced.rows > 0) {
    yield* Console.error(`tidemark: ${GammaImportView.unplacedLines(unplaced).join("\n")}`)
  }
  if (done.recorded.analysis.snapshot.spot === null) {
    yield* Console.error(`tidemark: say what ${chain.symbol} cost then: the same command with --spot PRICE --replace`)
  }
  yield* say(done, unplaced.rows > 0 || chain.unreadable.length > 0)
})

const several = Effect.fnUntraced(function* (file: OptionFiles.OptionFile, input: ImportInput) {
  const imported = yield* Effect.flatMap(instrumentOf(input.symbol), (instrument) =>
    keepAll(file, instrument, input)
  ).pipe(
    onDatabase,
    Effect.onInterrupt(() =>
      Console.error("tidemark: interrupted; the moments that were kept are stored, and the same command goes on")
    )
  )
  yield* print({
    json: () => GammaImportView.toJson(imported),
    text: () => GammaImportView.toText(imported)
  })
  yield* exitWith(GammaImportView.exitCode(imported))
})

export const importFile = Effect.fnUntraced(function* (input: ImportInput) {
  yield* localConfiguration
  const given = yield* instant("at", input.at)
  if (Option.isSome(input.spot) && !(input.spot.value > 0)) {
    return yield* new UsageError.UsageError({ message: `--spot is a price, above 0; got ${input.spot.value}` })
  }
  const symbol = yield* symbolOf(input.symbol)
  // As its name says: there may be no database yet.
  const calendar = Calendars.get(Universe.instrumentOf(symbol, []).calendar)
  const spot = Option.getOrUndefined(input.spot)
  // A day means the same as in the file.
  const at =
    given === undefined ? undefined : ((yield* OptionFiles.momentOf(Option.getOrThrow(input.at), calendar)) ?? given)
  const file = yield* OptionFiles.open(input.file, { symbol, calendar, at, spot })
  yield* file.moments.length === 1 ? one(file, input) : several(file, input)
}, Effect.scoped)
