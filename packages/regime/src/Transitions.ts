/** How a market goes from one regime to another, and how long it is in each. */

export interface Transitions<Label extends string> {
  /** Rows with a label. */
  readonly count: number
  /** Of those, by label: 0 to 1; `null` where there are no rows. */
  readonly share: Readonly<Record<Label, number | null>>
  /** How often each came next after each, itself included: `counts.bull.bear`. A row without a label ends the chain. */
  readonly counts: Readonly<Record<Label, Readonly<Record<Label, number>>>>
  /** How often the next one was another. */
  readonly switches: number
}

export const of = <Label extends string>(
  all: ReadonlyArray<Label>,
  regimes: ReadonlyArray<Label | null>
): Transitions<Label> => {
  const byLabel = <A>(value: (label: Label) => A) =>
    Object.fromEntries(all.map((label) => [label, value(label)])) as Record<Label, A>
  const counts = byLabel(() => byLabel(() => 0))
  const rows = byLabel(() => 0)
  let [count, switches] = [0, 0]
  let before: Label | null = null
  for (const label of regimes) {
    if (label !== null) {
      count++
      rows[label]++
      if (before !== null) counts[before][label]++
      if (before !== null && before !== label) switches++
    }
    before = label
  }
  return { count, share: byLabel((label) => (count === 0 ? null : rows[label] / count)), counts, switches }
}
