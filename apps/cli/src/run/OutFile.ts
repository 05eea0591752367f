/**
 * A file or a folder that the user names for a result: there whole or not at
 * all.
 *
 * What is already there keeps its kind: a link keeps pointing where it does, a
 * pipe or a device is written to, a folder is not a file.
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

const refuse = (what: string, path: string, why: string) =>
  new UsageError.UsageError({ message: `${what} could not be written to ${path}: ${why}` })

const kindOf = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const there = yield* Effect.option(fs.stat(path))
  return there._tag === "Some" ? there.value.type : undefined
})

/** Lets `make` write another path, which takes the place of `path` once all is there. */
const whole = Effect.fnUntraced(function* <A, E, R>(
  path: string,
  what: string,
  make: (temporary: string) => Effect.Effect<A, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const target = yield* Effect.orElseSucceed(fs.realPath(path), () => path)
  const temporary = `${target}.${process.pid}.tmp`
  const gone = Effect.ignore(fs.remove(temporary, { force: true, recursive: true }))
  const made = yield* make(temporary).pipe(Effect.onError(() => gone))
  yield* fs.rename(temporary, target).pipe(
    Effect.mapError(failure(what, path)),
    Effect.onError(() => gone)
  )
  return made
})

/** Bytes as they come. */
export const write = Effect.fnUntraced(function* <E, R>(
  path: string,
  what: string,
  bytes: Stream.Stream<Uint8Array, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const kind = yield* kindOf(path)
  if (kind === "Directory") return yield* refuse(what, path, "it is a folder; name a file")
  const to = (file: string, flag: "w" | "a") =>
    Stream.run(bytes, Sink.mapError(fs.sink(file, { flag }), failure(what, path)))
  // A pipe has no positions to write at.
  if (kind !== undefined && kind !== "File") return yield* to(path, "a")
  yield* whole(path, what, (temporary) => to(temporary, "w"))
})

export const writeText = (path: string, what: string, text: string) =>
  write(path, what, Stream.encodeText(Stream.make(text)))

/** A file that somebody else writes, who gets the path to write to. */
export const make = Effect.fnUntraced(function* <A, E, R>(
  path: string,
  what: string,
  build: (temporary: string) => Effect.Effect<A, E, R>
) {
  const kind = yield* kindOf(path)
  if (kind === "Directory") return yield* refuse(what, path, "it is a folder; name a file, or give --partition too")
  if (kind !== undefined && kind !== "File") return yield* refuse(what, path, "it is no file that can be read again")
  return yield* whole(path, what, build)
})

/** A folder of files: a new one, or one with nothing in it. */
export const makeFolder = Effect.fnUntraced(function* <A, E, R>(
  path: string,
  what: string,
  build: (temporary: string) => Effect.Effect<A, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const kind = yield* kindOf(path)
  if (kind !== undefined && kind !== "Directory") return yield* refuse(what, path, "it is no folder")
  const failed = failure(what, path)
  if (kind === "Directory" && (yield* Effect.mapError(fs.readDirectory(path), failed)).length > 0) {
    return yield* refuse(what, path, "there is something in it; name another folder, or remove what is there")
  }
  return yield* whole(path, what, (temporary) =>
    Effect.andThen(Effect.mapError(fs.makeDirectory(temporary), failed), build(temporary))
  )
})
