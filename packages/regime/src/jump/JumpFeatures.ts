/**
 * What the jump model sees of a day: at each halflife the mean return, the
 * logarithm of the downside deviation, and the one divided by the other.
 *
 * Means are exponential with the weights 1, d, d², … from the last return
 * backwards, d = 2^(−1 / halflife), divided by their sum: those of `ewm` with
 * `adjust=True` in pandas. Returns are simple; the downside deviation is
 * √mean(min(r, 0)²).
 */

/** In days. */
export const halflives = [5, 20, 60] as const

/** In the order of every model. */
export const names: ReadonlyArray<string> = halflives.flatMap((days) => [
  `return_${days}`,
  `log_downside_${days}`,
  `sortino_${days}`
])

/** Returns after which the slowest mean has seven eighths of all the weight that it will ever have. */
export const warmUp = 3 * halflives[2]

const decays = halflives.map((days) => 2 ** (-1 / days))

/** For each halflife, mean and sum of weights: of returns, then of squares. Plain data that JSON keeps to the last bit. */
export type State = Array<number>

export const initial: State = halflives.flatMap(() => [0, 0, 0, 0])

const step = (state: State, at: number, decay: number, value: number): number => {
  const before = state[at + 1]! * decay
  state[at] = (state[at]! * before + value) / (before + 1)
  state[at + 1] = before + 1
  return state[at]!
}

/**
 * Brings a day's return into `state`, and its features into `out` from `at`
 * on: infinite or `NaN` before there is a loss.
 */
export const push = (value: number, state: State, out: Float64Array, at = 0): void => {
  const loss = Math.min(value, 0)
  for (const [i, decay] of decays.entries()) {
    const mean = step(state, 4 * i, decay, value)
    const downside = Math.sqrt(step(state, 4 * i + 2, decay, loss * loss))
    out[at + 3 * i] = mean
    out[at + 3 * i + 1] = Math.log(downside)
    out[at + 3 * i + 2] = mean / downside
  }
}
