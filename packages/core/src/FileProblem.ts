/** Why a file could not be read or written, in words. */
import type { PlatformError } from "effect"

const words: Readonly<Record<string, string>> = {
  AlreadyExists: "something of that name is there already",
  BadResource: "it is not what it should be",
  Busy: "it is in use",
  InvalidData: "it is not text",
  NotFound: "there is no such file or folder",
  PermissionDenied: "no permission",
  TimedOut: "no answer in time",
  UnexpectedEof: "it ends too early",
  WouldBlock: "it is in use",
  WriteZero: "nothing could be written"
}

/** `path: no permission` */
export const describe = (path: string, error: PlatformError.PlatformError): string => {
  const { reason } = error
  const cause: unknown = reason.cause
  const code =
    typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
      ? cause.code
      : undefined
  const known: Readonly<Record<string, string>> = {
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is a file, not a folder",
    ENOSPC: "no space left on the disk",
    EROFS: "the disk can only be read"
  }
  return `${path}: ${(code && known[code]) ?? words[reason._tag] ?? code ?? reason._tag}`
}
