import { globSync, existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ApiSettings } from "@tidemark/runtime"
import { Effect } from "effect"
import * as Dockerfile from "./Dockerfile.ts"
import * as Repository from "./Repository.ts"

const ignored = Repository.read(".dockerignore")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))

/** As Docker reads them: a star stands for names that begin with a dot too. */
const wildcards: Readonly<Record<string, string>> = { "**/": "(.+/)?", "*": "[^/]*", ".": "\\." }

const fits = (path: string, pattern: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/\*\*\/|\*|\./g, (found) => wildcards[found]!)}$`).test(path)

/** Whether a file reaches the build: the last line that fits it decides. */
const isSent = (path: string): boolean => {
  const parents = path.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"))
  return ignored.reduce((sent, line) => {
    const pattern = line.replace(/^!/, "")
    return parents.some((one) => fits(one, pattern)) ? line.startsWith("!") : sent
  }, true)
}

interface Package {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}
const packageOf = (path: string) => JSON.parse(Repository.read(path)) as Package

describe("the image", () => {
  it("is built with the Node.js of the repository, and names it by version", () => {
    const wanted = packageOf("package.json").devDependencies!["node"]
    for (const from of Dockerfile.all("FROM")) assert.match(from, new RegExp(`^node:${wanted}-\\w+-slim( AS \\w+)?$`))
  })

  it("copies what there is and what is sent to the build", () => {
    const copied = Dockerfile.all("COPY")
      .filter((rest) => !rest.startsWith("--from"))
      .flatMap((rest) => rest.split(" ").slice(0, -1))
    assert.isNotEmpty(copied)
    for (const path of copied) {
      assert.isTrue(existsSync(join(Repository.root, path)), path)
      assert.isTrue(isSent(path), `${path} is in .dockerignore`)
    }
  })

  it("has neither tests nor data nor keys in it", () => {
    for (const path of [
      ".env",
      "apps/daemon/.env.local",
      "deploy/.env",
      "data/tidemark.duckdb",
      "packages/core/test/Interval.test.ts",
      "packages/source-testing/package.json",
      "apps/cli/node_modules/x/index.js",
      "packages/core/dist/index.d.ts",
      ".git/config"
    ]) {
      assert.isFalse(isSent(path), path)
    }
    assert.isTrue(isSent("apps/daemon/src/main.ts"))
    assert.isTrue(isSent("packages/core/package.json"))
  })

  it("has every package that what it runs depends on", () => {
    const sent = globSync("{packages,apps,tools}/*/package.json", { cwd: Repository.root })
      .filter(isSent)
      .map(packageOf)
    const names = new Set(sent.map(({ name }) => name))
    for (const { dependencies = {}, name } of sent) {
      for (const wanted of Object.keys(dependencies).filter((one) => one.startsWith("@tidemark/"))) {
        assert.isTrue(names.has(wanted), `${name} depends on ${wanted}, which the image has not`)
      }
    }
    const installed = [
      ...Dockerfile.last("RUN").matchAll(/-w (\S+)/g),
      ...Dockerfile.all("RUN")[0]!.matchAll(/-w (\S+)/g)
    ]
    assert.sameMembers(
      installed.map(([, name]) => name),
      ["@tidemark/cli", "@tidemark/daemon"]
    )
  })

  it("starts what is there, as a user that is not root and has a number", () => {
    assert.match(Dockerfile.last("USER"), /^[1-9]\d*:[1-9]\d*$/)
    const main = Dockerfile.entrypoint.at(-1)!
    assert.isTrue(main.startsWith("/app/") && existsSync(join(Repository.root, main.slice("/app/".length))), main)
  })

  it.effect("sets variables that the program reads, and its usual port", () =>
    Effect.gen(function* () {
      const environment = Dockerfile.environment
      for (const name of Object.keys(environment)) {
        assert.isTrue(Repository.variables.has(name) || name === "PATH" || name === "NODE_ENV", name)
      }
      const usual = yield* ApiSettings.resolve({}, {})
      const set = yield* ApiSettings.resolve({}, environment)
      assert.strictEqual(set.port, usual.port)
      assert.strictEqual(Dockerfile.last("EXPOSE"), String(usual.port))
      assert.isTrue(environment["DATABASE_URL"]!.startsWith(`duckdb:${Dockerfile.last("VOLUME")}/`))
      assert.isUndefined(set.key)
    })
  )
})

describe("the files of deploy/", () => {
  it.each(Repository.files)("%s has no password and no key in it", (path) => {
    const text = Repository.read(path)
    for (const [found, value] of text.matchAll(/(?:PASSWORD|API_KEY|TOKEN|SECRET)["']?[ \t]*[:=][ \t]*["']?(\S*)/g)) {
      assert.match(value!, /^$|^["']|^\$\{|^%s|^\?/, found)
    }
    for (const [found, password] of text.matchAll(/:\/\/[^\s:/]+:([^\s@]+)@/g)) {
      assert.match(password!, /^\$\{|^PASSWORD$/, found)
    }
  })
})
