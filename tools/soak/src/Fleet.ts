/** Daemons as processes of their own, which are killed and come back. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import type { Killed } from "./Judgement.ts"

const main = fileURLToPath(new URL("./daemon.ts", import.meta.url))

interface Member {
  readonly child: ChildProcess
  readonly gone: Promise<void>
}

export interface Fleet {
  readonly pids: () => ReadonlySet<number>
  readonly killed: ReadonlyArray<Killed>
  /** Milliseconds that each took to end after it was told to, in the machine's time. */
  readonly stops: ReadonlyArray<number>
  readonly start: (index: number) => void
  /** Ends one at once, or tells it to; waits until it is gone. */
  readonly end: (index: number, signal: "SIGKILL" | "SIGTERM") => Effect.Effect<void>
  /** Whether nobody is about to begin: a leap meanwhile would be the end of what it waits for. */
  readonly isReady: () => boolean
  /** Starts those that have ended by themselves, as whoever runs them would. */
  readonly restart: () => void
  readonly restarts: () => number
  /** Puts everybody's clock forward. */
  readonly leapTo: (offset: number) => void
  /** What they said last, for people. */
  readonly said: () => string
}

export interface Options {
  readonly count: number
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly offset: () => number
}

const longest = 20_000

export const make = ({ count, cwd, env, offset }: Options) =>
  Effect.acquireRelease(
    Effect.sync((): Fleet => {
      const members = new Map<number, Member>()
      const killed: Array<Killed> = []
      const stops: Array<number> = []
      /** Those that are to be up. */
      const wanted = new Set<number>()
      let restarts = 0
      let said = ""
      const ready = new Set<number>()
      const hear = (pid: number) => (chunk: string) => {
        said = (said + chunk).slice(-longest)
        if (chunk.includes("the API is at")) ready.add(pid)
      }
      const start = (index: number) => {
        wanted.add(index)
        if (members.has(index)) return
        const child = spawn(process.execPath, [main], {
          cwd,
          env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env, SOAK_OFFSET: String(offset()) },
          stdio: ["ignore", "pipe", "pipe", "ipc"]
        })
        child.stdout!.setEncoding("utf8").on("data", hear(child.pid!))
        child.stderr!.setEncoding("utf8").on("data", hear(child.pid!))
        const gone = new Promise<void>((resolve) => {
          child.once("exit", () => {
            members.delete(index)
            killed.push({ pid: child.pid!, at: Date.now() })
            resolve()
          })
        })
        members.set(index, { child, gone })
      }
      return {
        pids: () => new Set([...members.values()].map(({ child }) => child.pid!)),
        killed,
        stops,
        start,
        end: (index, signal) =>
          Effect.promise(async () => {
            const member = members.get(index)
            wanted.delete(index)
            if (member === undefined) return
            const begun = Date.now()
            member.child.kill(signal)
            await member.gone
            if (signal === "SIGTERM") stops.push(Date.now() - begun)
          }),
        isReady: () => [...members.values()].every(({ child }) => ready.has(child.pid!)),
        restart: () => {
          for (let index = 0; index < count; index++) {
            if (members.has(index) || !wanted.has(index)) continue
            restarts++
            start(index)
          }
        },
        restarts: () => restarts,
        leapTo: (to) => {
          for (const { child } of members.values()) {
            // One that was killed this moment hears nothing.
            if (child.connected) child.send(to, () => {})
          }
        },
        said: () => said
      }
    }),
    (fleet) =>
      Effect.forEach(
        Array.from({ length: count }, (_, index) => index),
        (index) => fleet.end(index, "SIGKILL"),
        { discard: true }
      )
  )
