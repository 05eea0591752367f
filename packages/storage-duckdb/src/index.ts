export * as DuckDbParquetWriter from "./DuckDbParquetWriter.ts"
export * as DuckDbStorage from "./DuckDbStorage.ts"
