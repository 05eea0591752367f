/** `ActionStore` over the tables `corporate_actions`, which users read as it is, and `action_coverage`. */
import { ActionStore, type CorporateAction, Instant, Interval } from "@tidemark/core"
import { Effect, Layer, Option } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import * as ActionRows from "./ActionRows.ts"
import { Driver } from "./Driver.ts"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"
import { timestamp } from "./Timestamp.ts"

export interface AskedRow {
  readonly source: string
  readonly symbol: string
  readonly from_ms: number
  readonly to_ms: number
  readonly first_ms: number
  readonly last_ms: number
}

const fromAskedRow = (row: AskedRow): ActionStore.Asked => ({
  source: row.source,
  symbol: row.symbol,
  interval: { from: Number(row.from_ms), to: Number(row.to_ms) },
  firstAt: Number(row.first_ms),
  lastAt: Number(row.last_ms)
})

const touches = (a: Interval.Interval, b: Interval.Interval) => a.from <= b.to && b.from <= a.to

/** What has been asked after one more answer. */
const extend = (
  before: ActionStore.Asked | undefined,
  { at, interval, source, symbol }: ActionStore.ActionsWrite
): ActionStore.Asked => {
  if (before === undefined || !touches(before.interval, interval)) {
    return { source, symbol, interval, firstAt: at, lastAt: at }
  }
  return {
    source,
    symbol,
    interval: Interval.hull(before.interval, interval),
    firstAt: interval.from < before.interval.from ? at : before.firstAt,
    lastAt: Math.max(before.lastAt, at)
  }
}

const isInside = ({ exDate }: CorporateAction.CorporateAction, interval: Interval.Interval) =>
  Interval.contains(interval, Option.getOrThrow(Instant.parse(exDate)))

