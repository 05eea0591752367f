/** What the repository says of itself, which the files of `deploy/` are held against. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../../..")

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** Names of the environment variables that the program reads. */
export const variables: ReadonlySet<string> = new Set(
  globSync("{packages,apps}/*/src/**/*.ts", { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)].map(([, name]) => name!)
  )
)

/** Within this time of SIGTERM the daemon has ended. */
export const shutdownSeconds = 10

/** Each file of `deploy/`. */
export const files: ReadonlyArray<string> = globSync("deploy/**/*", { cwd: root, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
