/**
 * Requests at a fixed rate, whether the server keeps up or not. One that had
 * to wait until it could be sent has waited all the same: its time counts from
 * when it was due.
 */
import autocannon from "autocannon"
import { Effect } from "effect"
import { BenchError } from "./BenchError.ts"
import { type Daemon, processorSeconds } from "./Served.ts"
import { say } from "./Verdict.ts"

export interface Asked {
  readonly name: string
  /** Asked for in turn. */
  readonly paths: ReadonlyArray<string>
  /** Of all requests. */
  readonly share: number
}

/** Times in milliseconds. */
export interface Measured {
  readonly name: string
  readonly answers: number
  readonly errors: number
  readonly p50: number
  readonly p97_5: number
  readonly p99: number
  readonly max: number
  /** Of one answer. */
  readonly bytes: number
}

export interface Phase {
  readonly name: string
  readonly paths: ReadonlyArray<Measured>
  /** Processors that the daemon kept busy. */
  readonly processors: number
}

export interface Options {
  /** Requests a second, over all paths. */
  readonly rate: number
  readonly seconds: number
}

const one = ({ url }: Daemon, { name, paths, share }: Asked, { rate, seconds }: Options) =>
  Effect.tryPromise({
    try: async () => {
      const connections = Math.max(2, Math.round((rate * share) / 5))
      let turn = 0
      const result = await autocannon({
        url,
        requests: paths.map((path) => ({ path })),
        // Else all connections would ask for the same at the same time.
        setupClient: (client) => {
          const from = Math.floor((turn++ * paths.length) / connections)
          client.setRequests([...paths.slice(from), ...paths.slice(0, from)].map((path) => ({ path })))
        },
        overallRate: Math.max(1, Math.round(rate * share)),
        connections,
        duration: seconds
      })
      const { errors, latency, non2xx, requests, throughput, timeouts } = result
      const measured: Measured = {
        name,
        answers: result["2xx"],
        errors: errors + timeouts + non2xx,
        p50: latency.p50,
        p97_5: latency.p97_5,
        p99: latency.p99,
        max: latency.max,
        bytes: Math.round(throughput.total / Math.max(1, requests.total))
      }
      return measured
    },
    catch: (cause) => new BenchError({ detail: `${url} ${name}: ${String(cause)}` })
  })

/** Asks for all of it at once, each at its share of the rate. */
export const run = Effect.fnUntraced(function* (
  name: string,
  daemon: Daemon,
  asked: ReadonlyArray<Asked>,
  options: Options
) {
  yield* say(`${name}, ${options.seconds} s …`)
  const [before, startedAt] = [processorSeconds(daemon), performance.now()]
  const paths = yield* Effect.forEach(asked, (path) => one(daemon, path, options), { concurrency: "unbounded" })
  const processors = (processorSeconds(daemon) - before) / ((performance.now() - startedAt) / 1_000)
  const phase: Phase = { name, paths, processors }
  return phase
})

export const header = ["", "answers", "errors", "p50 ms", "p97.5", "p99", "max", "bytes", "processors"]

export const rows = ({ name, paths, processors }: Phase): ReadonlyArray<ReadonlyArray<string>> => [
  [name, "", "", "", "", "", "", "", processors.toFixed(2)],
  ...paths.map((path) => [
    `  ${path.name}`,
    ...[path.answers, path.errors, path.p50, path.p97_5, path.p99, path.max, path.bytes].map((figure) =>
      Math.round(figure).toString()
    ),
    ""
  ])
]

/** The worst of all paths. */
export const p99 = ({ paths }: Phase): number => Math.max(...paths.map((path) => path.p99))

export const errors = ({ paths }: Phase): number => paths.reduce((sum, path) => sum + path.errors, 0)
