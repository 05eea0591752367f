/** The built-in sources. Adding one is a package and a line here. */
import type { SourceRegistry } from "@tidemark/backfill"

export const entries: ReadonlyArray<SourceRegistry.Entry> = [
  { id: "binance", load: () => import("@tidemark/source-binance").then((module) => module.plugin) },
  { id: "ccxt", load: () => import("@tidemark/source-ccxt").then((module) => module.plugin) },
  { id: "file", load: () => import("@tidemark/source-file").then((module) => module.plugin) },
  { id: "polygon", load: () => import("@tidemark/source-polygon").then((module) => module.plugin) },
  { id: "synthetic", load: () => import("@tidemark/source-synthetic").then((module) => module.plugin) },
  { id: "yahoo", load: () => import("@tidemark/source-yahoo").then((module) => module.plugin) }
]
