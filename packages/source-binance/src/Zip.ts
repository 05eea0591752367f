/** The one file in a zip archive, through yauzl. */
import { Effect } from "effect"

/** No archive of candles comes near it. */
const mostBytes = 1024 * 1024 * 1024

/** What is wrong with an archive, in words. */
export interface ZipProblem {
  readonly _tag: "ZipProblem"
  readonly detail: string
}

const problem = (detail: string): ZipProblem => ({ _tag: "ZipProblem", detail })

// Loaded with the first archive.
const load = Effect.promise(() => import("yauzl"))

/** Inflates off the main thread; sizes and the checksum within are verified. */
export const extract = Effect.fnUntraced(function* (zip: Uint8Array): Effect.fn.Return<Uint8Array, ZipProblem> {
  const yauzl = yield* load
  return yield* Effect.callback<Uint8Array, ZipProblem>((resume) => {
    const fail = (error: Error) => resume(Effect.fail(problem(`it is no sound zip archive (${error.message})`)))
    const buffer = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength)
    yauzl.fromBuffer(buffer, { lazyEntries: true }, (error, file) => {
      if (error) return fail(error)
      if (file.entryCount !== 1) {
        return resume(Effect.fail(problem(`it holds ${file.entryCount} files instead of one`)))
      }
      file.on("error", fail)
      file.on("entry", (entry) => {
        if (entry.uncompressedSize > mostBytes) {
          return resume(Effect.fail(problem(`its file has ${entry.uncompressedSize} bytes, which no candles need`)))
        }
        file.openReadStream(entry, (error, stream) => {
          if (error) return fail(error)
          const out = new Uint8Array(entry.uncompressedSize)
          let size = 0
          stream.on("error", fail)
          stream.on("data", (chunk: Buffer) => {
            // More than it says is an error of the stream, which comes with the end.
            if (size + chunk.length <= out.length) out.set(chunk, size)
            size += chunk.length
          })
          stream.on("end", () => resume(Effect.succeed(out)))
        })
      })
      file.readEntry()
    })
  })
})
