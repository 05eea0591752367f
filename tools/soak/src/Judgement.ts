/** What a soak is judged by. Pure. */

/** What a process said it did, with the machine's time. */
export interface Line {
  readonly what: "began" | "ended"
  readonly job: string
  readonly run: number
  readonly pid: number
  readonly at: number
}

/** A process that was killed, and when it was gone. */
export interface Killed {
  readonly pid: number
  readonly at: number
}

export interface Spell {
  readonly job: string
  readonly run: number
  readonly pid: number
  readonly from: number
  readonly to: number
}

/** From when to when each run was worked on; what a killed process was at ends with it. */
export const spells = (lines: ReadonlyArray<Line>, killed: ReadonlyArray<Killed>): ReadonlyArray<Spell> => {
  const ends = new Map(killed.map(({ at, pid }) => [pid, at]))
  const open = new Map<string, Line>()
  const found: Array<Spell> = []
  const close = ({ at: from, job, pid, run }: Line, to: number) => found.push({ job, run, pid, from, to })
  for (const line of lines) {
    const key = `${line.pid} ${line.run}`
    if (line.what === "began") open.set(key, line)
    else {
      const begun = open.get(key)
      if (begun !== undefined) close(begun, line.at)
      open.delete(key)
    }
  }
  for (const line of open.values()) close(line, ends.get(line.pid) ?? Infinity)
  return found.toSorted((a, b) => a.from - b.from)
}

/** Pairs of spells of one job that were at once. */
export const overlaps = (all: ReadonlyArray<Spell>): ReadonlyArray<readonly [Spell, Spell]> => {
  const found: Array<readonly [Spell, Spell]> = []
  for (const own of Map.groupBy(all, ({ job }) => job).values()) {
    for (const [i, one] of own.entries()) {
      for (let j = i + 1; j < own.length && own[j]!.from < one.to; j++) found.push([one, own[j]!])
    }
  }
  return found
}

/** What a webhook was told of one subject. */
export interface Notice {
  /** Of the message that it came in: the same each time that is sent. */
  readonly message: string
  readonly what: "fired" | "resolved"
  readonly subject: string
  readonly first_at: string
}

/**
 * What is wrong with what a webhook was told: an alert that was told in two
 * messages, one that was resolved without having begun or twice in a row.
 * `open`: subjects whose alert the store has as open at the end.
 */
export const unsound = (notices: ReadonlyArray<Notice>, open: ReadonlySet<string>): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const told = new Map<string, string>()
  const last = new Map<string, Notice>()
  for (const notice of notices) {
    const { first_at, message, subject, what } = notice
    const name = `${what} ${subject} of ${first_at}`
    const before = told.get(name)
    // The same message again can be known by its name.
    if (before === message) continue
    if (before !== undefined) wrong.push(`${name} was told twice`)
    told.set(name, message)
    const previous = last.get(subject)
    if (what === "fired" && previous?.what === "fired") wrong.push(`${name}: its end before was never told`)
    if (what === "resolved" && previous?.what !== "fired") wrong.push(`${name}: its beginning was never told`)
    last.set(subject, notice)
  }
  for (const [subject, { what }] of last) {
    if (what === "fired" && !open.has(subject)) wrong.push(`${subject} is over, and nobody was told`)
    if (what === "resolved" && open.has(subject)) wrong.push(`${subject} is open, and nobody was told`)
  }
  for (const subject of open) if (!last.has(subject)) wrong.push(`${subject} is open, and nobody was told`)
  return wrong
}
