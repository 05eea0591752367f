/**
 * Candles and the ledger of what was asked for.
 *
 * What users read has TIMESTAMP columns, in UTC; in `candles` too, because
 * users filter the view on it and the database can then skip what lies
 * outside. The ledger, which only the program reads, keeps instants as epoch
 * milliseconds (`…_ms`).
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE SEQUENCE series_ids START 1`
  yield* sql`CREATE TABLE series (
    series_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    provenance VARCHAR NOT NULL,
    listed_ms BIGINT,
    UNIQUE (source, symbol, timeframe)
  )`
  yield* sql`CREATE TABLE candles (
    series_id INTEGER NOT NULL,
    open_time TIMESTAMP NOT NULL,
    open FLOAT8 NOT NULL,
    high FLOAT8 NOT NULL,
    low FLOAT8 NOT NULL,
    close FLOAT8 NOT NULL,
    volume FLOAT8 NOT NULL,
    quote_volume FLOAT8,
    trades FLOAT8,
    ingested_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE coverage (
    series_id INTEGER NOT NULL,
    evidence VARCHAR NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    candles BIGINT NOT NULL,
    confirmations INTEGER NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL
  )`
  yield* sql`CREATE TABLE revisions (
    series_id INTEGER NOT NULL,
    open_time TIMESTAMP NOT NULL,
    known_at TIMESTAMP NOT NULL,
    revised_at TIMESTAMP NOT NULL,
    reason VARCHAR NOT NULL,
    open FLOAT8 NOT NULL,
    high FLOAT8 NOT NULL,
    low FLOAT8 NOT NULL,
    close FLOAT8 NOT NULL,
    volume FLOAT8 NOT NULL,
    quote_volume FLOAT8,
    trades FLOAT8,
    new_open FLOAT8,
    new_high FLOAT8,
    new_low FLOAT8,
    new_close FLOAT8,
    new_volume FLOAT8,
    new_quote_volume FLOAT8,
    new_trades FLOAT8
  )`
  yield* sql`CREATE TABLE symbols (
    symbol VARCHAR NOT NULL PRIMARY KEY,
    asset_class VARCHAR NOT NULL,
    calendar VARCHAR NOT NULL,
    sources VARCHAR NOT NULL,
    listed_ms BIGINT,
    delisted_ms BIGINT,
    active BOOLEAN NOT NULL
  )`
  yield* sql`CREATE TABLE data_sync_log (
    run_id VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    requested_from TIMESTAMP,
    requested_to TIMESTAMP,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    status VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    inserted BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    error VARCHAR
  )`

  yield* sql`CREATE VIEW market_data AS
    SELECT s.symbol, s.timeframe, c.open_time AS timestamp, c.open, c.high, c.low, c.close, c.volume,
      c.quote_volume, c.trades, s.source, s.provenance, c.ingested_at
    FROM candles c JOIN series s ON s.series_id = c.series_id`
  yield* sql`CREATE VIEW historical_data_range AS
    SELECT s.symbol, s.timeframe, s.source, s.provenance, r.first_timestamp, r.last_timestamp,
      coalesce(r.candles, 0) AS candles, coalesce(m.missing, 0) AS missing
    FROM series s
    LEFT JOIN (SELECT series_id, min(open_time) AS first_timestamp, max(open_time) AS last_timestamp,
        count(*) AS candles FROM candles GROUP BY series_id) r ON r.series_id = s.series_id
    LEFT JOIN (SELECT series_id, sum(candles) AS missing FROM coverage WHERE evidence = 'verified-empty'
        GROUP BY series_id) m ON m.series_id = s.series_id`
  yield* sql`CREATE VIEW candle_revisions AS
    SELECT s.symbol, s.timeframe, s.source, r.open_time AS timestamp, r.known_at, r.revised_at, r.reason,
      r.open, r.high, r.low, r.close, r.volume, r.quote_volume, r.trades,
      r.new_open, r.new_high, r.new_low, r.new_close, r.new_volume, r.new_quote_volume, r.new_trades
    FROM revisions r JOIN series s ON s.series_id = r.series_id`
})
