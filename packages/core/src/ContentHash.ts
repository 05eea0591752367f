/**
 * The hash of candles, the same wherever and in whatever pieces they are kept.
 *
 * Each column is hashed by itself (SHA-256 over its 64-bit floats, little
 * endian, instants as epoch milliseconds, missing values as the one canonical
 * NaN), and the hash of the whole is that of the column hashes and the count.
 * So it does not depend on where one batch ends and the next begins.
 */
import { createHash } from "node:crypto"

export interface ContentHash {
  /** Takes the next rows: the same columns each time, of one length. */
  readonly update: (columns: ReadonlyArray<Float64Array>) => void
  readonly rows: () => number
  /** 64 hexadecimal digits. Ends the hash. */
  readonly digest: () => string
}

const canonical = (values: Float64Array): Float64Array => {
  const firstMissing = values.findIndex(Number.isNaN)
  return firstMissing < 0 ? values : Float64Array.from(values, (value) => (Number.isNaN(value) ? Number.NaN : value))
}

export const make = (columns: number): ContentHash => {
  const hashes = Array.from({ length: columns }, () => createHash("sha256"))
  let rows = 0
  return {
    update: (batch) => {
      rows += batch[0]?.length ?? 0
      for (const [i, hash] of hashes.entries()) {
        const values = canonical(batch[i]!)
        hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      }
    },
    rows: () => rows,
    digest: () => {
      const whole = createHash("sha256").update(`${rows}`)
      for (const hash of hashes) whole.update(hash.digest())
      return whole.digest("hex")
    }
  }
}
