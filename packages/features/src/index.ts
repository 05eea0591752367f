export * as Annual from "./Annual.ts"
export * as Features from "./Features.ts"
export * as PointInTime from "./PointInTime.ts"
export type { Columns, Indicator, Rows, State } from "./Indicator.ts"
