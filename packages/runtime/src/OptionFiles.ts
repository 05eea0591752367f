/** Option chains in the user's own files; what reads them is loaded with the first. */
import type * as OptionFile from "@tidemark/source-file/OptionFile"
import { Effect } from "effect"

export type { Moment, OptionFile } from "@tidemark/source-file/OptionFile"

export const open: typeof OptionFile.open = (path, options) =>
  Effect.flatMap(
    Effect.promise(() => import("@tidemark/source-file/OptionFile")),
    (file) => file.open(path, options)
  )
