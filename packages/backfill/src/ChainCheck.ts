/** What a source's option chain is asked to be when somebody checks the source. */
import { Instant, OptionChain, type Source, SourceError } from "@tidemark/core"
import { Clock, Effect } from "effect"
import * as Fetch from "./Fetch.ts"
import type { Registered } from "./SourceRegistry.ts"

export const promise = "it shows option chains: of one moment that has passed, with strikes on both sides of the price"

const wrong = (source: string, detail: string) =>
  new SourceError.SourceError({ source, reason: new SourceError.Malformed({ detail }) })

const chainOf = ({ id, source }: Registered, subject: Source.Subject) =>
  source.optionChain === undefined
    ? Effect.fail(wrong(id, "it says that it has chains, and has none"))
    : Fetch.patiently(source.optionChain(subject))

/** What is wrong with a chain, in words. */
const fault = (chain: OptionChain.OptionChain, now: Instant.EpochMillis): string | undefined => {
  const strikes = chain.contracts.strike.toSorted()
  if (strikes.length === 0) return "it has no contracts"
  if (chain.at > now) return `it is of ${Instant.format(chain.at)}, which is still to come`
  if (!(strikes[0]! > 0)) return `it has the strike ${strikes[0]}`
  const isAround = Number.isNaN(chain.spot) || (strikes[0]! < chain.spot && chain.spot < strikes.at(-1)!)
  return isAround ? undefined : `its strikes go from ${strikes[0]} to ${strikes.at(-1)} and the price is ${chain.spot}`
}

/** A sentence about the chain that came. */
export const ask = Effect.fnUntraced(function* (registered: Registered, subject: Source.Subject) {
  const chain = yield* chainOf(registered, subject)
  const found = fault(chain, yield* Clock.currentTimeMillis)
  if (found !== undefined) return yield* wrong(registered.id, found)
  const { contracts, unreadable } = chain
  const expirations = new Set(contracts.expiry).size
  const odd = unreadable.length === 0 ? "" : `, ${unreadable.length} rows that are none (${unreadable[0]})`
  return `${OptionChain.length(contracts)} contracts of ${expirations} expirations at ${Instant.format(chain.at)}${odd}`
})

/** A symbol that nobody has. */
export const askForNobodys = Effect.fnUntraced(function* (registered: Registered, subject: Source.Subject) {
  const result = yield* Effect.result(chainOf(registered, subject))
  if (result._tag === "Success") {
    return yield* wrong(
      registered.id,
      `it has ${OptionChain.length(result.success.contracts)} contracts of ${subject.symbol}`
    )
  }
  return result.failure.reason._tag === "NotListed" ? "yes" : yield* result.failure
})
