/**
 * What makes a provider one more file and one array entry.
 *
 * A provider is a plain value that recognises its requests by path and, given
 * the world of one emulator, answers each with a `Reply`, synchronously. It
 * applies the faults that need its own formats (errors, candles); the
 * emulator applies those of the connection. No provider knows another.
 */
import type { ArchiveDefect } from "./ArchiveDefect.ts"
import type { Dataset } from "./Dataset.ts"
import type { Equity } from "./Equity.ts"
import type { Fault } from "./Fault.ts"
import type { Reply } from "./Reply.ts"
import type { WeightLimiter } from "./WeightLimiter.ts"

export interface Query {
  readonly method: string
  readonly path: string
  readonly parameters: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
}

/** What the providers of one emulator share. */
export interface World {
  readonly datasets: ReadonlyArray<Dataset>
  /** What the stock providers have. */
  readonly equities: ReadonlyArray<Equity>
  /** What is wrong with the bulk archive at present; nothing where absent. */
  readonly archiveDefects?: () => ReadonlyArray<ArchiveDefect>
  /** Epoch milliseconds; candles that open later are not served. */
  readonly now: () => number
  readonly limiter: WeightLimiter
}

export interface Provider {
  readonly id: string
  /** Environment variable by which the product is pointed at the emulator. */
  readonly variable: string
  /** Whether a path belongs to it. */
  readonly owns: (path: string) => boolean
  /** Whether a path asks for candles or contracts, so that faults of the data apply. */
  readonly servesCandles: (path: string) => boolean
  readonly make: (world: World) => (query: Query, fault: Fault | undefined) => Reply
}
