export { plugin } from "./Yahoo.ts"
