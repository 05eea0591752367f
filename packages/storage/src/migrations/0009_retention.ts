/**
 * `historical_data_range` tells how many candles of a series were pruned. They
 * are not missing: `coverage` has their range as evidence `pruned`, which
 * older programs do not know.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`CREATE OR REPLACE VIEW historical_data_range AS
    SELECT s.symbol, s.timeframe, s.source, s.provenance, r.first_timestamp, r.last_timestamp,
      coalesce(r.candles, 0) AS candles, coalesce(m.missing, 0) AS missing, coalesce(p.pruned, 0) AS pruned
    FROM series s
    LEFT JOIN (SELECT series_id, min(open_time) AS first_timestamp, max(open_time) AS last_timestamp,
        count(*) AS candles FROM candles GROUP BY series_id) r ON r.series_id = s.series_id
    LEFT JOIN (SELECT series_id, sum(candles) AS missing FROM coverage WHERE evidence = 'verified-empty'
        GROUP BY series_id) m ON m.series_id = s.series_id
    LEFT JOIN (SELECT series_id, sum(candles) AS pruned FROM coverage WHERE evidence = 'pruned'
        GROUP BY series_id) p ON p.series_id = s.series_id`
})
