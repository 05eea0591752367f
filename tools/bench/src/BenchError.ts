import { Runtime, Schema } from "effect"

/** A measurement that means nothing: something failed, or candles are missing or wrong. */
export class BenchError extends Schema.TaggedError<BenchError>()("BenchError", {
  detail: Schema.String
}) {
  // `main.ts` prints the message alone.
  override readonly [Runtime.errorReported] = false
  override get message(): string {
    return this.detail
  }
}
