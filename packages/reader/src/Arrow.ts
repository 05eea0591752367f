/**
 * Candles in Arrow's format, a record batch for each batch: `file` for what is
 * opened again and again (`.arrow`, `.feather`), `stream` for a pipe. Columns
 * of text are dictionaries, timestamps milliseconds in UTC, what is not known
 * is null.
 */
import { Candles, Labelled } from "@tidemark/core"
import { Stream } from "effect"
import {
  AsyncByteQueue,
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
  vectorFromArray
} from "apache-arrow"

export type Format = "file" | "stream"

type TextColumn = keyof ReturnType<typeof Labelled.texts>

/** What has been written and nobody has taken yet. */
class Outbox extends AsyncByteQueue<Uint8Array> {
  private readonly chunks: Array<Uint8Array> = []
  override write(chunk: Uint8Array): void {
    // The writer uses its buffers again.
    if (chunk.byteLength > 0) this.chunks.push(Uint8Array.from(chunk))
  }
  take(): ReadonlyArray<Uint8Array> {
    return this.chunks.splice(0)
  }
}

const timestamps = (values: Float64Array): Data =>
  makeData({
    type: new TimestampMillisecond("UTC"),
    length: values.length,
    data: BigInt64Array.from(values, (value) => BigInt(value))
  })

const doubles = (values: Float64Array): Data =>
  makeData({ type: new Float64(), length: values.length, data: Float64Array.from(values) })

/** NaN is null; a column that is not there is null throughout. */
const nullable = (values: Float64Array | undefined, length: number): Data => {
  const nullBitmap = new Uint8Array(Math.ceil(length / 8))
  let nullCount = length
  for (let i = 0; values !== undefined && i < length; i++) {
    if (Number.isNaN(values[i]!)) continue
    nullBitmap[i >> 3]! |= 1 << (i & 7)
    nullCount--
  }
  const data = values === undefined ? new Float64Array(length) : Float64Array.from(values)
  return makeData({ type: new Float64(), length, nullCount, nullBitmap, data })
}

const numbers: Readonly<Record<string, (candles: Candles.Candles) => Data>> = {
  timestamp: ({ openTime }) => timestamps(openTime),
  open: ({ open }) => doubles(open),
  high: ({ high }) => doubles(high),
  low: ({ low }) => doubles(low),
  close: ({ close }) => doubles(close),
  volume: ({ volume }) => doubles(volume),
  quote_volume: ({ openTime, quoteVolume }) => nullable(quoteVolume, openTime.length),
  trades: ({ openTime, trades }) => nullable(trades, openTime.length)
}

/** A column of text, of which every value that comes is known before the first does. */
const textColumn = (name: TextColumn, labels: ReadonlyArray<Labelled.Labels>, id: number) => {
  const values = [...new Set(labels.map((one) => Labelled.texts(one)[name]))]
  const dictionary = vectorFromArray(values, new Utf8())
  const type = new Dictionary(new Utf8(), new Int32(), id)
  return {
    type,
    data: (of: Labelled.Labels, length: number): Data => {
      const index = values.indexOf(Labelled.texts(of)[name])
      if (index < 0) throw new Error(`rows of an unannounced ${name}: ${Labelled.texts(of)[name]}`)
      return makeData({ type, length, data: new Int32Array(length).fill(index), dictionary })
    }
  }
}

/** `labels`: all that rows can have. */
export const encode =
  (format: Format, labels: ReadonlyArray<Labelled.Labels>) =>
  <E, R>(rows: Stream.Stream<Labelled.Labelled, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.suspend(() => {
      const columns = Labelled.columns.map((name, i) => {
        const number = numbers[name]
        if (number !== undefined) {
          const type: DataType = name === "timestamp" ? new TimestampMillisecond("UTC") : new Float64()
          const isNullable = name === "quote_volume" || name === "trades"
          const data = ({ candles }: Labelled.Labelled) => number(candles)
          return { field: new Field(name, type, isNullable), data }
        }
        const text = textColumn(name as TextColumn, labels, i)
        return {
          field: new Field(name, text.type, false),
          data: ({ candles, labels }: Labelled.Labelled) => text.data(labels, Candles.length(candles))
        }
      })
      const schema = new Schema(columns.map(({ field }) => field))
      const outbox = new Outbox()
      const writer = format === "file" ? new RecordBatchFileWriter() : new RecordBatchStreamWriter()
      writer.reset(outbox, schema)
      const batch = (labelled: Labelled.Labelled) => {
        const children = columns.map(({ data }) => data(labelled))
        const length = Candles.length(labelled.candles)
        writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, children })))
        return outbox.take()
      }
      const end = Stream.suspend(() => {
        writer.finish()
        return Stream.fromIterable(outbox.take())
      })
      return rows.pipe(
        Stream.filter(({ candles }) => Candles.length(candles) > 0),
        Stream.flatMap((labelled) => Stream.fromIterable(batch(labelled))),
        Stream.concat(end)
      )
    })
