import { assert, describe, it } from "@effect/vitest"
import { Sources } from "@tidemark/runtime"
import { Effect } from "effect"
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../../..")

/** Packages that are no source for all their name. */
const others = new Set(["source-testing"])

/** Sources that do not run the contract, each with the reason. */
const withoutContract: Readonly<Record<string, string>> = {}

const packages = readdirSync(join(root, "packages")).filter(
  (name) => name.startsWith("source-") && !others.has(name) && existsSync(join(root, "packages", name, "package.json"))
)

/** A call of the suite in one of the package's tests, not in a comment. */
const runs = (contract: RegExp, name: string): boolean =>
  globSync(`packages/${name}/test/**/*.test.ts`, { cwd: root }).some((file) =>
    contract.test(readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, ""))
  )
const runsCandles = (name: string): boolean => runs(/^\s*SourceContract\.suite\(/m, name)
const runsChains = (name: string): boolean => runs(/^\s*ChainContract\.suite\(/m, name)
const runsContract = (name: string): boolean => runsCandles(name) || runsChains(name)

/** Whether a source of the package listens: it has a file for it. */
const listens = (name: string): boolean => existsSync(join(root, "packages", name, "src/Tail.ts"))

describe("Sources", () => {
  it("finds the sources of the workspace", () => {
    assert.includeMembers(packages, ["source-binance", "source-file", "source-synthetic"])
  })

  it("every source runs the contract, or says why not", () => {
    for (const name of packages) {
      assert.isTrue(
        runsContract(name) || withoutContract[name] !== undefined,
        `packages/${name} has no test that calls SourceContract.suite(…), or ChainContract.suite(…) for one without candles; add test/contract.test.ts, as in packages/source-binance`
      )
    }
    for (const name of Object.keys(withoutContract)) {
      assert.include(packages, name, `${name} is excused from the contract and is no package`)
      assert.isFalse(runsContract(name), `packages/${name} runs the contract and need not be excused from it`)
    }
  })

  it.effect("a source runs the contract of candles where it has any, and that of chains where it shows them", () =>
    Effect.gen(function* () {
      const chains: Array<string> = []
      for (const { id, load } of Sources.entries) {
        const { capabilities } = yield* Effect.promise(load)
        const name = `source-${id}`
        assert.strictEqual(
          runsCandles(name) || withoutContract[name] !== undefined,
          capabilities.timeframes.length > 0,
          `packages/${name} calls SourceContract.suite(…) if it has candles, and only then`
        )
        if (capabilities.options === undefined) continue
        chains.push(id)
        assert.isTrue(
          runsChains(name),
          `packages/${name} has no test that calls ChainContract.suite(…); add it, as in packages/source-cboe`
        )
      }
      assert.includeMembers(chains, ["cboe", "polygon", "yahoo"])
    })
  )

  it("every source that tells what closes runs the contract of those", () => {
    assert.includeMembers(packages.filter(listens), ["source-binance", "source-ccxt"])
    for (const name of packages.filter(listens)) {
      assert.isTrue(
        runs(/^\s*TailContract\.suite\(/m, name),
        `packages/${name} has no test that calls TailContract.suite(…); add test/tailContract.test.ts, as in packages/source-binance`
      )
    }
  })

  it("every source is built in, and every built-in source has a package", () => {
    const ids = Sources.entries.map(({ id }) => id)
    for (const name of packages) {
      const id = name.slice("source-".length)
      assert.include(ids, id, `packages/${name} has no line in packages/runtime/src/Sources.ts`)
    }
    for (const id of ids) {
      assert.include(packages, `source-${id}`, `The built-in source "${id}" has no package packages/source-${id}`)
    }
    assert.deepStrictEqual(
      ids,
      [...new Set(ids)].toSorted(),
      "packages/runtime/src/Sources.ts is in alphabetical order"
    )
  })

  it.effect("every built-in source loads the plugin of its own name", () =>
    Effect.gen(function* () {
      for (const { id, load } of Sources.entries) {
        const plugin = yield* Effect.promise(load)
        assert.strictEqual(plugin.id, id, `the plugin of packages/source-${id} calls itself "${plugin.id}"`)
      }
    })
  )

  it("every source is a dependency of runtime, and is compiled with the workspace", () => {
    const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), "utf8"))
    const { dependencies } = read("packages/runtime/package.json") as { dependencies: object }
    const { references } = read("tsconfig.json") as { references: ReadonlyArray<{ path: string }> }
    for (const name of packages) {
      assert.property(dependencies, `@tidemark/${name}`, `packages/runtime/package.json does not depend on ${name}`)
      assert.isTrue(
        references.some(({ path }) => path === `./packages/${name}`),
        `tsconfig.json has no reference to packages/${name}`
      )
    }
  })
})
