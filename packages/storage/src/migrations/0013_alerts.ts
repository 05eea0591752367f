/** Alerts, which users read as they are, and what webhooks are still to be told of them. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE alerts (
    alert_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP
  )`
  yield* sql`CREATE TABLE alert_notices (
    notice_id BIGINT NOT NULL,
    webhook VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP,
    noticed_at TIMESTAMP NOT NULL,
    batch VARCHAR
  )`
  yield* sql`CREATE TABLE alert_webhooks (
    webhook VARCHAR NOT NULL PRIMARY KEY,
    seen_at TIMESTAMP NOT NULL,
    batch VARCHAR,
    claimed_until TIMESTAMP,
    retry_at TIMESTAMP,
    delivered_at TIMESTAMP,
    failures INTEGER NOT NULL,
    error VARCHAR
  )`
  // One row: whoever looks holds it meanwhile.
  yield* sql`CREATE TABLE alert_watch (watch VARCHAR NOT NULL PRIMARY KEY, looked_at TIMESTAMP NOT NULL)`
  yield* sql`INSERT INTO alert_watch ${sql.insert({ watch: "all", looked_at: "1970-01-01 00:00:00" })}`
})
