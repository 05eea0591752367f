/** The work of `tidemark export`: stored candles, adjusted and resampled as wanted, to a file, a folder or stdout. */
import { UsageError } from "@tidemark/backfill"
import { type Adjustment, Candles, type Labelled, Wording } from "@tidemark/core"
import { Csv, Json, Market } from "@tidemark/reader"
import { Reading, Runtime } from "@tidemark/runtime"
import { Console, Effect, Option, Sink, Stdio, Stream } from "effect"
import { type Format, formats } from "../commands/export.ts"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import { count, plural } from "../view/Format.ts"
import * as ExportFiles from "./ExportFiles.ts"
import * as Lists from "./Lists.ts"
import * as OutFile from "./OutFile.ts"
import { instant, toSpan } from "./Range.ts"
import * as Remote from "./Remote.ts"
import { checkSources, print, withRuntime } from "./Session.ts"

export interface Input extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
  readonly source: Option.Option<string>
  readonly adjust: Adjustment.Mode
  readonly actionsFrom: Option.Option<string>
  readonly asOf: Option.Option<string>
  readonly resample: Option.Option<string>
  readonly fillFrom: Option.Option<string>
  readonly allowGaps: boolean
  readonly format: Option.Option<Format>
  readonly out: Option.Option<string>
  readonly partition: Option.Option<ExportFiles.Partition>
  readonly include: Option.Option<"synthetic" | "modelled">
}

/** Rows that are turned to text at once. */
const textRows = 8_192

const usage = (message: string) => new UsageError.UsageError({ message })

const byName: Readonly<Record<string, Format>> = {
  csv: "csv",
  json: "json",
  parquet: "parquet",
  pq: "parquet",
  arrow: "arrow",
  feather: "arrow",
  ipc: "arrow"
}

const endingOf = (path: string): string | undefined => /[^/\\]\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase()

/** In what format, and where to. */
const toOutput = Effect.fnUntraced(function* (input: Input) {
  const partition = Option.getOrUndefined(input.partition)
  const out = Option.getOrUndefined(input.out)
  const ending = out === undefined || partition !== undefined ? undefined : endingOf(out)
  if (ending !== undefined && byName[ending] === undefined && Option.isNone(input.format)) {
    const endings = Object.keys(byName).map((name) => `.${name}`)
    return yield* usage(
      `--out ${out}: no format is written as .${ending}. Name one with --format ${formats.join(", ")}, or end the name in ${endings.join(", ")}`
    )
  }
  const otherwise = partition !== undefined ? "parquet" : (yield* Globals.json) && out === undefined ? "json" : "csv"
  const format = Option.getOrElse(input.format, () => byName[ending ?? ""] ?? otherwise)
  if (partition !== undefined && format !== "parquet")
    return yield* usage("--partition makes Parquet files, nothing else")
  if (partition !== undefined && out === undefined) return yield* usage("--partition needs a folder: --out FOLDER")
  if (format === "parquet" && out === undefined) {
    return yield* usage("Parquet cannot be written to stdout; name a file: --out candles.parquet")
  }
  return { format, out, partition }
})

type Output = Effect.Success<ReturnType<typeof toOutput>>

/** What the flags ask for. */
const toRequest = Effect.fnUntraced(function* (input: Input) {
  const { from, to } = yield* toSpan(input)
  const [resample] = Option.isSome(input.resample) ? yield* Lists.timeframes(input.resample) : []
  return {
    symbols: Lists.items(input.symbols).map((symbol) => symbol.toUpperCase()),
    timeframes: Option.isSome(input.timeframes) ? yield* Lists.timeframes(input.timeframes) : [],
    source: Option.getOrUndefined(input.source),
    from,
    to,
    include: Option.toArray(input.include),
    adjust: input.adjust,
    actionsFrom: Option.getOrUndefined(input.actionsFrom),
    asOf: yield* instant("as-of", input.asOf),
    resample,
    fillFrom: Option.getOrUndefined(input.fillFrom),
    appliedBy: Reading.appliedBy
  }
})

/** Rows of a symbol and timeframe, from a database or from a daemon. */
interface Rows<E, R> {
  /** All that they can have. */
  readonly allLabels: ReadonlyArray<Labelled.Labels>
  readonly rows: Stream.Stream<Labelled.Labelled, E, R>
}

const encoderOf = Effect.fnUntraced(function* (
  format: Exclude<Format, "parquet">,
  to: "file" | "stream",
  parts: ReadonlyArray<Pick<Rows<unknown, unknown>, "allLabels">>
) {
  if (format === "csv") return Csv.encode
  if (format === "json") return Json.encode
  const Arrow = yield* Effect.promise(() => import("@tidemark/reader/Arrow"))
  return Arrow.encode(
    to,
    parts.flatMap(({ allLabels }) => allLabels)
  )
})

