/**
 * What is known of the quality of what is stored.
 *
 * `data_gaps`: what is missing, and why; `venue_outages`: when a venue was
 * down; `data_quality`: completeness by series and month; `data_anomalies`:
 * candles that look wrong, and whether somebody has found them right.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE data_gaps (
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    gap_from TIMESTAMP NOT NULL,
    gap_to TIMESTAMP NOT NULL,
    missing BIGINT NOT NULL,
    cause VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    next_action VARCHAR NOT NULL,
    detected_at TIMESTAMP NOT NULL,
    checked_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE venue_outages (
    venue VARCHAR NOT NULL,
    outage_from TIMESTAMP NOT NULL,
    outage_to TIMESTAMP NOT NULL,
    origin VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL,
    found_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE data_quality (
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    month DATE NOT NULL,
    expected BIGINT NOT NULL,
    actual BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    unexplained BIGINT NOT NULL,
    completeness FLOAT8 NOT NULL,
    has_gaps BOOLEAN NOT NULL,
    has_anomalies BOOLEAN NOT NULL,
    checked_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE data_anomalies (
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    anomaly_from TIMESTAMP NOT NULL,
    anomaly_to TIMESTAMP NOT NULL,
    evidence VARCHAR NOT NULL,
    figures VARCHAR NOT NULL,
    found_at TIMESTAMP NOT NULL,
    acknowledged_at TIMESTAMP,
    note VARCHAR
  )`
})
