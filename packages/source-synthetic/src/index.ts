export { plugin } from "./Synthetic.ts"
