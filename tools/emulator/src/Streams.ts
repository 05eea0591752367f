/** What the streams of a provider have in common: who connects, and what time does. */
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"

export interface Streams {
  /** Takes a connection over, or says that it is none of its own. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
  /** Tells what has closed, and what is open; gives how many closed candles were told. */
  readonly tick: () => number
  /** Names of the streams that are listened to, one for each connection that does. */
  readonly names: () => ReadonlyArray<string>
  /** Calls back whenever a connection has subscribed; gives how to stop that. */
  readonly onSubscribed: (listener: () => void) => () => void
  /** Cuts every connection. */
  readonly disconnect: () => void
  readonly close: () => void
}
