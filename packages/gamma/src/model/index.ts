export * as Estimate from "./Estimate.ts"
export * as Fit from "./Fit.ts"
export * as Inputs from "./Inputs.ts"
export * as LeastSquares from "./LeastSquares.ts"
