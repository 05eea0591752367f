/**
 * The files that candles came from, and the budgets that processes share.
 *
 * `source_files` has a row for every version of a file that was fetched; one
 * that was not used is `quarantined`. `request_budgets` is of the present
 * only: it may be emptied at any time.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE source_files (
    source VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    range_from TIMESTAMP NOT NULL,
    range_to TIMESTAMP NOT NULL,
    sha256 VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    detail VARCHAR,
    fetched_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE INDEX source_files_url ON source_files (url)`
  yield* sql`CREATE TABLE request_budgets (
    budget VARCHAR NOT NULL PRIMARY KEY,
    state VARCHAR NOT NULL
  )`
})
