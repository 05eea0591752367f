export * as SmcCompat from "./SmcCompat.ts"