const toStored = ({ action, knownAt, replacedAt, source, symbol }: ActionRows.Stored): ActionStore.StoredAction => ({
  source,
  symbol,
  action,
  knownAt,
  replacedAt
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { rowLock } = yield* Driver
  const operation = yield* Operation.make("actions")

  const rows = (conditions: ReadonlyArray<Statement.Fragment>) =>
    Effect.map(
      sql<ActionRows.Row>`SELECT ${ActionRows.columns(sql)} FROM corporate_actions WHERE ${sql.and(conditions)}
        ORDER BY symbol, source, corporate_actions.ex_date, kind, amount`,
      (found) => found.map(ActionRows.fromRow)
    )

  const ofSymbol = (source: string, symbol: string) => sql`source = ${source} AND symbol = ${symbol}`
  const stands = sql`corporate_actions.replaced_at IS NULL`
  const from = (instant: number) => sql`corporate_actions.ex_date >= ${timestamp(sql, instant)}`
  const before = (instant: number) => sql`corporate_actions.ex_date < ${timestamp(sql, instant)}`

  /** What was asked before; nobody else writes the pair until the transaction ends. */
  const lock = Effect.fnUntraced(function* ({ at, interval, source, symbol }: ActionStore.ActionsWrite) {
    const find = sql<AskedRow>`SELECT * FROM action_coverage WHERE ${ofSymbol(source, symbol)} ${sql.literal(rowLock)}`
    const [row] = yield* find
    if (row !== undefined) return fromAskedRow(row)
    // Another process may make it at the same time: then this waits for that one, and finds its row.
    const made = yield* sql`INSERT INTO action_coverage (source, symbol, from_ms, to_ms, first_ms, last_ms)
      VALUES (${source}, ${symbol}, ${interval.from}, ${interval.to}, ${at}, ${at})
      ON CONFLICT DO NOTHING RETURNING source`
    if (made.length > 0) return undefined
    return fromAskedRow((yield* find)[0]!)
  })

  const put: ActionStore.ActionStore["Service"]["put"] = Effect.fn("ActionStore.put")(
    (write) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const { interval, kinds = ActionStore.kinds, source, symbol } = write
          if (kinds.includes("split")) {
            const asked = extend(yield* lock(write), write)
            yield* sql`UPDATE action_coverage SET from_ms = ${asked.interval.from}, to_ms = ${asked.interval.to},
              first_ms = ${asked.firstAt}, last_ms = ${asked.lastAt} WHERE ${ofSymbol(source, symbol)}`
          } else {
            // Two processes that write the same pair wait for one another here too.
            yield* sql`SELECT source FROM action_coverage WHERE ${ofSymbol(source, symbol)} ${sql.literal(rowLock)}`
          }
          const stored = yield* rows([
            ofSymbol(source, symbol),
            stands,
            sql`kind IN ${sql.in(kinds)}`,
            from(interval.from),
            before(interval.to)
          ])
          const actions = write.actions.filter(
            (action) => isInside(action, interval) && kinds.includes(ActionStore.kindOf(action))
          )
          const comparison = ActionRows.compare(stored, { ...write, actions })
          yield* Effect.forEach(
            comparison.groups,
            ({ exDate, kind }) => sql`DELETE FROM corporate_actions WHERE ${ofSymbol(source, symbol)}
              AND kind = ${kind} AND ex_date = CAST(${exDate} AS DATE) AND replaced_at IS NULL`,
            { discard: true }
          )
          yield* insertRows(sql, "corporate_actions", comparison.rows.map(ActionRows.toRow))
          return comparison.result
        })
      ),
    operation("write corporate actions")
  )

  const list: ActionStore.ActionStore["Service"]["list"] = Effect.fn("ActionStore.list")(function* (filter) {
    if (filter.symbols?.length === 0 || filter.kinds?.length === 0) return []
    const { asOf } = filter
    const found = yield* rows([
      ...(asOf === undefined
        ? [stands]
        : [
            sql`corporate_actions.known_at <= ${timestamp(sql, asOf)}`,
            sql`(corporate_actions.replaced_at IS NULL OR corporate_actions.replaced_at > ${timestamp(sql, asOf)})`
          ]),
      ...(filter.symbols === undefined ? [] : [sql`symbol IN ${sql.in(filter.symbols)}`]),
      ...(filter.source === undefined ? [] : [sql`source = ${filter.source}`]),
      ...(filter.kinds === undefined ? [] : [sql`kind IN ${sql.in(filter.kinds)}`]),
      ...(filter.from === undefined ? [] : [from(filter.from)]),
      ...(filter.to === undefined ? [] : [before(filter.to)])
    ])
    return found.map(toStored)
  }, operation("list corporate actions"))

  const asked: ActionStore.ActionStore["Service"]["asked"] = Effect.fn("ActionStore.asked")(function* (filter) {
    if (filter.symbols?.length === 0) return []
    const conditions = [
      ...(filter.symbols === undefined ? [] : [sql`symbol IN ${sql.in(filter.symbols)}`]),
      ...(filter.source === undefined ? [] : [sql`source = ${filter.source}`])
    ]
    const found = yield* sql<AskedRow>`SELECT * FROM action_coverage WHERE ${sql.and(conditions)}
      ORDER BY symbol, source`
    return found.map(fromAskedRow)
  }, operation("list what corporate actions were asked for"))

  const unsettled: ActionStore.ActionStore["Service"]["unsettled"] = Effect.fn("ActionStore.unsettled")(function* (
    source,
    symbol
  ) {
    const found = yield* rows([
      ofSymbol(source, symbol),
      sql`kind = 'split'`,
      sql`corporate_actions.settled_at IS NULL`
    ])
    return found.map(toStored)
  }, operation("list corporate actions"))

  const settle: ActionStore.ActionStore["Service"]["settle"] = Effect.fn("ActionStore.settle")(
    (source, symbol, exDate, at) =>
      Effect.asVoid(sql`UPDATE corporate_actions SET settled_at = ${timestamp(sql, at)}
        WHERE ${ofSymbol(source, symbol)} AND kind = 'split' AND ex_date = CAST(${exDate} AS DATE)
          AND settled_at IS NULL AND known_at <= ${timestamp(sql, at)}
          AND (replaced_at IS NULL OR replaced_at <= ${timestamp(sql, at)})`),
    operation("write corporate actions")
  )

  return ActionStore.ActionStore.of({ put, list, asked, unsettled, settle })
})

export const layer = Layer.effect(ActionStore.ActionStore, make)
