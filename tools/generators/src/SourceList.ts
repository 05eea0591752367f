/**
 * Lists in which every source has an item, as text.
 *
 * The rest of the text stays as it is, to the byte: removing what was added
 * gives the text from before.
 */

export interface SourceList {
  /** Matches one item, from its first character to its last; the group `id` is the source. Global. */
  readonly item: RegExp
  /** An item, for lines that are indented by `indent`. */
  readonly render: (id: string, indent: string) => string
}

const itemsOf = (list: SourceList, text: string) =>
  [...text.matchAll(list.item)].map((match) => ({
    id: match.groups!["id"]!,
    start: match.index,
    end: match.index + match[0].length
  }))

const indentAt = (text: string, start: number): string => text.slice(text.lastIndexOf("\n", start - 1) + 1, start)

export const has = (list: SourceList, text: string, id: string): boolean =>
  itemsOf(list, text).some((item) => item.id === id)

/** With `id` before the first source that follows it in the alphabet, or else last. `undefined` if there is no such list. */
export const add = (list: SourceList, text: string, id: string): string | undefined => {
  const items = itemsOf(list, text)
  const last = items.at(-1)
  if (last === undefined) return undefined
  const indent = indentAt(text, last.start)
  const item = list.render(id, indent)
  const next = items.find((candidate) => candidate.id > id)
  return next === undefined
    ? `${text.slice(0, last.end)},\n${indent}${item}${text.slice(last.end)}`
    : `${text.slice(0, next.start)}${item},\n${indent}${text.slice(next.start)}`
}

/** Without `id`; the same text if the list lacks it. */
export const remove = (list: SourceList, text: string, id: string): string => {
  const found = itemsOf(list, text).find((item) => item.id === id)
  if (found === undefined) return text
  const before = text.slice(0, found.start)
  const after = text.slice(found.end)
  return after.startsWith(",") ? before + after.replace(/^,\s*/, "") : before.replace(/,\s*$/, "") + after
}
