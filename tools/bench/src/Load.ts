/**
 * Requests at a fixed rate, one after the other with the same time between
 * them, whether the server keeps up or not. One that had to wait until it
 * could be sent has waited all the same: its time counts from when it was due.
 *
 * The tools that there are send what belongs to a second at its beginning, all
 * at once: that measures how long two hundred wait for one another.
 */
import { Agent, get } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { Effect } from "effect"
import { type Daemon, processorSeconds } from "./Served.ts"
import { say } from "./Verdict.ts"

/** Of each path. */
const mostConnections = 50

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

const quantile = (ascending: ReadonlyArray<number>, share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN

/** The bytes of an answer; `undefined` where there was none that is good. */
const ask = (agent: Agent, url: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    const request = get(url, { agent }, (response) => {
      let bytes = 0
      response.on("data", (chunk: Buffer) => (bytes += chunk.length))
      response.once("end", () => resolve(response.statusCode === 200 ? bytes : undefined))
      response.once("error", () => resolve(undefined))
    })
    request.once("error", () => resolve(undefined))
  })

/** `offset`: a part of the time between two requests, so that those of several paths are not sent at once. */
const one = ({ url }: Daemon, { name, paths, share }: Asked, { rate, seconds }: Options, offset: number) =>
  Effect.promise(async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: mostConnections })
    const gap = 1_000 / (rate * share)
    const count = Math.floor((seconds * 1_000) / gap)
    const [times, sizes]: [Array<number>, Array<number>] = [[], []]
    let errors = 0
    const begun = performance.now() + gap * offset
    const open: Array<Promise<void>> = []
    for (let i = 0; i < count; i++) {
      const due = begun + i * gap
      const wait = due - performance.now()
      if (wait > 0) await pause(wait)
      open.push(
        ask(agent, url + paths[i % paths.length]!).then((bytes) => {
          if (bytes === undefined) errors++
          else sizes.push(bytes)
          times.push(performance.now() - due)
        })
      )
    }
    await Promise.all(open)
    agent.destroy()
    const ascending = times.toSorted((a, b) => a - b)
    const measured: Measured = {
      name,
      answers: sizes.length,
      errors,
      p50: quantile(ascending, 0.5),
      p97_5: quantile(ascending, 0.975),
      p99: quantile(ascending, 0.99),
      max: ascending.at(-1) ?? Number.NaN,
      bytes: Math.round(sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length))
    }
    return measured
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
  const paths = yield* Effect.forEach(asked, (path, i) => one(daemon, path, options, i / asked.length), {
    concurrency: "unbounded"
  })
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
