import { assert, describe, it } from "@effect/vitest"
import { readJson, type Tree } from "@nx/devkit"
import removeSource from "../src/remove-source/generator.ts"
import source from "../src/source/generator.ts"
import { contents, registrations, workspace } from "./workspace.ts"

const longest = "a-name-of-thirty-two-characters1"

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error
  )
  return error instanceof Error ? error.message : assert.fail("it was not refused")
}

/** The ids of the built-in sources, in the order in which they are listed. */
const builtIn = (tree: Tree): ReadonlyArray<string> =>
  [...tree.read("packages/runtime/src/Sources.ts", "utf8")!.matchAll(/id: "([^"]+)"/g)].map((match) => match[1]!)

describe("source", () => {
  it("makes a package that is named after the source throughout", async () => {
    const tree = workspace()
    await source(tree, { name: "my-exchange" })
    const made = Object.entries(contents(tree)).filter(([path]) => path.startsWith("packages/source-my-exchange/"))
    assert.deepStrictEqual(
      made.map(([path]) => path.replace("packages/source-my-exchange/", "")).toSorted(),
      [
        "README.md",
        "package.json",
        "src/MyExchange.ts",
        "src/Rows.ts",
        "src/index.ts",
        "test/contract.test.ts",
        "test/provider.ts",
        "tsconfig.json"
      ].toSorted()
    )
    assert.isTrue(made.every(([, text]) => !text.includes("<%")))
    const plugin = tree.read("packages/source-my-exchange/src/MyExchange.ts", "utf8")!
    for (const part of [`const id = "my-exchange"`, "MY_EXCHANGE_API_KEY", "MY_EXCHANGE_BASE_URL"]) {
      assert.include(plugin, part)
    }
  })

  it("is registered in the order of the alphabet, wherever a source is registered", async () => {
    for (const name of ["aaa", "my-exchange", "zzz", longest]) {
      const tree = workspace()
      const before = builtIn(tree)
      await source(tree, { name })
      assert.deepStrictEqual(builtIn(tree), [...before, name].toSorted())
      for (const file of registrations) assert.include(tree.read(file, "utf8"), `source-${name}`, file)
      for (const file of ["tsconfig.json", "packages/runtime/tsconfig.json", "packages/runtime/package.json"]) {
        assert.doesNotThrow(() => readJson(tree, file), file)
      }
      assert.isTrue(
        tree
          .read("packages/runtime/src/Sources.ts", "utf8")!
          .split("\n")
          .every((line) => line.length <= 120)
      )
    }
  })

  it("writes into the lock file what npm would", async () => {
    const tree = workspace()
    await source(tree, { name: "my-exchange" })
    const { packages } = readJson(tree, "package-lock.json") as { packages: Record<string, object> }
    const { dependencies, devDependencies, license, name, version } = readJson(
      tree,
      "packages/source-my-exchange/package.json"
    )
    assert.deepStrictEqual(packages["packages/source-my-exchange"], {
      name,
      version,
      license,
      dependencies,
      devDependencies
    })
    assert.deepStrictEqual(packages["node_modules/@tidemark/source-my-exchange"], {
      resolved: "packages/source-my-exchange",
      link: true
    })
    const paths = Object.keys(packages)
    assert.deepStrictEqual(
      paths,
      paths.toSorted((a, b) => a.localeCompare(b, "en"))
    )
  })

  it("refuses a bad name with a sentence that says what a good one is, and changes nothing", async () => {
    const tree = workspace()
    const before = contents(tree)
    const said: ReadonlyArray<readonly [name: string, part: string]> = [
      ["MyExchange", "such as my-exchange"],
      ["1inch", "a letter first"],
      ["my_exchange", "such as my-exchange"],
      ["my--exchange", "single hyphens"],
      ["my-exchange-", "single hyphens"],
      ["../elsewhere", "lower-case letters"],
      ["", "such as my-exchange"],
      ["source-kraken", ": kraken"],
      [`${longest}2`, "32 at most"],
      ["auto", "Choose another name"],
      ["index", "Choose another name"],
      ["rows", "Choose another name"],
      ["testing", "Choose another name"]
    ]
    for (const [name, part] of said) assert.include(await refusal(source(tree, { name })), part, name)
    assert.deepStrictEqual(contents(tree), before)
  })

  it("refuses a name that is taken and says how to free it", async () => {
    const tree = workspace()
    const message = await refusal(source(tree, { name: "binance" }))
    assert.include(message, "packages/source-binance is there already")
    assert.include(message, "nx g @tidemark/generators:remove-source binance")
  })
})

describe("remove-source", () => {
  it("leaves every file as it was before the source, to the byte", async () => {
    for (const name of ["aaa", "my-exchange", "zzz", longest]) {
      const tree = workspace()
      const before = contents(tree)
      await source(tree, { name })
      await removeSource(tree, { name })
      assert.deepStrictEqual(contents(tree), before, name)
    }
  })

  it("takes each of several away and leaves the others", async () => {
    const tree = workspace()
    await source(tree, { name: "zzz" })
    const before = contents(tree)
    await source(tree, { name: "zzy" })
    await source(tree, { name: "zzz-2" })
    await removeSource(tree, { name: "zzy" })
    await removeSource(tree, { name: "zzz-2" })
    assert.deepStrictEqual(contents(tree), before)
  })

  it("knows a source that is only half there", async () => {
    const tree = workspace()
    const before = contents(tree)
    await source(tree, { name: "my-exchange" })
    tree.delete("packages/source-my-exchange")
    assert.include(await refusal(source(tree, { name: "my-exchange" })), "remove-source my-exchange")
    await removeSource(tree, { name: "my-exchange" })
    assert.deepStrictEqual(contents(tree), before)
  })

  it("refuses one that there is not, and lists those that there are", async () => {
    const message = await refusal(removeSource(workspace(), { name: "nope" }))
    assert.include(message, `There is no source "nope"`)
    assert.include(message, "binance")
  })

  it("refuses one that another package depends on, and changes nothing", async () => {
    const tree = workspace()
    const before = contents(tree)
    const message = await refusal(removeSource(tree, { name: "synthetic" }))
    assert.include(message, "tools/emulator")
    assert.include(message, "nothing was removed")
    assert.deepStrictEqual(contents(tree), before)
  })
})
