/**
 * How much a series moves from candle to candle, followed row by row.
 *
 * A mean of absolute moves that forgets, in which no move counts for more
 * than a few of the usual: a wrong price shifts it by next to nothing, a
 * wilder market within some dozen rows. `Usual` is more exact where rows to
 * come can be looked at.
 */

const memoryRows = 256
/** Until so many moves are known, nothing is said. */
const fewestMoves = 20
/** No move counts for more than so many of the usual. */
const mostUsual = 6
/** Nor for more than this, in the logarithm, while little is known. */
const mostAtFirst = 0.2
/** A standard deviation in mean absolute deviations, for normal numbers. */
const toSigma = Math.sqrt(Math.PI / 2)

export interface Pace {
  readonly push: (move: number) => void
  /** Standard deviation of a move; NaN while too few are known. */
  readonly sigma: () => number
}

export const make = (): Pace => {
  const state = { moves: 0, mean: 0 }
  return {
    push: (move) => {
      const size = Math.abs(move)
      const moves = ++state.moves
      const most = moves <= fewestMoves ? mostAtFirst : mostUsual * Math.max(state.mean, 1e-6)
      state.mean += (Math.min(size, most) - state.mean) / Math.min(moves, memoryRows)
    },
    sigma: () => (state.moves < fewestMoves ? Number.NaN : toSigma * state.mean)
  }
}
