/**
 * What Massive tells about shares: tickers, splits, dividends, and whether
 * the markets are open.
 *
 * A list is filtered by its fields (`execution_date=`, `.gt`, `.gte`, `.lt`,
 * `.lte`), sorted, and cut into pages; the cursor of the next page holds all
 * that the first was asked with. Identifiers of registries (CIK, FIGI) are
 * left out: the provider has none for some tickers either.
 */
import { createHash } from "node:crypto"
import { DateTime, Option } from "effect"
import { type CorporateAction, Instant } from "@tidemark/core"
import { calendar, type Equity, splitsOf } from "./Equity.ts"

export type Row = Readonly<Record<string, string | number | boolean>>

/** How a list may be asked for. */
export interface List {
  readonly rows: (equities: ReadonlyArray<Equity>, now: Instant.EpochMillis) => ReadonlyArray<Row>
  /** Fields that can be filtered by. */
  readonly fields: ReadonlyArray<string>
  readonly sort: string
  readonly order: "asc" | "desc"
  /** Rows of a page where nothing is said. */
  readonly limit: number
}

export const maxLimit = 1_000

const day = (instant: Instant.EpochMillis): string => Instant.formatDate(instant)

const tickerRow = ({ currency, name, symbol }: Equity, now: Instant.EpochMillis): Row => ({
  ticker: symbol,
  name,
  market: "stocks",
  locale: "us",
  primary_exchange: "XNYS",
  type: "CS",
  active: true,
  currency_name: currency.toLowerCase(),
  last_updated_utc: `${day(now)}T00:00:00Z`
})

/** All that is known of one ticker. */
export const details = (equity: Equity, now: Instant.EpochMillis): Row => {
  const { last_updated_utc: _, ...row } = tickerRow(equity, now)
  return { ...row, ticker_root: equity.symbol, list_date: day(equity.firstTrade), round_lot: 100 }
}

const idOf = (...parts: ReadonlyArray<string>): string =>
  `E${createHash("sha256").update(parts.join("|")).digest("hex")}`

const isDividend = (action: CorporateAction.CorporateAction): action is CorporateAction.Dividend =>
  action._tag === "Dividend"

const isShare = ({ symbol }: Equity): boolean => !symbol.startsWith("^")

export const tickers: List = {
  // Indices are another market of the provider, of which it serves options only.
  rows: (equities, now) => equities.filter(isShare).map((equity) => tickerRow(equity, now)),
  fields: ["ticker", "type", "market", "exchange", "active"],
  sort: "ticker",
  order: "asc",
  limit: 100
}

export const splits: List = {
  rows: (equities) =>
    equities.flatMap((equity) =>
      splitsOf(equity).map(({ exDate, from, to }) => ({
        execution_date: exDate,
        id: idOf("split", equity.symbol, exDate),
        split_from: from,
        split_to: to,
        ticker: equity.symbol
      }))
    ),
  fields: ["ticker", "execution_date"],
  sort: "execution_date",
  order: "desc",
  limit: 10
}

export const dividends: List = {
  rows: (equities) =>
    equities.flatMap((equity) =>
      equity.actions.filter(isDividend).map(({ amount, currency, declared, exDate, paid, recorded }) => ({
        cash_amount: amount,
        currency: currency ?? equity.currency,
        ...(declared === undefined ? {} : { declaration_date: declared }),
        dividend_type: "CD",
        ex_dividend_date: exDate,
        frequency: 4,
        id: idOf("dividend", equity.symbol, exDate),
        ...(paid === undefined ? {} : { pay_date: paid }),
        ...(recorded === undefined ? {} : { record_date: recorded }),
        ticker: equity.symbol
      }))
    ),
  fields: ["ticker", "ex_dividend_date", "record_date", "declaration_date", "pay_date", "cash_amount", "frequency"],
  sort: "ex_dividend_date",
  order: "desc",
  limit: 10
}

const compare = (a: Row[string], b: Row[string]): number => (a < b ? -1 : a > b ? 1 : 0)

const relations: Readonly<Record<string, (order: number) => boolean>> = {
  "": (order) => order === 0,
  ".gt": (order) => order > 0,
  ".gte": (order) => order >= 0,
  ".lt": (order) => order < 0,
  ".lte": (order) => order <= 0
}

const matches = (row: Row, fields: ReadonlyArray<string>, parameters: URLSearchParams): boolean =>
  fields.every((field) =>
    Object.entries(relations).every(([suffix, holds]) => {
      const wanted = parameters.get(`${field}${suffix}`)
      if (wanted === null) return true
      const value = row[field]
      if (value === undefined) return false
      return holds(typeof value === "number" ? compare(value, Number(wanted)) : compare(String(value), wanted))
    })
  )

export interface ListPage {
  readonly rows: ReadonlyArray<Row>
  /** Parameters of the next page, where there is one. */
  readonly next: URLSearchParams | undefined
}

/** One page of a list; `offset` among the parameters is what a cursor adds to them. */
export const page = (
  list: List,
  equities: ReadonlyArray<Equity>,
  parameters: URLSearchParams,
  now: Instant.EpochMillis
): ListPage => {
  const sort = parameters.get("sort") ?? list.sort
  const sign = (parameters.get("order") ?? list.order) === "asc" ? 1 : -1
  const limit = Number(parameters.get("limit") ?? list.limit)
  const offset = Number(parameters.get("offset") ?? 0)
  const found = list
    .rows(equities, now)
    .filter((row) => matches(row, list.fields, parameters))
    .toSorted((a, b) => sign * compare(a[sort] ?? "", b[sort] ?? ""))
  const end = offset + limit
  const next = new URLSearchParams(parameters)
  next.set("offset", String(end))
  return { rows: found.slice(offset, end), next: end < found.length ? next : undefined }
}

const hourMillis = 3_600_000

/** Whether the markets are open, with New York's time. */
export const marketStatus = (now: Instant.EpochMillis) => {
  const [session] = calendar.sessions({ from: now - 4 * hourMillis, to: now + 6 * hourMillis })
  const early = session !== undefined && now < session.open && now >= session.open - 5.5 * hourMillis
  const after = session !== undefined && now >= session.close && now < session.close + 4 * hourMillis
  const market = calendar.isOpen(now) ? "open" : early || after ? "extended-hours" : "closed"
  const zoned = Option.getOrThrow(DateTime.makeZoned(now, { timeZone: calendar.timeZone }))
  return {
    market,
    earlyHours: early,
    afterHours: after,
    serverTime: DateTime.formatIsoOffset(zoned).replace(/\.\d+/, ""),
    exchanges: { nyse: market, nasdaq: market, otc: market },
    currencies: { fx: "open", crypto: "open" }
  }
}
