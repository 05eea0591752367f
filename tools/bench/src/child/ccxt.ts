/**
 * What people write today: ccxt's `fetchOHLCV` in a loop, and a table whose
 * primary key keeps it free of duplicates.
 *
 * `ccxt.ts DATABASE URL FROM TO`
 */
import { DuckDBInstance } from "@duckdb/node-api"
import { binance } from "ccxt"

const [database, url, from, to] = process.argv.slice(2) as [string, string, string, string]
const pageSize = 1000

const exchange = new binance({ enableRateLimit: false, options: { fetchMarkets: { types: ["spot"] } } })
exchange.fetchImplementation = (target: string, init: RequestInit) => {
  const { pathname, search } = new URL(target)
  return fetch(`${url}${pathname}${search}`, init)
}
await exchange.loadMarkets()

const instance = await DuckDBInstance.create(database)
const connection = await instance.connect()
const values = (count: number) => Array.from({ length: count }, () => "(?, ?, make_timestamp(?), ?, ?, ?, ?, ?)").join()
const insert = (count: number) => connection.prepare(`INSERT OR REPLACE INTO candles VALUES ${values(count)}`)
const whole = await insert(pageSize)

for (let since = Number(from); since < Number(to);) {
  const rows = await exchange.fetchOHLCV("BTC/USDT", "1m", since, pageSize, { until: Number(to) - 1 })
  if (rows.length === 0) break
  const statement = rows.length === pageSize ? whole : await insert(rows.length)
  for (const [i, row] of rows.entries()) {
    const at = i * 8
    statement.bindVarchar(at + 1, "BTC/USDT")
    statement.bindVarchar(at + 2, "1m")
    statement.bindBigInt(at + 3, BigInt(row[0]!) * 1000n)
    for (let column = 1; column <= 5; column++) statement.bindDouble(at + 3 + column, row[column]!)
  }
  await statement.run()
  since = rows.at(-1)![0]! + 60_000
}

connection.closeSync()
instance.closeSync()
