/** Rows of `corporate_actions`, and what a new answer makes of them. */
import { ActionStore, CorporateAction, Instant } from "@tidemark/core"
import type { SqlClient, Statement } from "effect/sql"
import { epochMillis, timestampText } from "./Timestamp.ts"

type Action = CorporateAction.CorporateAction

/** A stored action, with when the candles were brought in line with it. */
export interface Stored extends ActionStore.StoredAction {
  readonly settledAt: number | undefined
}

const dates = ["ex_date", "declared_date", "record_date", "pay_date"] as const
const instants = ["known_at", "replaced_at", "settled_at"] as const
const values = [
  "symbol",
  "source",
  "kind",
  "ratio_from",
  "ratio_to",
  "amount",
  "currency",
  "eps_estimate",
  "eps_reported"
] as const

/** As `columns` reads it: dates and instants are epoch milliseconds, which every database tells alike. */
export interface Row {
  readonly symbol: string
  readonly source: string
  readonly kind: ActionStore.Kind
  readonly ex_date: number
  readonly ratio_from: number | null
  readonly ratio_to: number | null
  readonly amount: number | null
  readonly currency: string | null
  readonly declared_date: number | null
  readonly record_date: number | null
  readonly pay_date: number | null
  readonly eps_estimate: number | null
  readonly eps_reported: number | null
  readonly known_at: number
  readonly replaced_at: number | null
  readonly settled_at: number | null
}

/** The columns of a SELECT that gives rows. */
export const columns = (sql: SqlClient.SqlClient): Statement.Fragment =>
  sql.csv([
    sql.literal(values.join(", ")),
    ...[...dates, ...instants].map((name) => sql`${epochMillis(sql, name)} AS ${sql(name)}`)
  ])

const given = <Name extends string, A>(name: Name, value: A | null | undefined) =>
  (value === null || value === undefined ? {} : { [name]: value }) as { readonly [name in Name]?: A }

const day = (instant: number | null) => (instant === null ? undefined : Instant.formatDate(Number(instant)))
const millis = (instant: number | null) => (instant === null ? undefined : Number(instant))

const actionOf = (row: Row): Action => {
  const exDate = day(row.ex_date)!
  switch (row.kind) {
    case "split":
      return new CorporateAction.Split({ exDate, from: row.ratio_from!, to: row.ratio_to! })
    case "dividend":
      return new CorporateAction.Dividend({
        exDate,
        amount: row.amount!,
        ...given("currency", row.currency),
        ...given("declared", day(row.declared_date)),
        ...given("recorded", day(row.record_date)),
        ...given("paid", day(row.pay_date))
      })
    case "earnings":
      return new CorporateAction.Earnings({
        exDate,
        ...given("estimate", row.eps_estimate),
        ...given("reported", row.eps_reported)
      })
  }
}

export const fromRow = (row: Row): Stored => ({
  source: row.source,
  symbol: row.symbol,
  action: actionOf(row),
  knownAt: Number(row.known_at),
  replacedAt: millis(row.replaced_at),
  settledAt: millis(row.settled_at)
})

const text = (instant: number | undefined) => (instant === undefined ? null : timestampText(instant))

/** As it is inserted: dates and instants as text. */
export const toRow = ({ action, knownAt, replacedAt, settledAt, source, symbol }: Stored) => ({
  symbol,
  source,
  kind: ActionStore.kindOf(action),
  ex_date: action.exDate,
  ratio_from: action._tag === "Split" ? action.from : null,
  ratio_to: action._tag === "Split" ? action.to : null,
  amount: action._tag === "Dividend" ? action.amount : null,
  currency: action._tag === "Dividend" ? (action.currency ?? null) : null,
  declared_date: action._tag === "Dividend" ? (action.declared ?? null) : null,
  record_date: action._tag === "Dividend" ? (action.recorded ?? null) : null,
  pay_date: action._tag === "Dividend" ? (action.paid ?? null) : null,
  eps_estimate: action._tag === "Earnings" ? (action.estimate ?? null) : null,
  eps_reported: action._tag === "Earnings" ? (action.reported ?? null) : null,
  known_at: timestampText(knownAt),
  replaced_at: text(replacedAt),
  settled_at: text(settledAt)
})

/** One kind of action on one day: usually one, but a special dividend may come with a regular one. */
export interface Group {
  readonly kind: ActionStore.Kind
  readonly exDate: string
}

export interface Comparison {
  readonly result: ActionStore.ActionsResult
  /** The groups whose standing rows go, and everything that takes their place. */
  readonly groups: ReadonlyArray<Group>
  readonly rows: ReadonlyArray<Stored>
}

const groupKey = (action: Action) => `${action.exDate} ${ActionStore.kindOf(action)}`
const content = (action: Action) => JSON.stringify(toRow(standing({ source: "", symbol: "", at: 0 }, action)))

const standing = (
  { at, source, symbol }: Pick<ActionStore.ActionsWrite, "source" | "symbol" | "at">,
  action: Action
): Stored => ({ source, symbol, action, knownAt: at, replacedAt: undefined, settledAt: undefined })

/** Compares the rows that stand in an interval with a new answer for it. Pure. */
export const compare = (stored: ReadonlyArray<Stored>, write: ActionStore.ActionsWrite): Comparison => {
  const added: Array<Action> = []
  const changed: Array<ActionStore.ActionsResult["changed"][number]> = []
  const removed: Array<Action> = []
  const groups: Array<Group> = []
  const rows: Array<Stored> = []
  const old = Map.groupBy(stored, ({ action }) => groupKey(action))
  const next = Map.groupBy(write.actions, groupKey)
  for (const key of [...new Set([...old.keys(), ...next.keys()])].sort()) {
    // What is told twice in one answer is one action.
    const fresh = new Map((next.get(key) ?? []).map((action) => [content(action), action]))
    const kept: Array<Stored> = []
    const gone: Array<Stored> = []
    for (const row of old.get(key) ?? []) (fresh.delete(content(row.action)) ? kept : gone).push(row)
    const come = [...fresh.values()]
    if (gone.length === 0 && come.length === 0) continue
    const [first] = [...gone, ...kept].map(({ action }) => action).concat(come)
    groups.push({ kind: ActionStore.kindOf(first!), exDate: first!.exDate })
    rows.push(
      ...kept,
      // What the candles were in line with is no more.
      ...gone.map((row) => ({ ...row, replacedAt: write.at, settledAt: undefined })),
      ...come.map((action) => standing(write, action))
    )
    for (let i = 0; i < Math.max(gone.length, come.length); i++) {
      const before = gone[i]?.action
      const after = come[i]
      if (before === undefined) added.push(after!)
      else if (after === undefined) removed.push(before)
      else changed.push({ before, after })
    }
  }
  return { result: { added, changed, removed }, groups, rows }
}
