export * as Outages from "./Outages.ts"
