/** A source that simulates a market and its options, and can tell both of any moment. */
import { Candles, Instant, type OptionChain, type Source, SourceError } from "@tidemark/core"
import { Effect, Stream } from "effect"

export interface Simulator {
  readonly source: Source.Source
  readonly subject: Source.Subject
}

export const chainAt = (
  { source, subject }: Simulator,
  at: Instant.EpochMillis
): Effect.Effect<OptionChain.OptionChain, SourceError.SourceError> =>
  source.optionChain?.(subject, at) ??
  Effect.fail(
    new SourceError.SourceError({
      source: "synthetic",
      symbol: subject.symbol,
      reason: new SourceError.Unsupported({ detail: `it shows no option chain at ${Instant.format(at)}` })
    })
  )

/** The days that it simulates of an interval. */
export const daily = ({ source, subject }: Simulator, interval: { readonly from: number; readonly to: number }) =>
  source.candles({ ...subject, timeframe: "1d", interval }).pipe(
    Stream.runCollect,
    Effect.map((pages) => Candles.concat(pages.map(({ candles }) => candles)))
  )
