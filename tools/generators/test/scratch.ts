/** A copy of the workspace, for programs to run in. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, relative, sep } from "node:path"
import { createInterface } from "node:readline"
import { root } from "./workspace.ts"

/** Neither source nor what is made of it. */
const passedOver = new Set(["node_modules", "dist", ".nx", ".git"])
const isPassedOver = (path: string): boolean =>
  path !== root && (passedOver.has(basename(path)) || path === join(root, "data"))

/** Folders of the workspace that may have packages installed. */
const installed = (): ReadonlyArray<string> =>
  ["", ...["packages", "apps", "tools"].flatMap((room) => fs.readdirSync(join(root, room)).map((at) => join(room, at)))]
    .map((at) => join(at, "node_modules"))
    .filter((at) => fs.existsSync(join(root, at)))

/** Links to what is installed; those between packages lead into the copy. */
const link = (from: string, to: string): void => {
  fs.mkdirSync(to)
  for (const entry of fs.readdirSync(from)) {
    if (entry === "@tidemark") {
      fs.cpSync(join(from, entry), join(to, entry), { recursive: true, verbatimSymlinks: true })
    } else if (entry === ".bin" || !entry.startsWith(".")) fs.symlinkSync(join(from, entry), join(to, entry))
  }
}

// A run of Nx or Vitest around this one must not speak through the environment.
const inherited = Object.entries(process.env).filter(([key]) => !/^(NX_|VITEST|NODE_OPTIONS|npm_)/.test(key))
const env = {
  ...Object.fromEntries(inherited),
  // Nobody listens there, so that the other sources are out of reach at once.
  ...Object.fromEntries(
    ["BINANCE_BASE_URL", "POLYGON_BASE_URL", "YAHOO_BASE_URL", "CBOE_BASE_URL"].map((name) => [
      name,
      "http://127.0.0.1:1"
    ])
  )
}

export const make = () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "tidemark-generators-"))
  const copy = join(folder, "tidemark")
  const children: Array<ChildProcess> = []
  fs.cpSync(root, copy, { recursive: true, filter: (path) => !isPassedOver(path) })
  for (const at of installed()) link(join(root, at), join(copy, at))

  /** stdout of a script that succeeds; anything else is an error with all of its output. */
  const node = (script: string, args: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
    new Promise<string>((resolve, reject) => {
      const options = { cwd: copy, env: { ...env, ...variables }, timeout: 30_000 }
      execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${script} ${args.join(" ")}: ${error.message}\n${stdout}\n${stderr}`))
      })
    })

  return {
    folder,
    node,
    exists: (path: string): boolean => fs.existsSync(join(copy, path)),
    /** A program of `node_modules/.bin`. */
    bin: (program: string, ...args: ReadonlyArray<string>) => node(`node_modules/.bin/${program}`, args),
    /** Starts a script that goes on, and gives the first line that it prints. */
    start: async (script: string, ...args: ReadonlyArray<string>): Promise<string> => {
      const child = spawn(process.execPath, [script, ...args], { cwd: copy, stdio: ["ignore", "pipe", "inherit"] })
      children.push(child)
      const [line] = await once(createInterface(child.stdout), "line")
      return String(line)
    },
    /** A digest of every file, and where every link between packages leads. */
    snapshot: (): Readonly<Record<string, string>> => {
      const out: Record<string, string> = {}
      for (const entry of fs.readdirSync(copy, { recursive: true, withFileTypes: true })) {
        const path = relative(copy, join(entry.parentPath, entry.name))
        if (entry.isSymbolicLink()) {
          if (path.includes("@tidemark")) out[path] = fs.readlinkSync(join(copy, path))
        } else if (entry.isFile() && !path.split(sep).some((part) => passedOver.has(part))) {
          out[path] = createHash("sha256")
            .update(fs.readFileSync(join(copy, path)))
            .digest("hex")
        }
      }
      return out
    },
    close: (): void => {
      for (const child of children) child.kill()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}