/** Writes the parts, and says so where stdout is not what they are written to. Gives the number of rows. */
const write = Effect.fnUntraced(function* <E extends { readonly _tag: string }, R, E2, R2>(
  parts: ReadonlyArray<Rows<E, R>>,
  parquet: (out: string) => Effect.Effect<{ readonly rows: number; readonly files: number }, E2, R2>,
  { format, out, partition }: Output
) {
  let written = 0
  const rows = Stream.flatMap(Stream.fromIterable(parts), (part) => part.rows).pipe(
    Stream.map((rows: Labelled.Labelled) => {
      written += Candles.length(rows.candles)
      return rows
    })
  )
  const say = (files: number | undefined) =>
    print({
      json: () => ({ file: out, candles: written, series: parts.length, ...(files === undefined ? {} : { files }) }),
      text: () =>
        `${plural(written, "candle")} of ${count(parts.length)} series in ` +
        `${files === undefined ? "" : `${plural(files, "file")} in `}${out}`
    })
  if (format === "parquet") {
    const done = yield* parquet(out!)
    written = done.rows
    yield* say(partition === undefined ? undefined : done.files)
    return written
  }
  if (out !== undefined) {
    const encode = yield* encoderOf(format, "file", parts)
    yield* OutFile.write(out, "The candles", encode(rows))
    yield* say(undefined)
    return written
  }
  const encode = yield* encoderOf(format, "stream", parts)
  const stdio = yield* Stdio.Stdio
  const sink = Sink.mapError(stdio.stdout({ endOnDone: false }), (error) =>
    OutFile.isClosedPipe(error) ? error : OutFile.failure("The candles", "stdout")(error)
  )
  yield* Stream.run(encode(rows), sink).pipe(Effect.catchIf(OutFile.isClosedPipe, () => Effect.void))
  return written
})

const sayProblems = (problems: ReadonlyArray<string>) =>
  Effect.forEach(problems, (one) => Console.error(`tidemark: ${one}`), { discard: true })

/** Gives the exit code. */
const here = Effect.fnUntraced(function* (input: Input, output: Output) {
  const isText = output.format === "csv" || output.format === "json"
  const request = { ...(yield* toRequest(input)), ...(isText ? { batchRows: textRows } : {}) }
  const { parts, problems } = yield* Market.open(request).pipe(
    Effect.catchTags({
      Ambiguous: (error) => usage(error.messageIn(Wording.flags)),
      Unfit: (error) => usage(error.message)
    })
  )
  yield* sayProblems(problems.map((one) => Wording.messageOf(one, Wording.flags)))
  if (problems.length > 0 && (!input.allowGaps || problems.some(Market.isDamage))) return 1
  const rows = parts.map(({ allLabels, interval, rows }) => ({ allLabels, rows: rows(interval) }))
  const parquet = (out: string) =>
    Effect.provide(ExportFiles.write(out, output.partition, parts), Runtime.parquetWriter)
  const written = parts.length > 0 ? yield* write(rows, parquet, output) : 0
  const known = parts.map(({ expected }) => expected)
  const now = known.reduce<number | undefined>(
    (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
    0
  )
  if (request.asOf !== undefined && now !== undefined && written < now) {
    const what = written === 0 ? "nothing of these was" : `only ${count(written)} of the ${plural(now, "candle")} were`
    yield* Console.error(`tidemark: ${what} known at the time of --as-of`)
    return 3
  }
  // Gaps were allowed; what is not there at all was not.
  return problems.every(Market.isGap) ? 0 : 3
})

/** What of the flags a daemon is asked. */
const toQuestion = Effect.fnUntraced(function* (input: Input) {
  const { actionsFrom, adjust, asOf, fillFrom, from, include, resample, source, symbols, timeframes, to } =
    yield* toRequest(input)
  const query = {
    adjust,
    ...Remote.span({ from, to }),
    ...(source === undefined ? {} : { source }),
    ...(actionsFrom === undefined ? {} : { actions_from: actionsFrom }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
    ...(fillFrom === undefined ? {} : { fill_from: fillFrom }),
    ...(include[0] === undefined ? {} : { include: include[0] }),
    ...(resample === undefined ? {} : { resample }),
    ...(input.allowGaps ? { allow_gaps: true } : {})
  }
  return { symbols, timeframes, query }
})

/** Gives the exit code. */
const there = Effect.fnUntraced(function* (input: Input, output: Output, client: Remote.Asking) {
  if (output.partition !== undefined) {
    return yield* usage(
      "A daemon is asked for one file: --partition cuts by the calendars that the database knows. Name a file (--out " +
        "candles.parquet), or leave --remote out where its database can be opened: any Postgres, a DuckDB file while the daemon is stopped"
    )
  }
  const { open } = yield* Effect.promise(() => import("./RemoteCandles.ts"))
  const { isAbsent, isRefused, parts, problems } = yield* open(client, yield* toQuestion(input))
  yield* sayProblems(problems)
  if (problems.length > 0 && (!input.allowGaps || isRefused)) return 1
  const parquet = (out: string) => Effect.provide(ExportFiles.one(out, parts), Runtime.parquetWriterNoStore)
  if (parts.length > 0) yield* write(parts, parquet, output)
  return isAbsent ? 3 : 0
})

export const run = Effect.fnUntraced(function* (input: Input) {
  const output = yield* toOutput(input)
  // A source that there is not is a mistake, not an empty export.
  yield* checkSources(input.source, input.fillFrom, input.actionsFrom)
  const code = yield* Remote.either({
    local: here(input, output).pipe(withRuntime("read")),
    remote: (client) => there(input, output, client)
  })
  yield* exitWith(code)
})
