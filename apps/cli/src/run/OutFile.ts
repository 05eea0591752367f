/**
 * A file that the user names for a result: there whole or not at all.
 *
 * What is already there keeps its kind: a link keeps pointing where it does, a
 * pipe or a device is written to, a folder is refused.
 */
import { UsageError } from "@tidemark/backfill"
import { FileProblem } from "@tidemark/core"
import { Data, Effect, FileSystem, type PlatformError, Sink, Stream } from "effect"

export class OutFileError extends Data.TaggedError("OutFileError")<{ readonly message: string }> {}

/** The program that reads our output has what it wanted. */
export const isClosedPipe = (error: { readonly _tag: string }): boolean => {
  const { reason } = error as Partial<PlatformError.PlatformError>
  const cause: unknown = reason?.cause
  return typeof cause === "object" && cause !== null && "code" in cause && cause.code === "EPIPE"
}

/** Codes of a path that cannot be right. */
const mistakes = new Set(["ENOENT", "ENOTDIR", "EISDIR"])

/** `what` begins the message of a failure: `The candles`. A path that cannot be right is a mistake of the user's. */
export const failure =
  (what: string, path: string) =>
  (error: PlatformError.PlatformError): OutFileError | UsageError.UsageError => {
    const message = `${what} could not be written to ${FileProblem.describe(path, error)}`
    const cause: unknown = error.reason.cause
    const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
    return mistakes.has(code) ? new UsageError.UsageError({ message }) : new OutFileError({ message })
  }

export const write = Effect.fnUntraced(function* <E, R>(path: string, what: string, text: Stream.Stream<string, E, R>) {
  const fs = yield* FileSystem.FileSystem
  const failed = failure(what, path)
  const there = yield* Effect.option(fs.stat(path))
  const kind = there._tag === "Some" ? there.value.type : "File"
  if (kind === "Directory") {
    return yield* new UsageError.UsageError({
      message: `${what} could not be written to ${path}: it is a folder; name a file`
    })
  }
  const to = (file: string, flag: "w" | "a") =>
    Stream.run(Stream.encodeText(text), Sink.mapError(fs.sink(file, { flag }), failed))
  // A pipe has no positions to write at.
  if (kind !== "File") return yield* to(path, "a")
  const target = yield* Effect.orElseSucceed(fs.realPath(path), () => path)
  const temporary = `${target}.${process.pid}.tmp`
  yield* to(temporary, "w").pipe(Effect.onError(() => Effect.ignore(fs.remove(temporary, { force: true }))))
  yield* Effect.mapError(fs.rename(temporary, target), failed)
})
