/** The one file in a zip archive, through yauzl. */
import { Effect } from "effect"
import { crc32, inflateRaw } from "node:zlib"

/** No archive of candles comes near it. */
const mostBytes = 256 * 1024 * 1024
/** Deflate packs no tighter, so a file that claims more is not what it says. */
const tightest = 1_100

/** Compression methods: kept as it is, and deflate. */
const stored = 0
const deflated = 8

/** What is wrong with an archive, in words. */
export interface ZipProblem {
  readonly _tag: "ZipProblem"
  readonly detail: string
}

const problem = (detail: string) => Effect.fail<ZipProblem>({ _tag: "ZipProblem", detail })
const unsound = (error: Error) => problem(`it is no sound zip archive (${error.message})`)

// Loaded with the first archive.
const load = Effect.promise(() => import("yauzl"))

/** Where the file lies in the archive, and what is said of it. */
interface Member {
  readonly start: number
  readonly compressedSize: number
  readonly size: number
  readonly method: number
  readonly crc: number
}

const find = Effect.fnUntraced(function* (zip: Buffer): Effect.fn.Return<Member, ZipProblem> {
  const yauzl = yield* load
  return yield* Effect.callback<Member, ZipProblem>((resume) => {
    const fail = (error: Error) => resume(unsound(error))
    yauzl.fromBuffer(zip, { lazyEntries: true }, (error, file) => {
      if (error) return fail(error)
      if (file.entryCount !== 1) return resume(problem(`it holds ${file.entryCount} files instead of one`))
      file.on("error", fail)
      file.on("entry", (entry) => {
        file.readLocalFileHeader(entry, { minimal: true }, (error, header) => {
          if (error) return fail(error)
          const { compressedSize, compressionMethod: method, crc32: crc, uncompressedSize: size } = entry
          resume(Effect.succeed({ start: header.fileDataStart, compressedSize, size, method, crc }))
        })
      })
      file.readEntry()
    })
  })
})

/** In one piece, off the main thread. */
const inflate = (bytes: Uint8Array, size: number) =>
  Effect.callback<Uint8Array, ZipProblem>((resume) => {
    // A byte more than it should have, to see that it has more.
    inflateRaw(bytes, { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1 }, (error, out) =>
      resume(error ? unsound(error) : Effect.succeed(out))
    )
  })

/** The bytes of the file: of the size and with the checksum that the archive gives. */
export const extract = Effect.fnUntraced(function* (zip: Uint8Array): Effect.fn.Return<Uint8Array, ZipProblem> {
  const member = yield* find(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength))
  const { compressedSize, crc, method, size, start } = member
  if (size > mostBytes || (method === deflated && size > (compressedSize + 64) * tightest))
    return yield* problem(`its file has ${size} bytes, which is more than it can hold`)
  if (method !== stored && method !== deflated) return yield* problem(`its file is packed by method ${method}`)
  const packed = zip.subarray(start, start + compressedSize)
  const bytes = method === stored ? packed : yield* inflate(packed, size)
  if (bytes.length !== size) return yield* problem(`its file has ${bytes.length} bytes instead of ${size}`)
  return crc32(bytes) === crc ? bytes : yield* problem("its file is not what it was when it was packed")
})
