/**
 * Rows that were found in `candles` though no answer of a source put them
 * there: taken out, and kept as they were. `found_at` is when.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE stray_candles (
    series_id INTEGER NOT NULL,
    open_time TIMESTAMP NOT NULL,
    open FLOAT8 NOT NULL,
    high FLOAT8 NOT NULL,
    low FLOAT8 NOT NULL,
    close FLOAT8 NOT NULL,
    volume FLOAT8 NOT NULL,
    quote_volume FLOAT8,
    trades FLOAT8,
    ingested_at TIMESTAMP NOT NULL,
    found_at TIMESTAMP NOT NULL
  )`
})
