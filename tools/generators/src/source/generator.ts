import { generateFiles, logger, type Tree } from "@nx/devkit"
import { join } from "node:path"
import * as Link from "../Link.ts"
import * as Registration from "../Registration.ts"
import * as SourceName from "../SourceName.ts"

export interface Options {
  readonly name: string
}

/** Makes `packages/source-NAME`, which passes the source contract as it is, and registers it. */
export default async function source(tree: Tree, options: Options): Promise<() => void> {
  const name = SourceName.parse(options.name)
  if (tree.exists(name.root)) {
    throw new Error(
      `${name.root} is there already. Choose another name, or remove it first: npx nx g @tidemark/generators:remove-source ${name.id}`
    )
  }
  generateFiles(tree, join(import.meta.dirname, "files"), name.root, { ...name })
  Registration.add(tree, name)
  return () => {
    const install = Link.add(tree.root, name) ? "" : "  npm install\n"
    logger.info(
      `\nThe source "${name.id}" passes the contract; make it speak to your provider next (docs/adding-a-source.md):\n${install}  npx vitest run --project source-${name.id}\n  npx tidemark sources list`
    )
  }
}
