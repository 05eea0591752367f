export * as Driver from "./Driver.ts"
export * as Migrations from "./Migrations.ts"
export * as Query from "./Query.ts"
export * as Storage from "./Storage.ts"
