export { plugin } from "./Binance.ts"
