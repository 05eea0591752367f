/**
 * How a source listens: over sockets that the engine opens.
 *
 * The socket's side of the one door that every byte from a provider comes
 * through. A plugin that can listen finds it in the context in which it is
 * made, as it finds its `HttpClient`: limited to the hosts it declares, sent
 * elsewhere where the user says so. Where nobody has given one, as in programs
 * that never listen, every socket is refused.
 */
import { Context, Effect, Result, type Scope } from "effect"
import { Misconfigured, type Reason } from "./SourceError.ts"

/** A socket that is open, until its scope closes or one of the two ends it. */
export interface Connection {
  /** The next messages, at least one, in order. Fails once the connection has ended, whoever ended it. */
  readonly pull: Effect.Effect<ReadonlyArray<string>, Reason>
  readonly send: (text: string) => Effect.Effect<void, Reason>
}

export interface SocketDoor {
  /** Connects, within the engine's deadline. `url` names the provider's own host. */
  readonly open: (url: string) => Effect.Effect<Connection, Reason, Scope.Scope>
  /**
   * Where a URL leads, for a library that cannot be given a socket: the user's origin in place of its own. Fails for a
   * host that the source does not declare. What comes over that library's own socket is seen by nobody but the library.
   */
  readonly route: (url: string) => Result.Result<string, Reason>
}

const refused = new Misconfigured({ detail: "this program does not listen to sources" })

export const SocketDoor = Context.Reference<SocketDoor>("@tidemark/core/SocketDoor", {
  defaultValue: () => ({ open: () => Effect.fail(refused), route: () => Result.fail(refused) })
})
