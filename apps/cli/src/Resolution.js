/**
 * Where modules are, told without asking the disk where that can be.
 *
 * A command loads some 600 modules by 3,000 imports, and for each of these
 * Node looks for the file, for what it may be a link to, and for the package
 * that it is in: a quarter of the time that a start takes. Most need no look:
 *
 * - a relative import between the modules of Effect is what its path says;
 * - a package's name means the same as the last time in the same folder.
 */
import * as module from "node:module"

const effect = "/node_modules/effect/dist/"

/** Modules that import a name in one way only. */
const isPlain = (/** @type {string} */ url) => url.endsWith(".ts") || url.includes("/node_modules/@effect/")

/** From now on, for the whole process. */
export const shorten = () => {
  /** @type {Map<string, module.ResolveFnOutput>} */
  const known = new Map()
  module.registerHooks({
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
  })
}
