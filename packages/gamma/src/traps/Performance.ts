/**
 * How often signals came true.
 *
 * Signals whose horizons overlap are not independent trials, as an interval
 * takes them to be: four snapshots a session tell much the same story.
 */
import { Gamma } from "@tidemark/core"
import * as Wilson from "./Wilson.ts"

const summary = (
  counts: ReadonlyArray<Gamma.Count>
): Pick<Gamma.Performance, "pending" | "resolved" | "wins" | "winRate" | "interval"> => {
  const of = (wanted: Gamma.Outcome) =>
    counts.reduce((sum, { outcome, signals }) => (outcome === wanted ? sum + signals : sum), 0)
  const [pending, wins] = [of("pending"), of("won")]
  const resolved = wins + of("lost")
  if (resolved === 0) return { pending, resolved, wins, winRate: null, interval: null }
  return { pending, resolved, wins, winRate: wins / resolved, interval: Wilson.interval(wins, resolved) }
}

/**
 * A row of each pattern, origin and method that there are signals of, patterns
 * in the order in which they are looked for. Those of `origins` alone, which
 * are the observed ones unless others are named.
 */
export const of = (
  counts: ReadonlyArray<Gamma.Count>,
  origins: ReadonlyArray<Gamma.Origin> = Gamma.observed
): ReadonlyArray<Gamma.Performance> =>
  Gamma.Pattern.literals.flatMap((pattern) =>
    Gamma.Origin.literals.flatMap((origin) =>
      Gamma.Method.literals.flatMap((method) => {
        if (!origins.includes(origin)) return []
        const own = counts.filter(
          (count) => count.pattern === pattern && count.origin === origin && count.method === method
        )
        return own.length === 0 ? [] : [{ pattern, origin, method, ...summary(own) }]
      })
    )
  )
