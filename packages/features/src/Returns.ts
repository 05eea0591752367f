/** How far a close is from the one before. */
import { type Indicator, windowed } from "./Indicator.ts"

/** C / C₋₁ − 1 */
export const simple: Indicator = windowed("return_simple", 2, ({ close }, row) => close[row]! / close[row - 1]! - 1)

/** ln(C / C₋₁) */
export const log: Indicator = windowed("return_log", 2, ({ logs }, row) => logs.closeToClose[row]!)
