export * as Due from "./Due.ts"
export * as Scheduler from "./Scheduler.ts"
