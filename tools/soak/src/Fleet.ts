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
  readonly isUp: (index: number) => boolean
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
      let said = ""
      const hear = (chunk: string) => void (said = (said + chunk).slice(-longest))
      const start = (index: number) => {
        if (members.has(index)) return
        const child = spawn(process.execPath, [main], {
          cwd,
          env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env, SOAK_OFFSET: String(offset()) },
          stdio: ["ignore", "pipe", "pipe", "ipc"]
        })
        child.stdout!.setEncoding("utf8").on("data", hear)
        child.stderr!.setEncoding("utf8").on("data", hear)
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
            if (member === undefined) return
            const begun = Date.now()
            member.child.kill(signal)
            await member.gone
            if (signal === "SIGTERM") stops.push(Date.now() - begun)
          }),
        isUp: (index) => members.has(index),
        leapTo: (to) => {
          for (const { child } of members.values()) if (child.connected) child.send(to)
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
