/**
 * What people get wrong, and what they are told: one message that names the
 * thing and the way out, an exit code (2: the command line or the
 * configuration is wrong, 1: it failed), and a folder that is byte for byte
 * as it was.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Database, fresh, onEvery } from "./databases.ts"
import { contents, type Ended, folder, run } from "./tidemark.ts"

export const seconds = 60_000

/** Progress may come before a message. */
const progress = /^(plan: |! )/

/** What was said about the failure: the lines on stderr that are no progress. */
export const complaint = (ended: Ended): ReadonlyArray<string> =>
  ended.stderr.split("\n").filter((line) => line.trim() !== "" && !progress.test(line))

/** A message is for people: no trace, no dump, no names from inside the program. */
export const assertForPeople = (text: string) => {
  assert.notMatch(text, /\n\s+at /, "a stack trace, or a path into a schema")
  assert.notMatch(text, /(^|\n|tidemark: )[A-Za-z]*Error: /, "a dumped error")
  assert.notMatch(text, /\[object |#\d+|undefined|FileSystem\.|Schema|Cause/, "the program's inside")
  assert.notMatch(text, /[^.]\.\.( |$)/m, "two full stops")
}

/** One message of ours, on stderr, and nothing that looks like a result on stdout. */
export const assertRefused = (ended: Ended, code: number, says: ReadonlyArray<string>) => {
  const lines = complaint(ended)
  const all = JSON.stringify(ended)
  assert.strictEqual(ended.code, code, all)
  assert.strictEqual(lines.filter((line) => line.startsWith("tidemark: ")).length, 1, `not one message: ${all}`)
  for (const part of says) assert.include(ended.stderr, part)
  assertForPeople(ended.stderr)
  assert.strictEqual(lines.length, 1, `more than a message: ${all}`)
  assert.strictEqual(ended.stdout, "", "a result")
}

export interface Case {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly prepare?: (cwd: string) => Effect.Effect<void>
  readonly code: 1 | 2
  readonly says: ReadonlyArray<string>
  readonly skip?: boolean
}

export const put = (cwd: string, files: NonNullable<Case["files"]>) =>
  Effect.promise(async () => {
    for (const [name, data] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, name)), { recursive: true })
      await writeFile(join(cwd, name), data)
    }
  })

/** Runs one case; afterwards everything is as it was, in the folder and in the database if one is given. */
const refused = Effect.fnUntraced(function* (one: Case, cwd: string, database?: Database) {
  yield* put(cwd, one.files ?? {})
  yield* one.prepare?.(cwd) ?? Effect.void
  const everything = Effect.all([contents(cwd), database?.contents ?? Effect.void])
  const before = yield* everything
  const ended = yield* run(one.args, { cwd, env: database === undefined ? {} : { DATABASE_URL: database.url } })
  assertRefused(ended, one.code, one.says)
  assert.deepStrictEqual(yield* everything, before)
})

export const refuses = (cases: ReadonlyArray<Case>) => {
  for (const one of cases) {
    it.live.skipIf(one.skip === true)(one.name, () => Effect.flatMap(folder, (cwd) => refused(one, cwd)), seconds)
  }
}

/** For what is found out with the database open: a new one of every kind stays untouched. */
export const refusesOnEvery = (name: string, cases: ReadonlyArray<Case>) =>
  onEvery(name, (it) => {
    for (const one of cases) {
      it.effect(one.name, () => Effect.flatMap(fresh(), ({ cwd, database }) => refused(one, cwd, database)), seconds)
    }
  })

export const backfill = (...args: ReadonlyArray<string>) => ["backfill", ...args]
