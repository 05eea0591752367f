/**
 * What npm's lock file says of a package of the workspace, so that a new
 * source needs neither the network nor `npm install`.
 */
import { parseJson, serializeJson } from "@nx/devkit"
import type { SourceName } from "./SourceName.ts"

type Dependencies = Readonly<Record<string, string>>

/** A `package.json`, and a package in the lock file. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly dependencies?: Dependencies
  readonly devDependencies?: Dependencies
}

interface Lockfile {
  readonly packages: Readonly<Record<string, Manifest>>
}

const user = "packages/runtime"

/** In the order that npm writes. */
const sorted = <A>(record: Readonly<Record<string, A>>): Record<string, A> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => a.localeCompare(b, "en")))

const without = <A>(record: Readonly<Record<string, A>>, ...keys: ReadonlyArray<string>): Record<string, A> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))

const edit = (text: string, change: (packages: Lockfile["packages"]) => Record<string, Manifest>): string => {
  const lock = parseJson<Lockfile>(text)
  return `${serializeJson({ ...lock, packages: change(lock.packages) })}\n`
}

const linkOf = (name: SourceName): string => `node_modules/${name.packageName}`

export const add = (text: string, name: SourceName, manifest: Manifest): string =>
  edit(text, (packages) => {
    const { dependencies, devDependencies, license, version } = manifest
    const runtime = packages[user]
    return sorted({
      ...packages,
      ...(runtime === undefined
        ? {}
        : { [user]: { ...runtime, dependencies: sorted({ ...runtime.dependencies, [name.packageName]: "*" }) } }),
      [linkOf(name)]: { resolved: name.root, link: true },
      [name.root]: {
        name: name.packageName,
        ...(version === undefined ? {} : { version }),
        ...(license === undefined ? {} : { license }),
        ...(dependencies === undefined ? {} : { dependencies }),
        ...(devDependencies === undefined ? {} : { devDependencies })
      }
    })
  })

export const remove = (text: string, name: SourceName): string =>
  edit(text, (packages) => {
    const runtime = packages[user]
    const rest = without(packages, name.root, linkOf(name))
    return runtime === undefined
      ? rest
      : { ...rest, [user]: { ...runtime, dependencies: without(runtime.dependencies ?? {}, name.packageName) } }
  })
