/** The work of `tidemark verify`. */
import type { Quality } from "@tidemark/api"
import { UsageError, Verification } from "@tidemark/backfill"
import { CandleStore, FileProblem } from "@tidemark/core"
import { Certificate } from "@tidemark/quality"
import { Effect, FileSystem, Option } from "effect"
import { exitWith } from "../Failure.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as VerifyView from "../view/VerifyView.ts"
import * as Chosen from "./Chosen.ts"
import * as GapsDoor from "./GapsDoor.ts"
import * as OutFile from "./OutFile.ts"
import { toSpan } from "./Range.ts"
import * as Remote from "./Remote.ts"
import { print, withRuntime, withStores } from "./Session.ts"

export interface Input extends Chosen.SeriesFlags, SpanFlags {
  readonly lock: Option.Option<string>
  readonly against: Option.Option<string>
}

const usage = (message: string) => new UsageError.UsageError({ message })

const nothing = () => usage("Nothing is stored that could be verified: tidemark backfill")

const lookHere = Effect.fnUntraced(function* (input: Input, chosen: Chosen.Chosen) {
  const range = yield* toSpan(input)
  const found = yield* Verification.run({ choose: chosen.includes, ...range })
  const absent = Chosen.absent(
    chosen,
    found.map(({ stored }) => stored)
  )
  if (found.length + absent.length === 0) return yield* nothing()
  const verified = found.map((one) => one.verified)
  if (Option.isNone(input.lock)) return { absent, verified, certificate: undefined }
  return { absent, verified, certificate: yield* Verification.certify(found) }
})

const toVerified = ({
  damaged,
  expected,
  from,
  gaps,
  mend,
  rows,
  stray,
  to,
  ...series
}: Quality.Verified): Verification.Verified => ({
  series,
  interval: { from, to },
  expected,
  rows,
  gaps: gaps.map(GapsDoor.toGap),
  damage: { lost: damaged, stray },
  mend: mend ?? undefined
})

/** Series that a daemon is asked to verify at a time: an answer may not take it longer than a minute. */
const seriesAtATime = 200

const lookThere = Effect.fnUntraced(function* (input: Input, chosen: Chosen.Chosen, client: Remote.Asking) {
  const query = { ...Chosen.selection(chosen, input.source), ...Remote.span(yield* toSpan(input)) }
  const pages = yield* Remote.pages(
    (page) => client.quality.verification({ query: { ...query, ...page } }),
    seriesAtATime
  )
  const verified = pages.flatMap(({ series }) => series.map(toVerified))
  const absent = Chosen.absent(chosen, verified)
  if (verified.length + absent.length === 0) return yield* nothing()
  if (Option.isNone(input.lock) || verified.length === 0) return { absent, verified, certificate: undefined }
  const text = JSON.stringify(yield* client.quality.certificate({ query }))
  const certificate = yield* Effect.mapError(Certificate.fromText(text), () =>
    usage("What the daemon gave out is no certificate of this version: bring both to the same one")
  )
  return { absent, verified, certificate }
})

const readCertificate = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs
    .readFileString(path)
    .pipe(Effect.mapError((error) => usage(`The certificate cannot be read from ${FileProblem.describe(path, error)}`)))
  return yield* Certificate.fromText(text).pipe(
    Effect.mapError(({ _tag }) =>
      usage(
        _tag === "Edited"
          ? `${path} was changed after it was written: its digest is not that of its content. Take the file as it was ` +
              `written, or make a new one: tidemark verify --lock ${path}`
          : `${path} is no certificate; make one: tidemark verify --lock ${path}`
      )
    )
  )
})

/** The series of a certificate that the flags choose. */
const certified = Effect.fnUntraced(function* (certificate: Certificate.Certificate, path: string, input: Input) {
  const { symbols, timeframes } = yield* Chosen.chosen(input)
  const series = certificate.series.filter(
    ({ source, symbol, timeframe }) =>
      (symbols.length === 0 || symbols.includes(symbol)) &&
      (timeframes.length === 0 || timeframes.includes(timeframe)) &&
      (Option.isNone(input.source) || input.source.value === source)
  )
  const strangers = symbols.filter((symbol) => !series.some((one) => one.symbol === symbol))
  if (series.length > 0 && strangers.length === 0) return series
  const what = strangers.length > 0 ? `Nothing of ${strangers.join(", ")}` : "None of these"
  return yield* usage(`${what} is in the certificate ${path}`)
})

const against = Effect.fnUntraced(function* (path: string, input: Input) {
  const certificate = yield* readCertificate(path)
  const createdAt = Certificate.createdAt(certificate)
  const series = yield* certified(certificate, path, input)
  const compared = yield* Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    return yield* Effect.forEach(series, (one) => Certificate.compare(store, one, createdAt))
  }).pipe(
    withStores("read"),
    Effect.map((all): Certificate.Compared => ({
      differences: all.flatMap((one) => one.differences),
      pruned: all.flatMap((one) => one.pruned),
      incomparable: all.flatMap((one) => one.incomparable)
    }))
  )
  yield* print({
    json: () => VerifyView.comparedJson(compared),
    text: () => VerifyView.comparedText(compared, series)
  })
  yield* exitWith(VerifyView.isSame(compared) && series.every(({ verified }) => verified) ? 0 : 3)
})

export const run = Effect.fnUntraced(function* (input: Input) {
  if (Option.isSome(input.against)) {
    if (Option.isSome(input.lock)) return yield* usage("--lock and --against say different things; give one of them")
    const { value: path } = input.against
    return yield* Remote.either({
      local: against(path, input),
      remote: () =>
        Effect.fail(
          usage(
            "A daemon makes certificates and compares none. Make a new one of it (tidemark verify --lock NEW --remote URL) " +
              `and look at what differs from ${path}; or leave --remote out where its database can be opened: any Postgres, ` +
              "a DuckDB file while the daemon is stopped"
          )
        )
    })
  }
  const chosen = yield* Chosen.chosen(input)
  const { absent, certificate, verified } = yield* Remote.either({
    local: withRuntime("read")(lookHere(input, chosen)),
    remote: (client) => lookThere(input, chosen, client)
  })
  if (Option.isSome(input.lock) && certificate !== undefined) {
    yield* OutFile.writeText(input.lock.value, "The certificate", Certificate.toText(certificate))
  }
  yield* print({
    json: () => VerifyView.toJson(verified, absent),
    text: () =>
      [
        VerifyView.toText(verified, absent),
        ...(Option.isSome(input.lock) && certificate !== undefined ? [`Certificate: ${input.lock.value}`] : [])
      ].join("\n")
  })
  yield* exitWith(verified.every(Verification.isSound) && absent.length === 0 ? 0 : 3)
})
