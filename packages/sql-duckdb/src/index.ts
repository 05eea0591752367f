export * as Columns from "./Columns.ts"
export * as DuckDbClient from "./DuckDbClient.ts"
