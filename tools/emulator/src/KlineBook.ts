/**
 * Pages of klines, cut from chunks of a thousand rows that are printed once.
 *
 * Chunks are stretches of time (so gaps need no index), made when first
 * asked for and kept in one cache that forgets what was used longest ago
 * beyond `cacheBytes`. A page is then one or two runs of their
 * bytes, which nobody copies.
 */
import { Candles, type Instant } from "@tidemark/core"
import type { Dataset } from "./Dataset.ts"
import * as KlineInterval from "./KlineInterval.ts"
import * as KlineText from "./KlineText.ts"

/** Inclusive bounds, as on the wire. */
export interface Range {
  readonly startTime?: Instant.EpochMillis | undefined
  readonly endTime?: Instant.EpochMillis | undefined
  readonly limit: number
}

export interface KlineBook {
  /**
   * The body of a page: the oldest rows from `startTime`, or the newest up to
   * `endTime` or now where there is none.
   */
  readonly page: (dataset: Dataset, range: Range) => ReadonlyArray<Buffer>
}

const rowsPerChunk = 1_000
/** A year: so that a chunk of months does not reach decades beyond now. */
const longestChunkMillis = 365 * 86_400_000
const open = Buffer.from("[")
const comma = Buffer.from(",")
const close = Buffer.from("]")

/** The body that holds these runs of rows. */
const join = (runs: ReadonlyArray<Buffer>): ReadonlyArray<Buffer> => {
  const parts: Array<Buffer> = [open]
  for (const run of runs) {
    if (run.length === 0) continue
    if (parts.length > 1) parts.push(comma)
    parts.push(run)
  }
  parts.push(close)
  return parts
}

export const make = (options: { readonly now: () => number; readonly cacheBytes: number }): KlineBook => {
  const chunks = new Map<string, KlineText.KlineText>()
  let bytes = 0

  const load = (dataset: Dataset, from: Instant.EpochMillis, to: Instant.EpochMillis): KlineText.KlineText => {
    const stretch = { from: Math.max(from, dataset.extent.from), to: Math.min(to, dataset.extent.to) }
    if (stretch.from >= stretch.to) return KlineText.empty
    return dataset.klines?.(stretch) ?? KlineText.print(dataset.candles(stretch), dataset.interval)
  }

  const chunk = (dataset: Dataset, index: number, chunkMillis: number): KlineText.KlineText => {
    const key = `${dataset.market} ${dataset.symbol} ${dataset.interval} ${index}`
    const known = chunks.get(key)
    if (known !== undefined) {
      chunks.delete(key)
      chunks.set(key, known)
      return known
    }
    const made = load(dataset, index * chunkMillis, (index + 1) * chunkMillis)
    chunks.set(key, made)
    bytes += made.bytes.length
    for (const [oldest, text] of chunks) {
      if (bytes <= options.cacheBytes || oldest === key) break
      chunks.delete(oldest)
      bytes -= text.bytes.length
    }
    return made
  }

  return {
    page: (dataset, { endTime, limit, startTime }) => {
      const chunkMillis = Math.min(KlineInterval.nominalMillis(dataset.interval) * rowsPerChunk, longestChunkMillis)
      const from = Math.max(startTime ?? 0, dataset.extent.from)
      const to = Math.min((endTime ?? Infinity) + 1, options.now() + 1, dataset.extent.to)
      if (from >= to) return join([])
      const first = Math.floor(from / chunkMillis)
      const last = Math.floor((to - 1) / chunkMillis)
      const runs: Array<Buffer> = []
      let left = limit
      const forward = startTime !== undefined
      for (let step = 0; step <= last - first && left > 0; step++) {
        const text = chunk(dataset, forward ? first + step : last - step, chunkMillis)
        let start = Candles.lowerBound(text.openTime, from)
        let end = Candles.lowerBound(text.openTime, to)
        if (end - start > left) {
          if (forward) end = start + left
          else start = end - left
        }
        left -= Math.max(0, end - start)
        runs.push(KlineText.slice(text, start, end))
      }
      return join(forward ? runs : runs.toReversed())
    }
  }
}
