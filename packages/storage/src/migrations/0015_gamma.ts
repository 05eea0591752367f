/**
 * Option chains as they were told, the gamma exposure that follows from them,
 * and what that says of the sessions to come.
 *
 * Users read `gex_history`, `gamma_history` and `gamma_daily_summary`, which
 * are views of one table, so that they agree; and `regime_signals` as it is.
 * The contracts of a chain are one compressed value: see `OptionChainBytes`.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

/** What names a row, in both tables and every view. */
const subject = `symbol VARCHAR NOT NULL, source VARCHAR NOT NULL, "timestamp" TIMESTAMP NOT NULL,
  method VARCHAR NOT NULL, provenance VARCHAR NOT NULL, session DATE NOT NULL`

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE option_chains (
    symbol VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    "timestamp" TIMESTAMP NOT NULL,
    spot FLOAT8,
    provenance VARCHAR NOT NULL,
    contracts BIGINT NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (symbol, source, "timestamp")
  )`

  yield* sql`CREATE TABLE gamma_snapshots (
    ${sql.literal(subject)},
    hours VARCHAR NOT NULL,
    spot FLOAT8,
    spot_at TIMESTAMP,
    net_gex FLOAT8,
    call_gex FLOAT8,
    put_gex FLOAT8,
    gross_gex FLOAT8,
    maker_state VARCHAR,
    flip FLOAT8,
    flips VARCHAR NOT NULL,
    call_wall FLOAT8,
    call_wall_gex FLOAT8,
    put_wall FLOAT8,
    put_wall_gex FLOAT8,
    trap_call_wall FLOAT8,
    trap_put_wall FLOAT8,
    max_pain FLOAT8,
    nearest_expiry DATE,
    atm_iv FLOAT8,
    expected_move FLOAT8,
    call_open_interest FLOAT8,
    put_open_interest FLOAT8,
    gross_gex_today FLOAT8,
    gross_gex_5d FLOAT8,
    gross_gex_14d FLOAT8,
    gross_gex_later FLOAT8,
    contracts BIGINT,
    kept BIGINT,
    expired BIGINT,
    no_open_interest BIGINT,
    no_volatility BIGINT,
    malformed BIGINT,
    duplicates BIGINT,
    no_spot BIGINT,
    crossed BIGINT,
    conventions VARCHAR NOT NULL,
    model VARCHAR,
    reason VARCHAR,
    created_at TIMESTAMP NOT NULL
  )`
  const named = sql.literal(`symbol, "timestamp", session, hours, source, method, provenance`)
  yield* sql`CREATE VIEW gex_history AS
    SELECT ${named}, spot, spot_at, net_gex, call_gex, put_gex, gross_gex, maker_state, flip, model, reason, created_at
    FROM gamma_snapshots`
  yield* sql`CREATE VIEW gamma_history AS
    SELECT ${named}, spot, net_gex, maker_state, flip, flips, call_wall, call_wall_gex, put_wall, put_wall_gex,
      trap_call_wall, trap_put_wall, max_pain, nearest_expiry, atm_iv, expected_move, call_open_interest, put_open_interest, gross_gex,
      gross_gex_today, gross_gex_5d, gross_gex_14d, gross_gex_later, contracts, kept, expired, no_open_interest,
      no_volatility, malformed, duplicates, no_spot, crossed, conventions, model, reason, created_at
    FROM gamma_snapshots`
  // A correlation needs three points, and neither side may stand still: each database has its own answer for those.
  yield* sql`CREATE VIEW gamma_daily_summary AS
    SELECT symbol, session, source, method, provenance, snapshots, open_at, close_at, open_gex, close_gex,
      close_gex - open_gex AS change,
      100 * (close_gex - open_gex) / NULLIF(abs(open_gex), 0) AS change_percent,
      open_price, close_price,
      CASE WHEN pairs >= 3 AND gex_low < gex_high AND price_low < price_high
        THEN least(1, greatest(-1, correlation)) END AS price_correlation,
      maker_state
    FROM (
      SELECT symbol, session, source, method, provenance, count(*) AS snapshots, min("timestamp") AS open_at,
        max("timestamp") AS close_at,
        max(CASE WHEN nth = 1 THEN net_gex END) AS open_gex,
        max(CASE WHEN nth_last = 1 THEN net_gex END) AS close_gex,
        max(CASE WHEN nth = 1 THEN spot END) AS open_price,
        max(CASE WHEN nth_last = 1 THEN spot END) AS close_price,
        max(CASE WHEN nth_last = 1 THEN maker_state END) AS maker_state,
        corr(paired_gex, paired_price) AS correlation,
        count(paired_gex) AS pairs, min(paired_gex) AS gex_low, max(paired_gex) AS gex_high,
        min(paired_price) AS price_low, max(paired_price) AS price_high
      FROM (
        SELECT symbol, session, source, method, provenance, "timestamp", net_gex, spot, maker_state,
          CASE WHEN spot IS NOT NULL THEN net_gex END AS paired_gex,
          CASE WHEN net_gex IS NOT NULL THEN spot END AS paired_price,
          row_number() OVER (PARTITION BY symbol, session, source, method, provenance ORDER BY "timestamp") AS nth,
          row_number() OVER (PARTITION BY symbol, session, source, method, provenance ORDER BY "timestamp" DESC) AS nth_last
        FROM gamma_snapshots WHERE hours = 'session'
      ) AS ordered
      GROUP BY symbol, session, source, method, provenance
    ) AS sessions`

  yield* sql`CREATE TABLE regime_signals (
    ${sql.literal(subject)},
    pattern VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    confidence FLOAT8 NOT NULL,
    price FLOAT8,
    rsi_5m FLOAT8,
    rsi_15m FLOAT8,
    rsi_1h FLOAT8,
    rsi_4h FLOAT8,
    rsi_1d FLOAT8,
    rsi_score FLOAT8,
    overbought BIGINT NOT NULL,
    oversold BIGINT NOT NULL,
    reasons VARCHAR NOT NULL,
    horizon BIGINT NOT NULL,
    due_at TIMESTAMP NOT NULL,
    threshold FLOAT8,
    outcome VARCHAR NOT NULL,
    outcome_price FLOAT8,
    move FLOAT8,
    resolved_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
  )`
  yield* sql`CREATE TABLE gamma_models (
    model_id VARCHAR NOT NULL PRIMARY KEY,
    symbol VARCHAR NOT NULL,
    fitted_on VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    fitted_from TIMESTAMP NOT NULL,
    fitted_to TIMESTAMP NOT NULL,
    row_count BIGINT NOT NULL,
    coefficients VARCHAR NOT NULL,
    r_squared FLOAT8 NOT NULL,
    lowest_gex FLOAT8 NOT NULL,
    highest_gex FLOAT8 NOT NULL,
    fitted_at TIMESTAMP NOT NULL
  )`
})
