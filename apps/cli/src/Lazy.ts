/**
 * Loads a command's work when the command is run.
 *
 * A command's file declares its flags and nothing else, so that `--help`
 * loads no database, no HTTP stack and no source.
 */
import { Effect } from "effect"
import * as Resolution from "./Resolution.ts"

/** A handler whose module is imported on the first call. */
export const lazy =
  <Input, A, E, R>(load: () => Promise<{ readonly run: (input: Input) => Effect.Effect<A, E, R> }>) =>
  (input: Input): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.promise(load), (module) => {
      Resolution.end()
      return module.run(input)
    })
