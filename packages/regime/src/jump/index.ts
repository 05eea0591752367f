export * as JumpFeatures from "./JumpFeatures.ts"
export * as JumpModel from "./JumpModel.ts"
export * as JumpUpdate from "./Update.ts"
export * as Labels from "./Labels.ts"
