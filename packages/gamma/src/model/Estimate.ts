/**
 * A snapshot without a chain: the net exposure that a model tells from daily
 * prices. What only a chain can show stays `null`.
 */
import { Gamma } from "@tidemark/core"
import { Option, Result } from "effect"
import type { Market } from "../traps/Market.ts"
import { unit } from "./Fit.ts"
import * as Inputs from "./Inputs.ts"

/** What a row is of, and which model tells it, one of the time before; or why there is none, in words. */
export interface Input {
  readonly symbol: string
  readonly model: Result.Result<Gamma.Model, string>
  /** Of the prices. */
  readonly source: string
  /** Date of the session that the moment lies in, or of the last one before. */
  readonly session: string
  /** At the moment that the snapshot is of. */
  readonly market: Market
  /** Days a year on the market's calendar: the same that the model was fitted with. */
  readonly barsPerYear: number
}

/** Net exposure in dollars for a move of one percent: 1e9 · sinh(β₀ + Σ β x), infinite where no number holds it. */
export const netGex = ({ coefficients }: Gamma.Model, inputs: Float64Array): number => {
  let sum = coefficients[0]!
  for (let i = 0; i < inputs.length; i++) sum += coefficients[i + 1]! * inputs[i]!
  return unit * Math.sinh(sum)
}

const billions = (net: number): string => `${(net / unit).toFixed(2)}bn`

const notShown = "there is no option chain: walls, flip, max pain, open interest and volatility are not known"

const estimate = (model: Gamma.Model, market: Market, barsPerYear: number) => {
  const inputs = Inputs.of(market.daily, barsPerYear)
  if ("why" in inputs) return { net: null, reasons: [inputs.why] }
  const told = netGex(model, inputs)
  const net = Math.min(model.highest, Math.max(model.lowest, told))
  if (net === told) return { net, reasons: [] }
  const far = Number.isFinite(told) ? `${billions(told)} dollars` : "more than any number"
  return {
    net,
    reasons: [
      `prices are unlike those of the fit: it would be ${far}, and the ${told < net ? "lowest" : "highest"} that was seen is told`
    ]
  }
}

export const of = ({ barsPerYear, market, model, session, source, symbol }: Input): Gamma.Snapshot => {
  const { net, reasons } = Result.match(model, {
    onFailure: (why) => ({ net: null, reasons: [why] }),
    onSuccess: (model) => estimate(model, market, barsPerYear)
  })
  const used = Option.getOrUndefined(Result.getSuccess(model))
  return {
    symbol,
    source,
    at: market.at,
    method: "model",
    origin: "modelled",
    session,
    hours: "session",
    spot: market.price,
    spotAt: market.priceAt,
    ...Gamma.unknown,
    netGex: net,
    makerState: net === null ? null : net > 0 ? "long_gamma" : "short_gamma",
    accounting: null,
    conventions:
      `inputs=${Inputs.names.join(",")} annual=${Number(barsPerYear.toFixed(2))}` +
      (used === undefined ? "" : ` fitted-on=${used.fittedOn}`),
    model: used?.id ?? null,
    reason: [...reasons, notShown].join("; ")
  }
}
