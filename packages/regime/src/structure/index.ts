export * as SmcCompat from "./SmcCompat.ts"
export * as SmcPit from "./SmcPit.ts"
export * as StructureRegime from "./StructureRegime.ts"
