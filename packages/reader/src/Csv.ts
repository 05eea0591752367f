/** Candles as CSV, a batch at a time; what is not known is an empty field. */
import { Candles, Labelled } from "@tidemark/core"
import { DateTime, Stream } from "effect"

const timestamp = (open: number): string => DateTime.formatIso(DateTime.makeUnsafe(open))

/** A field: in quotes where it holds what would end it. */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const number = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? "" : String(value))

const lines = ({ candles, labels }: Labelled.Labelled): string => {
  const { adjustment, provenance, source, symbol, timeframe } = Labelled.texts(labels)
  const head = `${field(symbol)},${timeframe},`
  const tail = `,${field(source)},${provenance},${adjustment}\n`
  const { close, high, low, open, openTime, quoteVolume, trades, volume } = candles
  let text = ""
  for (let i = 0; i < Candles.length(candles); i++) {
    text +=
      `${head}${timestamp(openTime[i]!)},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]},` +
      `${number(quoteVolume?.[i])},${number(trades?.[i])}${tail}`
  }
  return text
}

export const encode = <E, R>(rows: Stream.Stream<Labelled.Labelled, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.make(`${Labelled.columns.join(",")}\n`).pipe(Stream.concat(Stream.map(rows, lines)), Stream.encodeText)
