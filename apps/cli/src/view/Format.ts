/** Figures as people read them. */

/** 1,234,567. By hand: Node's own way takes tens of milliseconds to be made. */
export const count = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ",")

/** `1 candle`, `2 candles` */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`

/** `7 requests (1 retry)` */
export const requests = (value: number, retries: number): string =>
  plural(value, "request") + (retries === 0 ? "" : ` (${count(retries)} ${retries === 1 ? "retry" : "retries"})`)

/** 1.2 GB */
export const bytes = (value: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"]
  let size = value
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** 4 s, 2 min 5 s, 3 h 20 min */
export const duration = (millis: number): string => {
  const seconds = Math.ceil(millis / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
