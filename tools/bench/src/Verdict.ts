/** Figures against their targets: how they are printed, and how the process ends. */
import { Console, Effect, Runtime } from "effect"

export interface Target {
  /** What is measured, such as `tidemark / bare`. */
  readonly name: string
  readonly value: number
  readonly unit?: string
  readonly bound: "at least" | "at most" | "less than"
  readonly limit: number
}

export const holds = ({ bound, limit, value }: Target): boolean => {
  switch (bound) {
    case "at least":
      return value >= limit
    case "at most":
      return value <= limit
    case "less than":
      return value < limit
  }
}

const signs = { "at least": "≥", "at most": "≤", "less than": "<" } as const

/** Three digits at least. */
const figure = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0))

export const line = (target: Target): string => {
  const unit = target.unit === undefined ? "" : ` ${target.unit}`
  const verdict = holds(target) ? "holds" : "MISSED"
  return `${target.name} = ${figure(target.value)}${unit} (target ${signs[target.bound]} ${target.limit}${unit}): ${verdict}`
}

/** Ends the process with 1; what there is to say has been said. */
class Missed extends Error {
  readonly _tag = "Missed"
  override readonly [Runtime.errorExitCode] = 1
  override readonly [Runtime.errorReported] = false
}

export interface Outcome {
  /** Everything, for machines. */
  readonly json: Readonly<Record<string, unknown>>
  /** The figures, for people. */
  readonly text: ReadonlyArray<string>
  readonly targets: ReadonlyArray<Target>
}

/** Prints the outcome; fails if a target is missed. */
export const conclude = Effect.fnUntraced(function* ({ json, targets, text }: Outcome, asJson: boolean) {
  const judged = targets.map((target) => ({ ...target, holds: holds(target) }))
  yield* Console.log(
    asJson ? JSON.stringify({ ...json, targets: judged }, null, 2) : [...text, "", ...targets.map(line)].join("\n")
  )
  if (judged.some((target) => !target.holds)) return yield* Effect.fail(new Missed("a target is missed"))
})

/** Progress, on stderr. */
export const say = (text: string) => Console.error(text)

/** Rows under a header; the first column is text, the others are figures. */
export const tableOf = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)))
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)
  return [header, ...rows].map((row) => row.map(cell).join("  ")).join("\n")
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const mega = (bytes: number): number => bytes / 1e6
