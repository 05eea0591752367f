/**
 * All that a chain says at its moment: the row that is kept of it, and what the
 * row was made of. A function of the chain and the options, and of nothing else.
 */
import * as Day from "@tidemark/calendars/Day"
import { Gamma, type Instant, type OptionChain } from "@tidemark/core"
import * as Conventions from "./Conventions.ts"
import * as Exposure from "./Exposure.ts"
import * as Kept from "./Kept.ts"
import * as Levels from "./Levels.ts"
import * as Profile from "./Profile.ts"
import * as Walls from "./traps/Walls.ts"

export interface Options extends Kept.Options {
  /** When the spot that is given was made; that of the chain is of the chain's moment. */
  readonly spotAt?: Instant.EpochMillis | undefined
}

export interface Analysis {
  readonly snapshot: Gamma.Snapshot
  /** `undefined` where no contract is kept. */
  readonly exposure: Exposure.Exposure | undefined
  /** `undefined` where none that is kept has a volatility. */
  readonly profile: Profile.Profile | undefined
}

/** What was simulated or estimated stays so, whoever computed its gammas. */
const originOf = ({ provenance }: OptionChain.OptionChain, method: Kept.Method): Gamma.Origin => {
  if (provenance !== "observed") return provenance
  return method === "vendor" ? "vendor-reported" : "chain-observed"
}

const fates = [
  ["malformed", "malformed"],
  ["duplicates", "twice in the chain"],
  ["expired", "expired"],
  ["noOpenInterest", "without open interest"],
  ["noVolatility", "without a usable volatility"],
  ["noSpot", "without a price of the underlying"]
] as const satisfies ReadonlyArray<readonly [keyof Gamma.Accounting, string]>

const nothingKept = (
  { unreadable }: OptionChain.OptionChain,
  accounting: Gamma.Accounting,
  method: Kept.Method
): string => {
  const rows = unreadable.length === 0 ? "" : `; ${unreadable.length} rows of it could not be read`
  if (accounting.contracts === 0) return `the chain has no contracts${rows}`
  const counts = fates.flatMap(([fate, words]) =>
    accounting[fate] === 0
      ? []
      : [`${accounting[fate]} ${fate === "noVolatility" && method === "vendor" ? "without a gamma" : words}`]
  )
  return `none of the ${accounting.contracts} contracts can be used: ${counts.join(", ")}${rows}`
}

/** What is not known of a chain of which contracts are kept. */
const lacking = (profile: Profile.Profile | undefined, walls: Levels.Walls, spotGiven: number): string | null => {
  const { from, to } = Conventions.grid
  const between = `from ${Number((from * spotGiven).toFixed(4))} to ${Number((to * spotGiven).toFixed(4))}`
  const reasons = [
    profile === undefined ? "no volatility to price contracts at other spots" : undefined,
    profile?.crossings.length === 0 ? `the exposure does not change its sign ${between}` : undefined,
    walls.call === undefined ? "no calls at or above the spot" : undefined,
    walls.put === undefined ? "no puts at or below the spot" : undefined
  ].filter((reason) => reason !== undefined)
  return reasons.length === 0 ? null : reasons.join("; ")
}

const figures = (kept: Kept.Kept, exposure: Exposure.Exposure, profile: Profile.Profile | undefined) => {
  const { cells, spot } = exposure
  const walls = Levels.walls(exposure)
  const traps = Walls.of(exposure)
  const nearest = Levels.nearestExpiry(kept)!
  const move = Levels.expectedMove(kept, nearest)
  const gross = Levels.grossByDays(exposure)
  return {
    netGex: exposure.net,
    callGex: exposure.call,
    putGex: exposure.put,
    grossGex: exposure.gross,
    makerState: exposure.net > 0 ? "long_gamma" : "short_gamma",
    flip: profile?.crossings[0] ?? null,
    flips: profile?.crossings ?? [],
    callWall: walls.call?.strike ?? null,
    callWallGex: walls.call?.exposure ?? null,
    putWall: walls.put?.strike ?? null,
    putWallGex: walls.put?.exposure ?? null,
    trapCallWall: traps.call?.strike ?? null,
    trapPutWall: traps.put?.strike ?? null,
    maxPain: Levels.maxPain(cells, nearest) ?? null,
    nearestExpiry: Day.format(nearest),
    atmVolatility: move?.atmVolatility ?? null,
    expectedMove: move?.expectedMove ?? null,
    callOpenInterest: Exposure.total(cells.callOpenInterest),
    putOpenInterest: Exposure.total(cells.putOpenInterest),
    grossToday: gross.today,
    gross5: gross.within5,
    gross14: gross.within14,
    grossLater: gross.later,
    reason: lacking(profile, walls, spot)
  } as const satisfies Partial<Gamma.Snapshot>
}

/** Throws a `RangeError` where the calendar does not know the chain's moment. */
export const of = (chain: OptionChain.OptionChain, options: Options): Analysis => {
  const { method, spotAt } = options
  const kept = Kept.of(chain, options)
  const isSpotKnown = !Number.isNaN(kept.spot)
  const row = {
    symbol: chain.symbol,
    source: chain.source,
    at: chain.at,
    method,
    origin: originOf(chain, method),
    session: kept.session,
    hours: kept.hours,
    spot: isSpotKnown ? kept.spot : null,
    spotAt: isSpotKnown ? (spotAt ?? (options.spot === undefined ? chain.at : null)) : null,
    accounting: kept.accounting,
    conventions: Conventions.describe(kept.conventions),
    model: null
  } as const satisfies Partial<Gamma.Snapshot>
  if (kept.accounting.kept === 0) {
    const reason = nothingKept(chain, kept.accounting, method)
    return { snapshot: { ...row, ...Gamma.unknown, reason }, exposure: undefined, profile: undefined }
  }
  const exposure = Exposure.of(kept)
  const profile = Profile.of(kept)
  return { snapshot: { ...row, ...figures(kept, exposure, profile) }, exposure, profile }
}
