export * as Binance from "./Binance.ts"
export * as Dataset from "./Dataset.ts"
export { Emulator } from "./Emulator.ts"
export * as Fault from "./Fault.ts"
