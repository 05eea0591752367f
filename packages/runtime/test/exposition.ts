/** Reads Prometheus' text format as strictly as its own tools do, and says what they would complain of. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: ReadonlyArray<Sample>
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/u
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/uy

const labelsOf = (text: string): Record<string, string> => {
  const out: Record<string, string> = {}
  label.lastIndex = 0
  while (label.lastIndex < text.length) {
    const at = label.lastIndex
    const match = label.exec(text)
    if (match === null) throw new Error(`no label at ${at} of ${text}`)
    const [, name, value] = match as unknown as [string, string, string]
    if (name in out) throw new Error(`two labels ${name} in ${text}`)
    out[name] = value.replaceAll(/\\([\\"n])/gu, (_, character) => (character === "n" ? "\n" : character))
  }
  return out
}

const numberOf = (text: string): number => {
  if (text === "+Inf") return Infinity
  if (text === "-Inf") return -Infinity
  const value = Number(text)
  if (Number.isNaN(value) && text !== "NaN") throw new Error(`no number: ${text}`)
  return value
}

/** A histogram's parts belong to its family. */
const belongs = (family: { readonly name: string; readonly type: string }, name: string): boolean =>
  family.type === "histogram"
    ? [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(name)
    : name === family.name

export const parse = (text: string): ReadonlyArray<Family> => {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end")
  const families: Array<{ name: string; help: string; type: string; samples: Array<Sample> }> = []
  let help: readonly [string, string] | undefined
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/u.exec(line) ?? []
    if (kind === "HELP") {
      help = [name!, rest!]
    } else if (kind === "TYPE") {
      if (families.some((family) => family.name === name)) throw new Error(`two families ${name}`)
      families.push({
        name: name!,
        help: help !== undefined && help[0] === name ? help[1] : "",
        type: rest!,
        samples: []
      })
    } else {
      const match = sampleLine.exec(line)
      const family = families.at(-1)
      if (match === null || family === undefined || !belongs(family, match[1]!)) throw new Error(`no sample: ${line}`)
      family.samples.push({ name: match[1]!, labels: labelsOf(match[2] ?? ""), value: numberOf(match[3]!) })
    }
  }
  return families
}

const identity = ({ labels, name }: Sample) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`

/** What `promtool check metrics` says of such things, and doubled samples and broken histograms besides. */
export const problems = (families: ReadonlyArray<Family>): ReadonlyArray<string> =>
  families.flatMap(({ help, name, samples, type }) => {
    const found: Array<string> = []
    if (help === "") found.push(`${name} has no help`)
    if ((type === "counter") !== name.endsWith("_total")) found.push(`${name}: only counters end in _total`)
    if (/_(milli|micro|nano)?(ms|millis|milliseconds|minutes|hours|days|percent|kb|mb)(_|$)/u.test(name)) {
      found.push(`${name} is not in base units`)
    }
    if (/[A-Z]/u.test(name) || /_(bucket|count|sum)$/u.test(name)) found.push(`${name} is no good name`)
    if (new Set(samples.map(identity)).size !== samples.length) found.push(`${name} has doubled samples`)
    if (type !== "histogram") return found
    const rest = ({ labels }: Sample) => JSON.stringify(Object.entries(labels).filter(([name]) => name !== "le"))
    for (const own of Map.groupBy(samples, rest).values()) {
      const buckets = own.filter((sample) => sample.name.endsWith("_bucket"))
      const bounds = buckets.map(({ labels }) => numberOf(labels["le"]!))
      const rises = (values: ReadonlyArray<number>) => values.every((value, i) => i === 0 || value >= values[i - 1]!)
      if (!rises(bounds) || !rises(buckets.map(({ value }) => value))) found.push(`${name}: buckets do not rise`)
      const count = own.find((sample) => sample.name.endsWith("_count"))?.value
      if (bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== count) found.push(`${name}: +Inf is not the count`)
      if (!own.some((sample) => sample.name.endsWith("_sum"))) found.push(`${name} has no sum`)
    }
    return found
  })
