export * as Reader from "./Reader.ts"
export * as ReaderError from "./ReaderError.ts"
