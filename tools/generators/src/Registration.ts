/** Where a source is registered besides its own folder: one list in each of these files, and npm's lock file. */
import { readJson, type Tree } from "@nx/devkit"
import * as Lockfile from "./Lockfile.ts"
import * as SourceList from "./SourceList.ts"
import type { SourceName } from "./SourceName.ts"

/** oxfmt's `printWidth`. */
const width = 120

const reference = (prefix: string): SourceList.SourceList => ({
  item: new RegExp(`\\{\\s*"path":\\s*"${prefix.replaceAll(".", "\\.")}(?<id>[^"]+)"\\s*\\}`, "g"),
  render: (id, indent) => `{\n${indent}  "path": "${prefix}${id}"\n${indent}}`
})

const lists: Readonly<Record<string, SourceList.SourceList>> = {
  "tsconfig.json": reference("./packages/source-"),
  "packages/runtime/tsconfig.json": reference("../source-"),
  "packages/runtime/package.json": {
    item: /"@tidemark\/source-(?<id>[^"]+)": "[^"]*"/g,
    render: (id) => `"@tidemark/source-${id}": "*"`
  },
  "packages/runtime/src/Sources.ts": {
    item: /\{\s+id: "(?<id>[^"]+)",\s+load: [^{}]+?\s\}/g,
    render: (id, indent) => {
      const load = `load: () => import("@tidemark/source-${id}").then((module) => module.plugin)`
      const line = `{ id: "${id}", ${load} }`
      // One character more than the line: a comma may follow.
      return indent.length + line.length + 1 <= width
        ? line
        : `{\n${indent}  id: "${id}",\n${indent}  ${load}\n${indent}}`
    }
  }
}

const lockfile = "package-lock.json"

const read = (tree: Tree, file: string): string => {
  const text = tree.read(file, "utf8")
  if (text === null) throw new Error(`${file} is missing: run this in the folder of the workspace.`)
  return text
}

export const add = (tree: Tree, name: SourceName): void => {
  for (const [file, list] of Object.entries(lists)) {
    const text = read(tree, file)
    if (SourceList.has(list, text, name.id)) {
      throw new Error(
        `${file} knows a source "${name.id}" already. Choose another name, or clean up first: npx nx g @tidemark/generators:remove-source ${name.id}`
      )
    }
    const added = SourceList.add(list, text, name.id)
    if (added === undefined) throw new Error(`${file} has no list of sources any more: tell the generator where it is.`)
    tree.write(file, added)
  }
  const manifest = readJson<Lockfile.Manifest>(tree, `${name.root}/package.json`)
  tree.write(lockfile, Lockfile.add(read(tree, lockfile), name, manifest))
}

/** Returns the files that named the source. */
export const remove = (tree: Tree, name: SourceName): ReadonlyArray<string> => {
  const changed: Array<string> = []
  const change = (file: string, edit: (text: string) => string): void => {
    const before = read(tree, file)
    const after = edit(before)
    if (after === before) return
    tree.write(file, after)
    changed.push(file)
  }
  for (const [file, list] of Object.entries(lists)) change(file, (text) => SourceList.remove(list, text, name.id))
  change(lockfile, (text) => Lockfile.remove(text, name))
  return changed
}

/** Every source that has a package. */
export const sources = (tree: Tree): ReadonlyArray<string> =>
  tree
    .children("packages")
    .filter((folder) => folder.startsWith("source-") && folder !== "source-testing")
    .map((folder) => folder.slice("source-".length))
    .toSorted()

/** Packages other than `runtime` that depend on the source. */
export const dependents = (tree: Tree, name: SourceName): ReadonlyArray<string> =>
  ["packages", "apps", "tools"]
    .flatMap((room) => tree.children(room).map((folder) => `${room}/${folder}`))
    .filter((root) => root !== "packages/runtime" && root !== name.root && tree.exists(`${root}/package.json`))
    .filter((root) => {
      const { dependencies, devDependencies } = readJson<Lockfile.Manifest>(tree, `${root}/package.json`)
      return name.packageName in { ...dependencies, ...devDependencies }
    })
