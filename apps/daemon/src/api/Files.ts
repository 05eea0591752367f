/**
 * Files of this machine are not named over HTTP: whoever has a key for the API
 * would read with the daemon's rights. Those that the configuration names
 * (`sources.file.path`) are asked for as `file`.
 */
import { Effect } from "effect"
import * as Failure from "./Failure.ts"

export const refuse = (...sources: ReadonlyArray<string | undefined>) => {
  const named = sources.find((source) => source?.toLowerCase().startsWith("file:") === true)
  return named === undefined
    ? Effect.void
    : Effect.fail(
        Failure.badRequest(
          "Files are not named over HTTP: name them in tidemark.json (sources.file.path) and ask for `file`, or fetch " +
            "them with the command line."
        )
      )
}
