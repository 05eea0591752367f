export * as BlackScholes from "./BlackScholes.ts"
export * as ImpliedVolatility from "./ImpliedVolatility.ts"
export * as Normal from "./Normal.ts"
export type * as Exposure from "./Exposure.ts"
