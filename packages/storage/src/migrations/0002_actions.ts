/**
 * What companies do to their shares, as each source tells it.
 *
 * `corporate_actions` is what users read: a row stands while `replaced_at` is
 * null. `settled_at` of a split says when the candles of its source were
 * brought in line with it. `action_coverage` is what was asked for.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE corporate_actions (
    symbol VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    ex_date DATE NOT NULL,
    ratio_from FLOAT8,
    ratio_to FLOAT8,
    amount FLOAT8,
    currency VARCHAR,
    declared_date DATE,
    record_date DATE,
    pay_date DATE,
    eps_estimate FLOAT8,
    eps_reported FLOAT8,
    known_at TIMESTAMP NOT NULL,
    replaced_at TIMESTAMP,
    settled_at TIMESTAMP
  )`
  yield* sql`CREATE TABLE action_coverage (
    source VARCHAR NOT NULL,
    symbol VARCHAR NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (source, symbol)
  )`
})
