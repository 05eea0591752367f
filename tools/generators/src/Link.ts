/** The link in `node_modules` by which the other packages find a source, as npm makes it. */
import { existsSync, lstatSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import type { SourceName } from "./SourceName.ts"

const pathOf = (workspace: string, name: SourceName): string => join(workspace, "node_modules", name.packageName)

/** `false` if nothing is installed there, or no link can be made: `npm install` does it then. */
export const add = (workspace: string, name: SourceName): boolean => {
  const link = pathOf(workspace, name)
  if (!existsSync(dirname(link))) return false
  try {
    rmSync(link, { force: true })
    symlinkSync(relative(dirname(link), join(workspace, name.root)), link, "dir")
    return true
  } catch {
    return false
  }
}

export const remove = (workspace: string, name: SourceName): void => {
  const link = pathOf(workspace, name)
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(link)
}
