export * as StorageContract from "./StorageContract.ts"
