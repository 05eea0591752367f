/**
 * What became of a signal, by the close at which its horizon ends. Nothing is
 * guessed: while that is not known, the signal stays pending.
 */
import type { Gamma, Instant } from "@tidemark/core"

/** By more than this a bullish or bearish one has to move. */
const directed = 0.005
/** Within this a neutral one has to stay. */
const still = 0.01

const isWon = ({ direction, threshold }: Gamma.Signal, move: number): boolean => {
  switch (direction) {
    case "bullish":
      return move > directed
    case "bearish":
      return move < -directed
    case "neutral":
      return Math.abs(move) <= still
    case "volatile":
      return threshold !== null && Math.abs(move) > threshold
  }
}

/** Whether a close could tell the outcome: it is pending, its horizon is over, and there is what to measure by. */
export const isDue = (signal: Gamma.Signal, now: Instant.EpochMillis): boolean =>
  signal.outcome === "pending" &&
  signal.dueAt <= now &&
  signal.price !== null &&
  (signal.direction !== "volatile" || signal.threshold !== null)

/**
 * The signal with its outcome, or as it is. `closeAt` is the close of the
 * candle that ends at `dueAt`, in the shares that `price` is told in;
 * `undefined` where that candle is not stored.
 */
export const resolve = (signal: Gamma.Signal, closeAt: number | undefined, now: Instant.EpochMillis): Gamma.Signal => {
  if (!isDue(signal, now) || closeAt === undefined || !(closeAt > 0 && Number.isFinite(closeAt))) return signal
  const move = closeAt / signal.price! - 1
  return {
    ...signal,
    outcome: isWon(signal, move) ? "won" : "lost",
    outcomePrice: closeAt,
    move,
    resolvedAt: now
  }
}
