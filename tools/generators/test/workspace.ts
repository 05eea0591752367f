/** The files of this workspace that the generators change, in a tree of their own. */
import type { Tree } from "@nx/devkit"
import { createTreeWithEmptyWorkspace } from "@nx/devkit/testing"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../../..")

export const registrations = [
  "package-lock.json",
  "packages/runtime/package.json",
  "packages/runtime/src/Sources.ts",
  "packages/runtime/tsconfig.json",
  "tsconfig.json"
] as const

/** Those files, and the `package.json` of every package. */
export const workspace = (): Tree => {
  const tree = createTreeWithEmptyWorkspace()
  const manifests = ["packages", "apps", "tools"].flatMap((room) =>
    readdirSync(join(root, room)).map((folder) => `${room}/${folder}/package.json`)
  )
  for (const file of [...manifests, ...registrations]) tree.write(file, readFileSync(join(root, file)))
  return tree
}

/** The text of every file in the tree. */
export const contents = (tree: Tree): Readonly<Record<string, string>> => {
  const out: Record<string, string> = {}
  const visit = (folder: string): void => {
    for (const child of tree.children(folder)) {
      const path = folder === "." ? child : `${folder}/${child}`
      if (tree.isFile(path)) out[path] = tree.read(path, "utf8")!
      else visit(path)
    }
  }
  visit(".")
  return out
}
