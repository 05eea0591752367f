export { plugin } from "./Ccxt.ts"
