/** What any provider may answer with, and what the contracts expect of it. */
import type { SourceError } from "@tidemark/core"

/** Bodies of a 200 that are no answer of any provider. */
export const garbage: ReadonlyArray<string> = [
  "",
  "null",
  "{}",
  "[",
  "<html><body>maintenance</body></html>",
  "[[1]]",
  '[["a","b","c","d","e","f","g","h","i","j"]]',
  '{"results":"no","status":"OK","chart":null}',
  "[null,null]",
  `${"[".repeat(500)}${"]".repeat(500)}`
]

/** What every source has to make of a status. */
export const statuses: ReadonlyArray<{
  readonly status: number
  readonly headers?: Record<string, string>
  readonly tag: SourceError.Reason["_tag"]
}> = [
  { status: 401, tag: "Unauthorized" },
  { status: 403, tag: "Unauthorized" },
  { status: 429, headers: { "retry-after": "7" }, tag: "RateLimited" },
  { status: 500, tag: "Unavailable" },
  { status: 503, tag: "Unavailable" }
]
