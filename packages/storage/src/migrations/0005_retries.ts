/** How many requests of a run brought no answer, and were made again or given up; of earlier runs nobody has counted them. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`ALTER TABLE data_sync_log ADD COLUMN retries BIGINT DEFAULT 0`
)
