/** Option chains in the user's own files; what reads them is loaded with the first. */
import type * as ContractTable from "@tidemark/source-file/ContractTable"
import type * as OptionFile from "@tidemark/source-file/OptionFile"
import { Effect } from "effect"

export type { Moment, OptionFile } from "@tidemark/source-file/OptionFile"

/** The moment that a text says, as the cells of a file say it: a day means the close of its session. */
export const momentOf = (...[text, calendar]: Parameters<typeof ContractTable.instantOf>) =>
  Effect.map(
    Effect.promise(() => import("@tidemark/source-file/ContractTable")),
    (table) => table.instantOf(text, calendar)
  )

export const open: typeof OptionFile.open = (path, options) =>
  Effect.flatMap(
    Effect.promise(() => import("@tidemark/source-file/OptionFile")),
    (file) => file.open(path, options)
  )
