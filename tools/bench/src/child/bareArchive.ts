/**
 * The least that can be done with an archive: get the file, inflate, parse,
 * copy into typed vectors, flush. No checksum, no look at a row, no ledger.
 *
 * `bareArchive.ts DATABASE URL MONTH…`, months such as `2023-01`
 */
import { DOUBLE, DuckDBDataChunk, DuckDBInstance, INTEGER, TIMESTAMP } from "@duckdb/node-api"
import { inflateRawSync } from "node:zlib"

const [database, url, ...months] = process.argv.slice(2) as [string, string, ...Array<string>]
const rowsPerChunk = 2_048
const seriesId = 2
const types = [INTEGER, TIMESTAMP, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, TIMESTAMP]

/** The one file in a zip, by its local header; sizes stand there because the archive's writer knew them. */
const inflate = (zip: Buffer): string => {
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28)
  return inflateRawSync(zip.subarray(start, start + zip.readUInt32LE(18))).toString("latin1")
}

const instance = await DuckDBInstance.create(database)
const connection = await instance.connect()
const appender = await connection.createAppender("candles")

for (const month of months) {
  const response = await fetch(`${url}/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-${month}.zip`)
  if (!response.ok) throw new Error(`status ${response.status}`)
  const lines = inflate(Buffer.from(await response.arrayBuffer())).split("\n")
  if (lines.at(-1) === "") lines.pop()
  for (let at = 0; at < lines.length; at += rowsPerChunk) {
    const rows = lines.slice(at, at + rowsPerChunk)
    const chunk = DuckDBDataChunk.create(types, rows.length)
    // The typed memory of a vector, which @duckdb/node-api declares private.
    const column = <A>(index: number) => chunk.getColumnVector(index) as unknown as { items: A; flush(): void }
    const ids = column<Int32Array>(0)
    const openTimes = column<BigInt64Array>(1)
    const ingestedAt = column<BigInt64Array>(9)
    const values = [2, 3, 4, 5, 6, 7, 8].map((index) => column<Float64Array>(index))
    ids.items.fill(seriesId)
    ingestedAt.items.fill(BigInt(Date.now()) * 1000n)
    for (let i = 0; i < rows.length; i++) {
      const fields = rows[i]!.split(",")
      openTimes.items[i] = BigInt(fields[0]!) * 1000n
      for (const [column, field] of [1, 2, 3, 4, 5, 7, 8].entries()) values[column]!.items[i] = Number(fields[field])
    }
    for (const vector of [ids, openTimes, ...values, ingestedAt]) vector.flush()
    appender.appendDataChunk(chunk)
    appender.flushSync()
  }
}

appender.closeSync()
connection.closeSync()
instance.closeSync()
