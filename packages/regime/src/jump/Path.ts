/**
 * Dynamic programming over two states, where a day costs its loss in the
 * state it is in, and going from one state to the other costs λ.
 */

/** The least that any path to today has cost, for each state that it may end in. */
export type Costs = [first: number, second: number]

/** Whether the cheapest path ends in the second state; of a tie the first. */
export const isSecond = ([first, second]: Costs): boolean => second < first

/**
 * Brings a day into `costs`. Only the difference of the two goes on from day
 * to day, so that they don't grow: what is returned is what was taken off.
 */
export const step = (costs: Costs, first: number, second: number, lambda: number): number => {
  const [a, b] = costs
  const inFirst = Math.min(a, b + lambda) + first
  const inSecond = Math.min(b, a + lambda) + second
  const least = Math.min(inFirst, inSecond)
  costs[0] = inFirst - least
  costs[1] = inSecond - least
  return least
}

export interface Path {
  /** 1 on days in the second state. */
  readonly states: Uint8Array
  readonly cost: number
}

/** The cheapest path through all days: it knows the future, and is for training alone. */
export const cheapest = (first: Float64Array, second: Float64Array, lambda: number): Path => {
  const size = first.length
  // For each day and state, the state of the day before: bit 0 and bit 1.
  const cameFrom = new Uint8Array(size)
  const costs: Costs = [0, 0]
  let cost = 0
  for (let day = 0; day < size; day++) {
    const [a, b] = costs
    cameFrom[day] = (b + lambda < a ? 1 : 0) | (b <= a + lambda ? 2 : 0)
    cost += step(costs, first[day]!, second[day]!, lambda)
  }
  const states = new Uint8Array(size)
  let state = isSecond(costs) ? 1 : 0
  for (let day = size - 1; day >= 0; day--) {
    states[day] = state
    state = (cameFrom[day]! >> state) & 1
  }
  return { states, cost }
}
