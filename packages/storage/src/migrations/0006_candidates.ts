/**
 * What other sources have of what is missing.
 *
 * `gap_candidates`: a gap, who else was asked, and whether what that source
 * has could stand in. `asked_from` to `asked_to` is what it was asked for.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE gap_candidates (
    symbol VARCHAR NOT NULL,
    timeframe VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    candidate VARCHAR NOT NULL,
    gap_from TIMESTAMP NOT NULL,
    gap_to TIMESTAMP NOT NULL,
    missing BIGINT NOT NULL,
    has BIGINT NOT NULL,
    asked_from TIMESTAMP NOT NULL,
    asked_to TIMESTAMP NOT NULL,
    compared BIGINT NOT NULL,
    lacking BIGINT NOT NULL,
    differing BIGINT NOT NULL,
    median_off FLOAT8 NOT NULL,
    tolerance FLOAT8 NOT NULL,
    basis VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    detail VARCHAR,
    asked_at TIMESTAMP NOT NULL
  )`
})
