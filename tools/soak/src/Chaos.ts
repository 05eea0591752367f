/** What happens to a deployment: seeded, one mishap at a time, each over by itself. */
import type { Effect } from "effect"

export type Mishap = "daemon killed" | "daemon stopped" | "database crashed" | "provider away" | "webhook away"

/** How often each is chosen, in parts. */
const parts: Readonly<Record<Mishap, number>> = {
  "daemon killed": 8,
  "daemon stopped": 2,
  "database crashed": 3,
  "provider away": 4,
  "webhook away": 3
}

const kinds = Object.keys(parts) as ReadonlyArray<Mishap>
const total = kinds.reduce((sum, kind) => sum + parts[kind], 0)

export const choose = (random: () => number): Mishap => {
  let left = random() * total
  for (const kind of kinds) {
    left -= parts[kind]
    if (left < 0) return kind
  }
  return kinds[0]!
}

/** The generator "mulberry32": the same seed, the same mishaps. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Each mishap as what is to be done, by the deployment that has it. */
export type Doing = Readonly<Record<Mishap, (millis: number) => Effect.Effect<void>>>
