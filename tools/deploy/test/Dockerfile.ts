/** The Dockerfile, read. */
import * as Repository from "./Repository.ts"

export interface Instruction {
  readonly name: string
  readonly rest: string
}

const path = "deploy/Dockerfile"

/** One by one, with their continued lines, without comments. */
export const instructions: ReadonlyArray<Instruction> = Repository.read(path)
  .replaceAll(/^\s*#.*\n/gm, "")
  .replaceAll(/\\\n\s*/g, "")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => {
    const [, name, rest] = /^([A-Z]+) +(.*)$/.exec(line) ?? []
    if (name === undefined || rest === undefined) throw new Error(`${path} has a line that is no instruction: ${line}`)
    return { name, rest }
  })

export const all = (name: string): ReadonlyArray<string> =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest)

/** Of an instruction that counts once: the last. */
export const last = (name: string): string => {
  const found = all(name).at(-1)
  if (found === undefined) throw new Error(`${path} has no ${name}`)
  return found
}

/** A command in the form that no shell reads. */
const exec = (text: string): ReadonlyArray<string> => JSON.parse(text) as ReadonlyArray<string>

export const entrypoint = exec(last("ENTRYPOINT"))

export const healthcheck = exec(last("HEALTHCHECK").replace(/^.*?CMD /, ""))

export const environment: Readonly<Record<string, string>> = Object.fromEntries(
  [...last("ENV").matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!])
)
