export * as Description from "./Description.ts"
export * as MarketRegime from "./MarketRegime.ts"
export { indicators, type AnomalyOf } from "./Profile.ts"
export * as Regime from "./Regime.ts"
