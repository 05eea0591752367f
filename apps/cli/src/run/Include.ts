/** Origins of rows that a command is about: what was observed, and others that are asked for by name. */
import { Gamma } from "@tidemark/core"
import { Effect, type Option } from "effect"
import * as Lists from "./Lists.ts"

const others = ["modelled", "synthetic"] as const satisfies ReadonlyArray<Gamma.Origin>

/** Of `--include`. */
export const origins = (include: Option.Option<string>) =>
  Effect.map(
    Lists.named("include", include, others, (name) => name.toLowerCase()),
    (included): ReadonlyArray<Gamma.Origin> => [...Gamma.observed, ...included]
  )

/** Those that nobody asked for. */
export const rest = (chosen: ReadonlyArray<Gamma.Origin>): ReadonlyArray<Gamma.Origin> =>
  others.filter((one) => !chosen.includes(one))

/** What a daemon says of the way out, in this program's words. */
export const ofDaemon = (detail: string): string => detail.replaceAll("provenance=", "--include ")

/** Says of nothing that there are others, if there are. */
export const sayNone = (
  chosen: ReadonlyArray<Gamma.Origin>,
  other: Gamma.Origin | undefined,
  otherwise: string
): string => {
  if (other === undefined) return otherwise
  const all = others.filter((one) => one === other || chosen.includes(one))
  return `none of these is ${chosen.join(" or ")}; there is what is ${other}: --include ${all.join(",")}`
}
