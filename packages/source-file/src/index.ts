export { plugin } from "./FileSource.ts"
