/**
 * The path of one instrument from session to session since 1970.
 *
 * The logarithm of the price drifts and shakes with its regime, a Markov
 * chain of four; now and then it jumps, with a fat tail; and a weak pull to
 * the instrument's base price keeps half a century plausible. A session that
 * does not follow on the previous one opens with a gap.
 *
 * A step needs the one before, so the path up to a date is walked once and
 * kept: nine bytes a session. Everything inside a session follows from its
 * step alone (`Minutes`).
 */
import type { Calendar } from "@tidemark/core"
import type { Profile } from "./Profile.ts"
import * as Random from "./Random.ts"

interface Regime {
  /** Drift in units of the instrument's annual volatility. */
  readonly drift: number
  /** Factor of volatility. */
  readonly volatility: number
  /** Factor of volume. */
  readonly activity: number
  /** Chance to leave it in a session. */
  readonly leave: number
  /** Where to then: chances, in the order of `regimes`. */
  readonly next: readonly [quiet: number, rising: number, falling: number, crisis: number]
}

export const regimes: ReadonlyArray<Regime> = [
  { drift: 0.3, volatility: 0.65, activity: 0.8, leave: 0.012, next: [0, 0.65, 0.3, 0.05] },
  { drift: 1.1, volatility: 0.9, activity: 1.1, leave: 0.014, next: [0.6, 0, 0.35, 0.05] },
  { drift: -0.9, volatility: 1.3, activity: 1.2, leave: 0.02, next: [0.45, 0.35, 0, 0.2] },
  { drift: -1.2, volatility: 2.4, activity: 2.2, leave: 0.06, next: [0.1, 0.4, 0.5, 0] }
]

/** Share of a year's deviation from the base price that the pull takes back. */
const reversionPerYear = 0.7
/** Standard deviation of a gap, in that of a session. */
const gapSize = 0.5
const jumpChance = 0.008

/** A week before 1970, so that the sessions that reach into it are there. */
const firstInstant = -7 * 86_400_000

/** The sessions of a market since then, as columns. */
export interface Sessions {
  readonly opens: Float64Array
  readonly closes: Float64Array
  /** Minutes that the market trades in a year. */
  readonly minutesPerYear: number
}

const millisPerMinute = 60_000

/** Mean over the years 2000 to 2020, so that it does not depend on how many sessions are asked for. */
const minutesPerYear = (calendar: Calendar.Calendar): number =>
  calendar.countOpens("1m", { from: 946_684_800_000, to: 1_577_836_800_000 }) / 20

export const sessionsUntil = (calendar: Calendar.Calendar, end: number): Sessions => {
  const opens = calendar.openTimes("1d", { from: firstInstant, to: end })
  return {
    opens,
    closes: opens.map((open) => calendar.closeOf("1d", open)),
    minutesPerYear: minutesPerYear(calendar)
  }
}

/** What a session is made of; logarithms of prices. */
export interface Step {
  key: number
  logOpen: number
  logClose: number
  /** Standard deviation of the session's log return, without its jump. */
  volatility: number
  /** Size of the jump in the logarithm, 0 on most days. */
  jump: number
  /** Where in the session it comes, in [0, 1). */
  jumpAt: number
  regime: number
}

export interface Chain {
  /** The step of session number `index`; the object is reused by the next call. */
  readonly step: (sessions: Sessions, index: number) => Readonly<Step>
}

const nextRegime = (regime: number, hash: number): number => {
  const { leave, next } = regimes[regime]!
  const u = Random.uniform(hash)
  if (u >= leave) return regime
  let left = u / leave
  for (let i = 0; i < next.length; i++) {
    left -= next[i]!
    if (left < 0) return i
  }
  return 0
}

export const make = (profile: Profile): Chain => {
  let logCloses = new Float64Array(1_024)
  let regimeOf = new Uint8Array(1_024)
  let known = 0
  const step: Step = { key: 0, logOpen: 0, logClose: 0, volatility: 0, jump: 0, jumpAt: 0, regime: 0 }

  const compute = (sessions: Sessions, index: number): void => {
    const open = sessions.opens[index]!
    const close = sessions.closes[index]!
    // No two sessions open within one UTC day, so its number can name the session.
    const key = Random.at(profile.key, Math.floor(open / 86_400_000))
    const years = (close - open) / millisPerMinute / sessions.minutesPerYear
    const before = index === 0 ? profile.logBase : logCloses[index - 1]!
    const regime = index === 0 ? 0 : nextRegime(regimeOf[index - 1]!, Random.at(key, -1))
    const { drift, volatility } = regimes[regime]!
    const sigma = profile.annualVolatility * volatility * Math.sqrt(years)
    const gap =
      index > 0 && sessions.closes[index - 1] !== open ? gapSize * sigma * Random.normal(Random.at(key, -2)) : 0
    const jumps = Random.uniform(Random.at(key, -3)) < jumpChance
    const jumpHash = Random.at(key, -4)
    // Pareto with exponent 3 from two deviations up, cut at ten.
    const size = jumps ? Math.min(10, 2 * Random.uniform(jumpHash) ** (-1 / 3)) * sigma : 0
    step.key = key
    step.regime = regime
    step.volatility = sigma
    step.jump = (jumpHash & 1) === 0 ? size : -size
    step.jumpAt = Random.uniform(Random.at(key, -5))
    step.logOpen = before + gap
    step.logClose =
      step.logOpen +
      drift * profile.annualVolatility * years +
      reversionPerYear * years * (profile.logBase - before) +
      sigma * Random.normal(Random.at(key, -6)) +
      step.jump
  }

  return {
    step: (sessions, index) => {
      if (index >= logCloses.length) {
        const size = Math.max(index + 1, 2 * logCloses.length)
        const closes = new Float64Array(size)
        const kept = new Uint8Array(size)
        closes.set(logCloses)
        kept.set(regimeOf)
        logCloses = closes
        regimeOf = kept
      }
      for (; known < index; known++) {
        compute(sessions, known)
        logCloses[known] = step.logClose
        regimeOf[known] = step.regime
      }
      compute(sessions, index)
      return step
    }
  }
}
