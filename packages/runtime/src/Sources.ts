/** The built-in sources. Adding one is a package and a line here. */
import * as SourceRegistry from "@tidemark/backfill/SourceRegistry"
import type { Configuration } from "./Configuration.ts"

export const entries: ReadonlyArray<SourceRegistry.Entry> = [
  { id: "binance", load: () => import("@tidemark/source-binance").then((module) => module.plugin) },
  { id: "cboe", load: () => import("@tidemark/source-cboe").then((module) => module.plugin) },
  { id: "ccxt", load: () => import("@tidemark/source-ccxt").then((module) => module.plugin) },
  { id: "file", load: () => import("@tidemark/source-file").then((module) => module.plugin) },
  { id: "polygon", load: () => import("@tidemark/source-polygon").then((module) => module.plugin) },
  { id: "synthetic", load: () => import("@tidemark/source-synthetic").then((module) => module.plugin) },
  { id: "yahoo", load: () => import("@tidemark/source-yahoo").then((module) => module.plugin) }
]

/** What the configuration says of them, for names that people give. */
export const catalogue = ({ sources, variables }: Configuration) =>
  SourceRegistry.catalogue(entries, { sections: sources, variables })
