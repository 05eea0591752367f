/** Candles as one JSON array of objects, a line each; what is not known is null. */
import { Candles, Labelled } from "@tidemark/core"
import { DateTime, Stream } from "effect"

const timestamp = (open: number): string => DateTime.formatIso(DateTime.makeUnsafe(open))

const orNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value)

const objects = ({ candles, labels }: Labelled.Labelled): ReadonlyArray<string> => {
  const { adjustment, provenance, source, symbol, timeframe } = Labelled.texts(labels)
  return Array.from(candles.openTime, (open, i) =>
    JSON.stringify({
      symbol,
      timeframe,
      timestamp: timestamp(open),
      open: candles.open[i],
      high: candles.high[i],
      low: candles.low[i],
      close: candles.close[i],
      volume: candles.volume[i],
      quote_volume: orNull(candles.quoteVolume?.[i]),
      trades: orNull(candles.trades?.[i]),
      source,
      provenance,
      adjustment
    })
  )
}

export const encode = <E, R>(rows: Stream.Stream<Labelled.Labelled, E, R>): Stream.Stream<Uint8Array, E, R> =>
  rows.pipe(
    Stream.filter(({ candles }) => Candles.length(candles) > 0),
    Stream.map(objects),
    Stream.zipWithIndex,
    Stream.map(([lines, i]) => `${i === 0 ? "" : ","}\n${lines.join(",\n")}`),
    (text) => Stream.concat(Stream.concat(Stream.make("["), text), Stream.make("\n]\n")),
    Stream.encodeText
  )
