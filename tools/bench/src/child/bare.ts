/**
 * The least that can be done: ask, parse, copy into typed vectors, flush.
 * No checks, no retries, no ledger, no transaction over more than a page.
 *
 * `bare.ts DATABASE URL FROM TO`
 */
import { DOUBLE, DuckDBDataChunk, DuckDBInstance, INTEGER, TIMESTAMP } from "@duckdb/node-api"

type Row = [number, string, string, string, string, string, number, string, number, ...Array<string>]

const [database, url, from, to] = process.argv.slice(2) as [string, string, string, string]
const pageSize = 1000
const seriesId = 2
const types = [INTEGER, TIMESTAMP, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, TIMESTAMP]

const instance = await DuckDBInstance.create(database)
const connection = await instance.connect()
const appender = await connection.createAppender("candles")

for (let cursor = Number(from); cursor < Number(to);) {
  const query = `symbol=BTCUSDT&interval=1m&startTime=${cursor}&endTime=${Number(to) - 1}&limit=${pageSize}`
  const response = await fetch(`${url}/api/v3/klines?${query}`)
  if (!response.ok) throw new Error(`status ${response.status}`)
  const rows = JSON.parse(await response.text()) as Array<Row>
  if (rows.length === 0) break
  const chunk = DuckDBDataChunk.create(types, rows.length)
  // The typed memory of a vector, which @duckdb/node-api declares private.
  const column = <A>(index: number) => chunk.getColumnVector(index) as unknown as { items: A; flush(): void }
  const ids = column<Int32Array>(0)
  const openTimes = column<BigInt64Array>(1)
  const ingestedAt = column<BigInt64Array>(9)
  const values = [2, 3, 4, 5, 6, 7, 8].map((index) => column<Float64Array>(index))
  const [open, high, low, close, volume, quoteVolume, trades] = values.map((vector) => vector.items) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array
  ]
  ids.items.fill(seriesId)
  ingestedAt.items.fill(BigInt(Date.now()) * 1000n)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    openTimes.items[i] = BigInt(row[0]) * 1000n
    open[i] = Number(row[1])
    high[i] = Number(row[2])
    low[i] = Number(row[3])
    close[i] = Number(row[4])
    volume[i] = Number(row[5])
    quoteVolume[i] = Number(row[7])
    trades[i] = row[8]
  }
  for (const vector of [ids, openTimes, ...values, ingestedAt]) vector.flush()
  appender.appendDataChunk(chunk)
  appender.flushSync()
  cursor = rows.at(-1)![0] + 60_000
}

appender.closeSync()
connection.closeSync()
instance.closeSync()
