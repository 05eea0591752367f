export * as Calendars from "./Calendars.ts"
