import { logger, type Tree } from "@nx/devkit"
import { rmSync } from "node:fs"
import { join } from "node:path"
import * as Link from "../Link.ts"
import * as Registration from "../Registration.ts"
import * as SourceName from "../SourceName.ts"

export interface Options {
  readonly name: string
}

/** Removes `packages/source-NAME` and everything that registers it. */
export default async function removeSource(tree: Tree, options: Options): Promise<() => void> {
  const name = SourceName.parse(options.name)
  const dependents = Registration.dependents(tree, name)
  if (dependents.length > 0) {
    throw new Error(
      `${dependents.join(", ")} ${dependents.length === 1 ? "depends" : "depend"} on ${name.packageName}. Take it out of there first; nothing was removed.`
    )
  }
  const exists = tree.exists(name.root)
  const known = Registration.sources(tree)
  if (Registration.remove(tree, name).length === 0 && !exists) {
    throw new Error(`There is no source "${name.id}". The sources are: ${known.join(", ")}.`)
  }
  if (exists) tree.delete(name.root)
  return () => {
    // What is not part of the tree, such as the output of the compiler.
    rmSync(join(tree.root, name.root), { recursive: true, force: true })
    Link.remove(tree.root, name)
    logger.info(`\nThe source "${name.id}" is gone. If it had dependencies of its own: npm install`)
  }
}
