/**
 * Faults that wait for their request, oldest first.
 *
 * A request meets at most one fault: the first in the queue that matches it
 * and has let enough requests pass. A fault that matches nothing stays and
 * blocks nothing behind it.
 */
import * as Fault from "./Fault.ts"

interface Waiting {
  readonly fault: Fault.Fault
  left: number
  toPass: number
}

export interface FaultQueue {
  readonly add: (faults: ReadonlyArray<Fault.Fault>) => void
  /** The fault that this request meets; `candles`: whether it asks for candles. */
  readonly take: (path: string, candles: boolean) => Fault.Fault | undefined
  readonly clear: () => void
}

export const make = (): FaultQueue => {
  let queue: Array<Waiting> = []

  const matches = ({ fault }: Waiting, path: string, candles: boolean) =>
    (candles || !Fault.isOfData(fault)) && (fault.match?.path === undefined || path.startsWith(fault.match.path))

  return {
    add: (faults) => {
      for (const fault of faults) queue.push({ fault, left: fault.times ?? 1, toPass: fault.match?.after ?? 0 })
    },
    take: (path, candles) => {
      let met: Fault.Fault | undefined
      for (const waiting of queue) {
        if (!matches(waiting, path, candles)) continue
        // Every waiting fault counts the requests that pass it, also those that meet another fault.
        if (waiting.toPass > 0) waiting.toPass--
        else if (met === undefined) {
          met = waiting.fault
          waiting.left--
        }
      }
      if (met !== undefined) queue = queue.filter((waiting) => waiting.left > 0)
      return met
    },
    clear: () => {
      queue = []
    }
  }
}
