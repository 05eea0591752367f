/** What is logged, such as that a database is waited for: a line on stderr, as progress is. */
import { type Layer, Logger } from "effect"

const lines = Logger.make(({ message }) => {
  const parts = Array.isArray(message) ? message : [message]
  process.stderr.write(`! ${parts.map(String).join(" ")}\n`)
})

export const layer: Layer.Layer<never> = Logger.layer([lines])
