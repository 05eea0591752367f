export * as Due from "./Due.ts"
export * as Revision from "./Revision.ts"
export * as Scheduler from "./Scheduler.ts"
