export { plugin } from "./Cboe.ts"
