import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "yaml"
import * as Dockerfile from "./Dockerfile.ts"
import * as Repository from "./Repository.ts"

interface Service {
  readonly image: string
  readonly pull_policy?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment: Readonly<Record<string, string>>
  readonly entrypoint?: ReadonlyArray<string>
  readonly profiles?: ReadonlyArray<string>
  readonly ports?: ReadonlyArray<string>
  readonly volumes: ReadonlyArray<string>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: Readonly<Record<string, unknown>>
  readonly restart?: string
  readonly read_only?: boolean
  readonly cap_drop?: ReadonlyArray<string>
  readonly stop_grace_period?: string
}

const { services, volumes } = parse(Repository.read("deploy/compose.yaml"), { merge: true }) as {
  readonly services: Readonly<Record<"postgres" | "daemon" | "cli", Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const { cli, daemon, postgres } = services

describe("the compose file", () => {
  it("builds the image of the repository, and takes none from elsewhere", () => {
    for (const { build, pull_policy } of [daemon, cli]) {
      assert.strictEqual(pull_policy, "build")
      const context = join("deploy", build!.context)
      assert.isTrue(existsSync(join(Repository.root, context, "package.json")))
      assert.isTrue(existsSync(join(Repository.root, context, build!.dockerfile)))
    }
  })

  it("waits for a Postgres that answers", () => {
    assert.deepStrictEqual(daemon.depends_on, { postgres: { condition: "service_healthy" } })
    assert.deepStrictEqual(cli.depends_on, daemon.depends_on)
    assert.include(JSON.stringify(postgres.healthcheck?.["test"]), "pg_isready")
  })

  it("publishes the daemon's port to this machine alone, and Postgres's to nobody", () => {
    const port = Dockerfile.last("EXPOSE")
    assert.deepStrictEqual(daemon.ports, [`127.0.0.1:${port}:${port}`])
    assert.isUndefined(postgres.ports)
    assert.isUndefined(cli.ports)
  })

  it("keeps what is in volumes that it names, where the image and Postgres look for it", () => {
    const all = [postgres, daemon, cli].flatMap((service) => service.volumes)
    for (const volume of all) assert.property(volumes, volume.split(":")[0]!)
    assert.include(daemon.volumes, `data:${Dockerfile.last("VOLUME")}`)
    assert.include(postgres.volumes, "postgres:/var/lib/postgresql/data")
  })

  it("sets variables that the program reads, and refuses to start without passwords", () => {
    for (const name of [...Object.keys(daemon.environment), ...Object.keys(cli.environment)]) {
      assert.isTrue(Repository.variables.has(name), name)
    }
    const password = /\$\{POSTGRES_PASSWORD:\?[^}]+\}/
    assert.match(postgres.environment["POSTGRES_PASSWORD"]!, password)
    assert.match(daemon.environment["DATABASE_URL"]!, password)
    assert.match(daemon.environment["TIDEMARK_API_KEY"]!, /^\$\{TIDEMARK_API_KEY:\?[^}]+\}$/)
  })

  it("gives the daemon no rights, comes back after a crash, and has time to end", () => {
    for (const service of [daemon, cli]) {
      assert.isTrue(service.read_only)
      assert.deepStrictEqual(service.cap_drop, ["ALL"])
      assert.isAtLeast(Number.parseInt(service.stop_grace_period!), 2 * Repository.shutdownSeconds)
    }
    assert.strictEqual(daemon.restart, "unless-stopped")
    assert.strictEqual(postgres.restart, "unless-stopped")
    assert.isUndefined(cli.restart)
  })

  it("runs single commands on demand, without the daemon's health", () => {
    assert.deepStrictEqual(cli.profiles, ["cli"])
    assert.deepStrictEqual(cli.entrypoint, ["tidemark"])
    assert.deepStrictEqual(cli.healthcheck, { disable: true })
    const { bin } = JSON.parse(Repository.read("apps/cli/package.json")) as { bin: Record<string, string> }
    assert.property(bin, "tidemark")
    assert.include(Dockerfile.environment["PATH"], "/app/node_modules/.bin")
  })
})
