/** Jobs of the daemon, and their runs. Users read both as they are. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE TABLE jobs (
    name VARCHAR NOT NULL PRIMARY KEY,
    work VARCHAR NOT NULL,
    cron VARCHAR NOT NULL,
    time_zone VARCHAR NOT NULL,
    settings VARCHAR NOT NULL,
    is_paused BOOLEAN NOT NULL,
    since TIMESTAMP NOT NULL,
    wanted_at TIMESTAMP
  )`
  yield* sql`CREATE SEQUENCE job_run_ids`
  yield* sql`CREATE TABLE job_runs (
    run_id BIGINT NOT NULL PRIMARY KEY,
    job VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP NOT NULL,
    heard_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    status VARCHAR NOT NULL,
    holder VARCHAR NOT NULL,
    result VARCHAR NOT NULL,
    log VARCHAR NOT NULL
  )`
})
