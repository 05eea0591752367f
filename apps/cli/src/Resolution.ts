/**
 * Where modules are, told without asking the disk where that can be.
 *
 * A command loads some 500 modules by 2,500 imports before it begins, and for
 * each of these Node looks for the file, for what it may be a link to, and for
 * the package that it is in: a quarter of the time that a start takes. Most
 * need no look:
 *
 * - a relative import between the modules of Effect is what its path says;
 * - a package's name means the same as the last time in the same folder.
 *
 * **Gotchas**
 *
 * Node asks for CommonJS modules too, and those take longer by it: what a
 * command loads once it has begun, such as DuckDB, is left to Node.
 */
import * as module from "node:module"

const effect = "/node_modules/effect/dist/"

/** Modules that import a name in one way only. */
const isPlain = (url: string): boolean => url.endsWith(".ts") || url.includes("/node_modules/@effect/")

const hooks = (): module.RegisterHooksOptions => {
  const known = new Map<string, module.ResolveFnOutput>()
  return {
    resolve: (specifier, context, next) => {
      const parent = context.parentURL ?? ""
      if (specifier.startsWith(".")) {
        return parent.includes(effect)
          ? { url: new URL(specifier, parent).href, format: "module", shortCircuit: true }
          : next(specifier, context)
      }
      if (!isPlain(parent) || !context.conditions.includes("import")) return next(specifier, context)
      const name = `${specifier} from ${parent.slice(0, parent.lastIndexOf("/"))}`
      const found = known.get(name) ?? { ...next(specifier, context), shortCircuit: true }
      known.set(name, found)
      return found
    }
  }
}

let registered: module.ModuleHooks | undefined

/** From now on, for the whole process. */
export const shorten = (): void => {
  registered ??= module.registerHooks(hooks())
}

/** From now on as Node does it. */
export const end = (): void => {
  registered?.deregister()
  registered = undefined
}
