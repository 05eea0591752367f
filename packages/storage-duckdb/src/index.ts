export * as DuckDbStorage from "./DuckDbStorage.ts"
