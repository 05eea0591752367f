/**
 * Fits net exposures of chains to figures of daily prices: asinh(net / 1e9) by
 * least squares, which is nearly linear in billions where they are few and
 * logarithmic where they are many, on either side of 0.
 */
import { createHash } from "node:crypto"
import { type Gamma, Instant } from "@tidemark/core"
import { Result } from "effect"
import * as Figure from "../traps/Figure.ts"
import * as Inputs from "./Inputs.ts"
import * as LeastSquares from "./LeastSquares.ts"

/** Rows that there have to be, ten of each of the six coefficients: sessions, of which a fit has one row each. */
export const leastRows = 60

/** Exposures are fitted in billions of dollars. */
export const unit = 1e9

/**
 * A snapshot of a chain, and what `Inputs.of` says of the moment that it is of. One a session: all moments between two
 * daily closes have the same inputs, and count once.
 */
export interface Row {
  readonly at: Instant.EpochMillis
  readonly netGex: number | null
  readonly inputs: Float64Array | Figure.Unknown
}

/** Of what the rows are, ascending by moment. */
export interface Of extends Pick<Gamma.Model, "symbol" | "source" | "fittedOn" | "fittedAt"> {}

/** The same for the same symbol, source, window and coefficients, like no other's else: 16 hexadecimal digits. */
const idOf = ({ coefficients, fittedOn, from, rows, source, symbol, to }: Omit<Gamma.Model, "id">): string =>
  createHash("sha256")
    .update(JSON.stringify([symbol, source, fittedOn, from, to, rows, coefficients]))
    .digest("hex")
    .slice(0, 16)

const reasonsOf = (rows: ReadonlyArray<Row>): string => {
  const reasons = rows.flatMap(({ inputs, netGex }) => {
    if (netGex === null) return ["without a net exposure"]
    return "why" in inputs ? [inputs.why] : []
  })
  const counted = [...Map.groupBy(reasons, (reason) => reason)].map(([reason, all]) => `${all.length}: ${reason}`)
  return counted.length === 0 ? "" : ` (left out, ${counted.join("; ")})`
}

/**
 * The model, or why there is none, in words. Rows without an exposure or
 * without inputs are left out; `from` and `to` are the moments of the first
 * and the last that are not.
 */
export const fit = (rows: ReadonlyArray<Row>, of: Of): Result.Result<Gamma.Model, string> => {
  const used = rows.flatMap(({ at, inputs, netGex }) =>
    netGex === null || "why" in inputs ? [] : [{ at, inputs, netGex, target: Math.asinh(netGex / unit) }]
  )
  const what = `A model of the net exposure of ${of.symbol} at ${of.source}`
  if (used.length < leastRows) {
    return Result.fail(
      `${what} needs ${leastRows} sessions with a snapshot of a chain and daily candles before it, there are ${used.length} of ${rows.length}${reasonsOf(rows)}. Keep more chains, or fetch more daily candles.`
    )
  }
  const [from, to] = [used[0]!.at, used.at(-1)!.at]
  const when = `from ${Instant.format(from)} to ${Instant.format(to)}`
  const target = Float64Array.from(used, ({ target }) => target)
  const middle = target.reduce((sum, value) => sum + value, 0) / target.length
  const total = target.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  if (!(total > 1e-18 * target.length)) {
    return Result.fail(`${what} cannot be fitted ${when}: the exposure is the same in all ${used.length} sessions.`)
  }
  const columns = [
    new Float64Array(used.length).fill(1),
    ...Inputs.names.map((_, i) => Float64Array.from(used, ({ inputs }) => inputs[i]!))
  ]
  const solved = LeastSquares.solve(columns, target)
  if ("collinear" in solved) {
    const name = Inputs.names[solved.collinear - 1] ?? "the intercept"
    const before = Figure.list(["a constant", ...Inputs.names.slice(0, Math.max(0, solved.collinear - 1))])
    return Result.fail(
      `${what} cannot be fitted ${when}: in these ${used.length} sessions the input ${name} follows from ${before}. Fit it on a longer time.`
    )
  }
  const model = {
    symbol: of.symbol,
    fittedOn: of.fittedOn,
    source: of.source,
    from,
    to,
    rows: used.length,
    coefficients: [...solved.coefficients],
    rSquared: 1 - solved.residual / total,
    lowest: Math.min(...used.map(({ netGex }) => netGex)),
    highest: Math.max(...used.map(({ netGex }) => netGex)),
    fittedAt: of.fittedAt
  }
  return Result.succeed({ id: idOf(model), ...model })
}
