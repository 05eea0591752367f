/** Candles in Postgres' binary COPY format (PostgreSQL manual, COPY, "Binary Format"), for the table `candles`. */
import { Candles } from "@tidemark/core"

const signature = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1")
const columns = 10
const rowBytes = 2 + (4 + 4) + (columns - 1) * (4 + 8)
/** 2000-01-01T00:00Z, from where Postgres counts microseconds. */
const epoch = 946_684_800_000
const word = 2 ** 32

const putTimestamp = (view: DataView, at: number, millis: number) => {
  const micros = (millis - epoch) * 1_000
  const high = Math.floor(micros / word)
  view.setInt32(at, 8)
  view.setInt32(at + 4, high)
  view.setUint32(at + 8, micros - high * word)
}

const missing = Number.NaN

const rows = (seriesId: number, candles: Candles.Candles, at: number): Buffer => {
  const size = Candles.length(candles)
  const bytes = Buffer.alloc(size * rowBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { close, high, low, open, openTime, quoteVolume, trades, volume } = candles
  const values = [open, high, low, close, volume, quoteVolume, trades]
  let to = 0
  for (let row = 0; row < size; row++) {
    view.setInt16(to, columns)
    view.setInt32(to + 2, 4)
    view.setInt32(to + 6, seriesId)
    putTimestamp(view, to + 10, openTime[row]!)
    to += 22
    for (const column of values) {
      const value = column?.[row] ?? missing
      if (Number.isNaN(value)) {
        view.setInt32(to, -1)
        to += 4
      } else {
        view.setInt32(to, 8)
        view.setFloat64(to + 4, value)
        to += 12
      }
    }
    putTimestamp(view, to, at)
    to += 12
  }
  return bytes.subarray(0, to)
}

/** One whole COPY, encoded while it is sent. */
export function* stream(seriesId: number, batches: Iterable<Candles.Candles>, at: number): Generator<Buffer> {
  yield signature
  for (const batch of batches) yield rows(seriesId, batch, at)
  const end = Buffer.alloc(2)
  end.writeInt16BE(-1)
  yield end
}
