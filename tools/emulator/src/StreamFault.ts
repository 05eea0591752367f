/**
 * What goes wrong with the next candle that a stream would tell as closed.
 *
 * Each meets one closed candle, in the order in which they were injected,
 * whichever stream it is of; answers over REST stay as they are.
 */
import { Option } from "effect"

export const all = {
  skip: "the candle is not told",
  duplicate: "it is told twice",
  late: "it is told after the one that follows it",
  differ: "it is told with other values than REST gives",
  garbage: "a message that nobody can read comes in its place",
  unreadable: "its event has no prices",
  disconnect: "every connection is cut instead",
  silence: "no connection that there is says anything any more, and none is cut",
  shutdown: "the server says that it goes away, and closes every connection"
} as const

export type StreamFault = keyof typeof all

export const parse = (text: string): Option.Option<StreamFault> =>
  Object.hasOwn(all, text) ? Option.some(text as StreamFault) : Option.none()
