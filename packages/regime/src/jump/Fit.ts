/**
 * Fits the jump model to days that are past: two centroids and a path between
 * them that make Σ ½‖x − μ‖² + λ · switches as small as they can.
 *
 * The cheapest path for centroids and the means for a path take turns until
 * nothing is gained. Where that ends depends on where it begins: it begins ten
 * times, from centroids far apart (k-means++: Arthur and Vassilvitskii, 2007),
 * and the best is taken.
 */
import * as Path from "./Path.ts"
import * as Random from "./Random.ts"

const beginnings = 10
/** Gain below which a turn is the last. */
const tolerance = 1e-8
const maxTurns = 1_000

export interface Fitted extends Path.Path {
  readonly centroids: readonly [first: Float64Array, second: Float64Array]
}

/** ½‖x − μ‖² of each day. */
const losses = (rows: Float64Array, centroid: Float64Array, out: Float64Array): void => {
  const width = centroid.length
  for (let day = 0; day < out.length; day++) {
    let sum = 0
    for (let i = 0; i < width; i++) {
      const distance = rows[day * width + i]! - centroid[i]!
      sum += distance * distance
    }
    out[day] = sum / 2
  }
}

/** The mean day of each state; the centroid of a state without days stays where it is. */
const means = (rows: Float64Array, states: Uint8Array, centroids: Fitted["centroids"]): void => {
  const width = centroids[0].length
  const days = [0, 0]
  for (const state of states) days[state]!++
  for (const [state, centroid] of centroids.entries()) {
    if (days[state] === 0) continue
    centroid.fill(0)
    for (let day = 0; day < states.length; day++) {
      if (states[day] !== state) continue
      for (let i = 0; i < width; i++) centroid[i]! += rows[day * width + i]!
    }
    for (let i = 0; i < width; i++) centroid[i]! /= days[state]!
  }
}

/** Any day, and another that is the likelier the farther it is from the first. */
const seed = (rows: Float64Array, width: number, next: () => number): Fitted["centroids"] => {
  const size = rows.length / width
  const dayOf = (day: number) => rows.slice(day * width, (day + 1) * width)
  const first = dayOf(Math.floor(next() * size))
  const distances = new Float64Array(size)
  losses(rows, first, distances)
  let left = next() * distances.reduce((sum, value) => sum + value, 0)
  let chosen = 0
  while (chosen < size - 1 && (left -= distances[chosen]!) >= 0) chosen++
  return [first, dayOf(chosen)]
}

const descend = (rows: Float64Array, centroids: Fitted["centroids"], lambda: number): Fitted => {
  const size = rows.length / centroids[0].length
  const costs = [new Float64Array(size), new Float64Array(size)] as const
  const solve = () => {
    losses(rows, centroids[0], costs[0])
    losses(rows, centroids[1], costs[1])
    return Path.cheapest(costs[0], costs[1], lambda)
  }
  let path = solve()
  for (let turn = 0; turn < maxTurns; turn++) {
    means(rows, path.states, centroids)
    const better = solve()
    const gain = path.cost - better.cost
    path = better
    if (gain <= tolerance) break
  }
  return { centroids, ...path }
}

/** `rows` has `width` scaled values a day, one day after the other; the same for the same `seedNumber`. */
export const fit = (rows: Float64Array, width: number, lambda: number, seedNumber: number): Fitted => {
  const next = Random.uniform(seedNumber)
  let best = descend(rows, seed(rows, width, next), lambda)
  for (let i = 1; i < beginnings; i++) {
    const other = descend(rows, seed(rows, width, next), lambda)
    if (other.cost < best.cost) best = other
  }
  return best
}
