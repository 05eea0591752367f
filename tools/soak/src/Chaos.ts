/** What happens to a deployment: seeded, one mishap at a time, each over by itself. */
export type Mishap = "daemon killed" | "daemon stopped" | "database crashed" | "provider away" | "webhook away"

/** How often each is chosen, in parts. */
const parts: Readonly<Record<Mishap, number>> = {
  "daemon killed": 8,
  "daemon stopped": 2,
  "database crashed": 3,
  "provider away": 4,
  "webhook away": 3
}

/** How long each lasts at most, in milliseconds of the machine's time: who is away for long is given up. */
export const longest: Readonly<Record<Mishap, number>> = {
  "daemon killed": 1_000,
  "daemon stopped": 1_000,
  "database crashed": 1_500,
  "provider away": 12_000,
  "webhook away": 4_000
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

/** The generator "mulberry32". What it is asked for depends on how fast the machine is: a seed repeats no soak. */
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
