/** Gamma snapshots and days, for people and for machines. Pure. */
import * as GammaRows from "@tidemark/api/GammaRows"
import { Gamma, Instant } from "@tidemark/core"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

const none = "–"

/** 1.23 bn $, −456.7 m $ */
export const dollars = (value: number | null): string => {
  if (value === null) return none
  const size = Math.abs(value)
  const sign = value < 0 ? "−" : ""
  if (size >= 1e9) return `${sign}${(size / 1e9).toFixed(2)} bn $`
  if (size >= 1e6) return `${sign}${(size / 1e6).toFixed(1)} m $`
  return `${sign}${count(size)} $`
}

/** A price with as many figures as it needs. */
export const price = (value: number | null): string =>
  value === null ? none : String(Number(value.toFixed(Math.abs(value) >= 1 ? 2 : 5)))

export const percent = (share: number | null, digits = 1): string =>
  share === null ? none : `${share < 0 ? "−" : ""}${(100 * Math.abs(share)).toFixed(digits)} %`

const state = (value: Gamma.MakerState | null): string =>
  value === null ? none : value === "long_gamma" ? "long" : "short"

const snapshotTable = (snapshots: ReadonlyArray<Gamma.Snapshot>): string =>
  render(
    [
      "time (UTC)",
      "spot",
      "net GEX for 1 %",
      "makers",
      "flip",
      "to flip",
      "call wall",
      "put wall",
      "max pain",
      "expected move",
      "how known",
      "method",
      "source"
    ],
    snapshots.map((one) => [
      Instant.format(one.at),
      price(one.spot),
      dollars(one.netGex),
      state(one.makerState),
      price(one.flip),
      percent(Gamma.distanceToFlip(one)),
      price(one.callWall),
      price(one.putWall),
      price(one.maxPain),
      price(one.expectedMove),
      one.origin,
      one.method,
      one.source
    ]),
    { right: [1, 2, 4, 5, 6, 7, 8, 9] }
  )

export const accountingLine = ({
  contracts,
  crossed,
  duplicates,
  expired,
  kept,
  malformed,
  noOpenInterest,
  noSpot,
  noVolatility
}: Gamma.Accounting): string => {
  const parts = [
    [kept, "kept"],
    [expired, "expired"],
    [noOpenInterest, "without open interest"],
    [noVolatility, "without a volatility"],
    [malformed, "malformed"],
    [duplicates, "told twice"],
    [noSpot, "without a spot"]
  ] as const
  const told = parts.flatMap(([value, what]) => (value === 0 && what !== "kept" ? [] : [`${count(value)} ${what}`]))
  return (
    `${plural(contracts, "contract")}: ${told.join(", ")}` +
    (crossed === 0 ? "" : `; ${count(crossed)} of those kept have a bid above their ask`)
  )
}

/** A price that was made so long before its row is told with its time. */
const sameTimeMillis = 15 * 60_000

const spotLine = ({ at, spot, spotAt }: Gamma.Snapshot): ReadonlyArray<string> =>
  spot === null || spotAt === null || at - spotAt < sameTimeMillis
    ? []
    : [`The spot is the last price that is stored before it, of ${Instant.format(spotAt)}`]

const flipLine = ({ flips }: Gamma.Snapshot): ReadonlyArray<string> =>
  flips.length < 2 ? [] : [`Net exposure changes its sign at ${flips.map(price).join(", ")}`]

export const modelLine = ({ fittedOn, from, id, rSquared, rows, to }: Gamma.Model): string =>
  `Model ${id}: fitted on ${plural(rows, "snapshot")} (${fittedOn}) from ${Instant.formatDate(from)} to ` +
  `${Instant.formatDate(to)}, R² ${rSquared.toFixed(2)}` +
  (fittedOn === "synthetic"
    ? "; it knows nothing of this market: what it says is how simulated dealers would stand"
    : "")

const modelledLine = ({ model }: Gamma.Snapshot): string =>
  model === null
    ? "No chain of it is kept, and no model could be fitted to estimate it from prices"
    : `Estimated from prices by ${model}: no chain of it is kept`

