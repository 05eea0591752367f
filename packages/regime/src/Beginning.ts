/** What the first candle of a run comes after: a run is of candles that follow one another. */
export type Beginning = "series" | "gap" | "broken candle"

const since: Record<Beginning, string> = {
  series: "",
  gap: " since a gap",
  "broken candle": " since a candle without prices"
}

/** Why there is no regime yet. */
export const shortage = (needs: number, has: number, beginning: Beginning): string =>
  `needs ${needs} daily candles, has ${has}${since[beginning]}`
