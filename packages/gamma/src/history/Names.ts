/** What people call an underlying, and its canonical symbol. */

/** Indices by what their options are called. */
const indices: Readonly<Record<string, string>> = {
  SPX: "^GSPC",
  "^SPX": "^GSPC",
  NDX: "^NDX",
  RUT: "^RUT",
  VIX: "^VIX",
  DJX: "^DJX",
  OEX: "^OEX",
  XSP: "^XSP"
}

/** `^GSPC` for `SPX`. */
export const symbolOf = (text: string): string => {
  const symbol = text.trim().toUpperCase()
  return Object.hasOwn(indices, symbol) ? indices[symbol]! : symbol
}
