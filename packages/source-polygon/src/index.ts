export { plugin } from "./Polygon.ts"
