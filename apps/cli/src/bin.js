#!/usr/bin/env -S node --max-semi-space-size=4
/**
 * Keeps the compiled form of what it loads, in the folder for temporary files
 * or that of NODE_COMPILE_CACHE, so that the next start is twice as fast; then
 * the program, which Node runs from its TypeScript source.
 *
 * The flag bounds what V8 keeps for short-lived objects: pages of candles are
 * short-lived and large, and the default lets them grow the process by a
 * third without making it faster (`bench:memory`).
 */
import * as module from "node:module"

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(
    `tidemark: Node.js ${process.versions.node} is too old to run Tidemark, which brings its own. ` +
      "Start it as `npx tidemark` in its folder, or as `npx --prefix FOLDER tidemark` from elsewhere\n"
  )
  process.exit(2)
}
module.enableCompileCache()
// Not imported: that waits for each of 300 modules by itself, which takes an eighth longer.
const load = module.createRequire(import.meta.url)
load("./Resolution.ts").shorten()
load("./main.ts")
