export * as ChainContract from "./ChainContract.ts"
export * as LoopbackProvider from "./LoopbackProvider.ts"
export * as SourceContract from "./SourceContract.ts"
export * as TailContract from "./TailContract.ts"
