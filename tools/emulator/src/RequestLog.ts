/** What an emulator was asked: the newest requests, and how many there were. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Status of the answer, whether or not it reached the client. */
  readonly status: number
  /** Epoch milliseconds by the emulator's clock. */
  readonly at: number
}

export interface RequestLog {
  readonly add: (request: Request) => void
  /** Oldest first. */
  readonly newest: () => ReadonlyArray<Request>
  readonly count: () => number
}

const capacity = 10_000

export const make = (): RequestLog => {
  const ring: Array<Request> = []
  let total = 0
  return {
    add: (request) => {
      ring[total % capacity] = request
      total++
    },
    newest: () => {
      const oldest = total > capacity ? total % capacity : 0
      return [...ring.slice(oldest), ...ring.slice(0, oldest)]
    },
    count: () => total
  }
}
