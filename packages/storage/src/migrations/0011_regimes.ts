/**
 * Market and structure regimes, and how far each method that derives
 * something has come in a series.
 *
 * Users read `market_regime_history`, `jump_regime_history`,
 * `structure_regime_history` and `structure_events`. A day without enough
 * history has a row with a reason in the table and none in the view.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** What every derived row has besides its values. */
const derived = `input_hash BIGINT NOT NULL, method VARCHAR NOT NULL, version INTEGER NOT NULL, reason VARCHAR,
  computed_at TIMESTAMP NOT NULL`
const known = "series_id INTEGER NOT NULL, open_time TIMESTAMP NOT NULL, known_at TIMESTAMP NOT NULL"
const told = `s.source, s.provenance, r.known_at, r.method, r.version AS method_version, r.input_hash,
  r.computed_at AS created_at`

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE derivation_progress (
    series_id INTEGER NOT NULL,
    method VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    reach_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    missing VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    token VARCHAR NOT NULL,
    computed_ms BIGINT NOT NULL,
    PRIMARY KEY (series_id, method)
  )`
  yield* sql`INSERT INTO derivation_progress
    SELECT series_id, 'features', version, from_ms, until_ms, until_ms, seen_ms, missing, state, '', computed_ms FROM feature_progress`
  yield* sql`DROP TABLE feature_progress`

  yield* sql`CREATE TABLE market_regimes (
    ${sql.literal(known)},
    regime VARCHAR,
    confirmed_regime VARCHAR,
    confidence FLOAT8,
    volatility FLOAT8,
    volatility_percentile FLOAT8,
    trend_strength FLOAT8,
    momentum_score FLOAT8,
    drawdown_severity FLOAT8,
    volume_anomaly FLOAT8,
    anomaly_of VARCHAR,
    bull_score FLOAT8,
    bear_score FLOAT8,
    volatile_score FLOAT8,
    transitioning_score FLOAT8,
    description VARCHAR,
    ${sql.literal(derived)}
  )`
  yield* sql`CREATE VIEW market_regime_history AS
    SELECT CAST(r.open_time AS DATE) AS date, s.symbol AS market_symbol, r.regime, r.confirmed_regime, r.confidence,
      r.volatility, r.volatility_percentile, r.trend_strength, r.momentum_score, r.drawdown_severity,
      r.volume_anomaly, r.anomaly_of, r.bull_score, r.bear_score, r.volatile_score, r.transitioning_score,
      r.description, ${sql.literal(told)}
    FROM market_regimes r JOIN series s ON s.series_id = r.series_id WHERE r.regime IS NOT NULL`

  yield* sql`CREATE TABLE jump_regimes (
    ${sql.literal(known)},
    regime VARCHAR,
    lead FLOAT8,
    return_5 FLOAT8,
    log_downside_5 FLOAT8,
    sortino_5 FLOAT8,
    return_20 FLOAT8,
    log_downside_20 FLOAT8,
    sortino_20 FLOAT8,
    return_60 FLOAT8,
    log_downside_60 FLOAT8,
    sortino_60 FLOAT8,
    ${sql.literal(derived)}
  )`
  yield* sql`CREATE VIEW jump_regime_history AS
    SELECT CAST(r.open_time AS DATE) AS date, s.symbol AS market_symbol, r.regime, r.lead, r.return_5,
      r.log_downside_5, r.sortino_5, r.return_20, r.log_downside_20, r.sortino_20, r.return_60, r.log_downside_60,
      r.sortino_60, ${sql.literal(told)}
    FROM jump_regimes r JOIN series s ON s.series_id = r.series_id WHERE r.regime IS NOT NULL`

  yield* sql`CREATE TABLE structure_regimes (
    ${sql.literal(known)},
    regime VARCHAR,
    close FLOAT8,
    adx_14 FLOAT8,
    plus_di_14 FLOAT8,
    minus_di_14 FLOAT8,
    bias VARCHAR,
    ema_200 FLOAT8,
    ema_distance FLOAT8,
    ema_slope VARCHAR,
    order_block VARCHAR,
    order_block_time TIMESTAMP,
    order_block_top FLOAT8,
    order_block_bottom FLOAT8,
    fair_value_gap VARCHAR,
    fair_value_gap_time TIMESTAMP,
    fair_value_gap_top FLOAT8,
    fair_value_gap_bottom FLOAT8,
    break_of_structure VARCHAR,
    break_time TIMESTAMP,
    break_level FLOAT8,
    missing_timeframes VARCHAR,
    description VARCHAR,
    ${sql.literal(derived)}
  )`
  yield* sql`CREATE VIEW structure_regime_history AS
    SELECT s.symbol, r.open_time AS timestamp, r.regime, r.close, r.adx_14, r.plus_di_14, r.minus_di_14, r.bias,
      r.ema_200, r.ema_distance, r.ema_slope, r.order_block, r.order_block_time, r.order_block_top,
      r.order_block_bottom, r.fair_value_gap, r.fair_value_gap_time, r.fair_value_gap_top, r.fair_value_gap_bottom,
      r.break_of_structure, r.break_time, r.break_level, r.description, r.reason AS missing, r.missing_timeframes, ${sql.literal(told)}
    FROM structure_regimes r JOIN series s ON s.series_id = r.series_id`

  yield* sql`CREATE TABLE structure_event_rows (
    ${sql.literal(known)},
    sequence FLOAT8 NOT NULL,
    kind VARCHAR NOT NULL,
    pattern VARCHAR,
    direction VARCHAR,
    about_time TIMESTAMP NOT NULL,
    related_time TIMESTAMP,
    level FLOAT8,
    top FLOAT8,
    bottom FLOAT8,
    description VARCHAR NOT NULL,
    ${sql.literal(derived)}
  )`
  yield* sql`CREATE VIEW structure_events AS
    SELECT s.symbol, s.timeframe, r.kind, r.pattern, r.direction, r.about_time, r.related_time, r.level, r.top,
      r.bottom, r.description, CAST(r.sequence AS INTEGER) AS sequence, ${sql.literal(told)}
    FROM structure_event_rows r JOIN series s ON s.series_id = r.series_id`
})
