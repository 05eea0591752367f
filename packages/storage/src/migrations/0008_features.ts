/**
 * What is derived from candles, one row a candle.
 *
 * Users read `market_data_v2`: candles with their features, null for those
 * that have none yet. `known_at` is when a row could have been known,
 * `input_hash` stands for the candles it follows from, `reason` says why
 * values are missing.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** Written out here: what the program derives may change, what this migration made does not. */
const columns = [
  "return_simple",
  "return_log",
  "volatility_20",
  "parkinson_20",
  "garman_klass_20",
  "rogers_satchell_20",
  "yang_zhang_20",
  "true_range",
  "atr_14",
  "rsi_14",
  "plus_di_14",
  "minus_di_14",
  "adx_14",
  "sma_20",
  "sma_50",
  "ema_20",
  "ema_50",
  "ema_200",
  "macd",
  "macd_signal",
  "macd_histogram",
  "bollinger_upper",
  "bollinger_lower",
  "slope_14",
  "volume_z_20",
  "volume_ratio_20"
]

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE features (
    series_id INTEGER NOT NULL,
    open_time TIMESTAMP NOT NULL,
    known_at TIMESTAMP NOT NULL,
    ${sql.literal(columns.map((name) => `${name} FLOAT8`).join(", "))},
    input_hash BIGINT NOT NULL,
    version INTEGER NOT NULL,
    reason VARCHAR,
    computed_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE feature_progress (
    series_id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    missing VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    computed_ms BIGINT NOT NULL
  )`
  yield* sql`CREATE VIEW market_data_v2 AS
    SELECT s.symbol, s.timeframe, c.open_time AS timestamp, c.open, c.high, c.low, c.close, c.volume,
      ${sql.literal(columns.map((name) => `f.${name}`).join(", "))},
      s.source, s.provenance, f.known_at, 'features' AS method, f.version AS method_version, f.input_hash, f.reason,
      f.computed_at
    FROM candles c JOIN series s ON s.series_id = c.series_id
    LEFT JOIN features f ON f.series_id = c.series_id AND f.open_time = c.open_time`
})
