/**
 * What four swings in a row say of structure, told upwards (the bearish ones
 * are the same upside down). They are low, high, low, high.
 *
 * A break of structure goes on: a higher low, then a higher high beyond the
 * low. A change of character turns: the lower low comes first.
 */

export type Kind = "bos" | "choch"

/** Levels of the four swings, the last of which is a high. */
export const of = (l4: number, l3: number, l2: number, l1: number): Kind | undefined => {
  if (l4 < l2 && l2 < l3 && l3 < l1) return "bos"
  if (l1 > l3 && l3 > l4 && l4 > l2) return "choch"
  return undefined
}
