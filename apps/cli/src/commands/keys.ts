import { Argument, Command, Flag } from "effect/cli"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/keys.ts")

const create = Command.make("create", {
  name: Flag.String("name").pipe(Flag.withDescription("Who or what it is for")),
  scope: Flag.Literals("scope", ["read", "write"]).pipe(
    Flag.withDescription("read: answers only; write: changes too (default)"),
    Flag.withDefault("write")
  )
}).pipe(
  Command.withDescription("Make a key; it is shown this once"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.create }))))
)

const list = Command.make("list").pipe(
  Command.withDescription("Show the keys that there are, by the beginning of each"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const revoke = Command.make("revoke", {
  id: Argument.String("id").pipe(Argument.withDescription("As `keys list` shows it"))
}).pipe(
  Command.withDescription("Make a key open nothing any more"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.revoke }))))
)

export const keys = Command.make("keys").pipe(
  Command.withDescription("Keys of the daemon's HTTP API"),
  Command.withSubcommands([create, list, revoke])
)
