/** Which series a selection means, as SQL. */
import type { CandleStore } from "@tidemark/core"
import type { SqlClient } from "effect/sql"

/** A condition over columns of `series`, or of another table that names its series as that one does. */
export const chosen = (sql: SqlClient.SqlClient, { source, symbols, timeframes }: CandleStore.Selection) =>
  sql.and([
    sql`TRUE`,
    ...(source === undefined ? [] : [sql`source = ${source}`]),
    ...(symbols === undefined || symbols.length === 0 ? [] : [sql.in("symbol", symbols)]),
    ...(timeframes === undefined || timeframes.length === 0 ? [] : [sql.in("timeframe", timeframes)])
  ])
