/** Numbers as people read them: as many digits as prices have, no tail of rounding. */

export const price = (value: number): string => String(Number(value.toPrecision(8)))

export const percent = (part: number): string => `${Number((100 * part).toFixed(2))} %`