const modelOf = ({ model }: Gamma.Snapshot, models: ReadonlyArray<Gamma.Model>): Gamma.Model | undefined =>
  models.find(({ id }) => id === model)

/** Rows, each with what its model was fitted on, if it has one. */
export const toJson = (snapshots: ReadonlyArray<Gamma.Snapshot>, models: ReadonlyArray<Gamma.Model>) =>
  snapshots.map((one) => {
    const fit = modelOf(one, models)
    const fitted =
      fit === undefined
        ? null
        : {
            fitted_on: fit.fittedOn,
            source: fit.source,
            from: Instant.format(fit.from),
            to: Instant.format(fit.to),
            rows: fit.rows,
            r_squared: fit.rSquared
          }
    return { ...GammaRows.snapshot(one), fitted }
  })

/** All of one snapshot, a line each. */
export const details = (snapshot: Gamma.Snapshot): ReadonlyArray<string> => {
  const { accounting, conventions, nearestExpiry, origin, reason } = snapshot
  const dte = [snapshot.grossToday, snapshot.gross5, snapshot.gross14, snapshot.grossLater]
  return [
    ...(reason === null ? [] : [`Values are missing: ${reason}`]),
    ...spotLine(snapshot),
    ...(accounting === null ? [] : [accountingLine(accounting)]),
    ...flipLine(snapshot),
    ...(snapshot.grossGex === null || dte[0] === null
      ? []
      : [
          `Gross ${dollars(snapshot.grossGex)}: ${dollars(dte[0]!)} expire today, ${dollars(dte[1]!)} within 5 days, ` +
            `${dollars(dte[2]!)} within 14, ${dollars(dte[3]!)} later`
        ]),
    ...(nearestExpiry === null
      ? []
      : [
          `Nearest expiry ${nearestExpiry}: at-the-money volatility ${percent(snapshot.atmVolatility)}, ` +
            `expected move ±${price(snapshot.expectedMove)}, max pain ${price(snapshot.maxPain)}`
        ]),
    `Conventions: ${conventions}`,
    ...(origin === "modelled" ? [modelledLine(snapshot)] : []),
    ...(origin === "synthetic" ? ["Simulated: not what any market was"] : [])
  ]
}

/** The models are those that rows name; of the newest row that has one it is said what it is. */
export const toText = (snapshots: ReadonlyArray<Gamma.Snapshot>, models: ReadonlyArray<Gamma.Model>): string => {
  const last = snapshots.at(-1)
  const modelled = snapshots.findLast(({ model }) => model !== null)
  const model = modelled === undefined ? undefined : modelOf(modelled, models)
  if (last === undefined) return "No gamma snapshots are stored of this."
  return [
    snapshotTable(snapshots),
    "",
    `${last.symbol} at ${Instant.format(last.at)} (${last.source}, ${last.method}):`,
    ...details(last).map((line) => `  ${line}`),
    ...(model === undefined ? [] : [modelLine(model)])
  ].join("\n")
}

export const dailyText = (days: ReadonlyArray<Gamma.Daily>): string =>
  days.length === 0
    ? "No gamma snapshots are stored of this."
    : render(
        [
          "session",
          "snapshots",
          "open GEX",
          "close GEX",
          "change",
          "change %",
          "open price",
          "close price",
          "price correlation",
          "makers",
          "how known",
          "method",
          "source"
        ],
        days.map((one) => [
          one.session,
          String(one.snapshots),
          dollars(one.openGex),
          dollars(one.closeGex),
          dollars(one.change),
          percent(one.changePercent === null ? null : one.changePercent / 100),
          price(one.openPrice),
          price(one.closePrice),
          one.priceCorrelation === null ? none : one.priceCorrelation.toFixed(2),
          state(one.makerState),
          one.origin,
          one.method,
          one.source
        ]),
        { right: [1, 2, 3, 4, 5, 6, 7, 8] }
      )
