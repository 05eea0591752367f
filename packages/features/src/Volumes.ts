/** A candle's volume against the last `n`, itself included. */
import { type Indicator, windowed } from "./Indicator.ts"
import { deviation, mean } from "./Windows.ts"

/** (V − mean) / sd, of a sample; not defined where volume does not vary. */
export const zScore = (n: number): Indicator =>
  windowed(
    `volume_z_${n}`,
    n,
    ({ volume }, row) => (volume[row]! - mean(volume, row, n)) / deviation(volume, row, n, 1)
  )

/** V / mean; not defined where nothing was traded. */
export const ratio = (n: number): Indicator =>
  windowed(`volume_ratio_${n}`, n, ({ volume }, row) => volume[row]! / mean(volume, row, n))
