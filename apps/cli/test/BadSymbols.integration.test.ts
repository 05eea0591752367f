import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import { assertRefused, refusesOnEvery, seconds } from "./refusal.ts"
import { parse, run } from "./tidemark.ts"

const symbolForm = "BTC/USDT, AAPL, ^GSPC or EUR/USD"

refusesOnEvery("a wrong list of symbols", [
  {
    name: "adding what cannot be a symbol",
    args: ["symbols", "add", "b!d"],
    code: 2,
    says: ['"b!d" cannot be added', symbolForm]
  },
  {
    name: "adding a share without a source",
    args: ["symbols", "add", "GBP/USD"],
    code: 2,
    says: ["GBP/USD: name its sources", "--sources file:", "tidemark sources list"]
  },
  {
    name: "adding a source that there is not",
    args: ["symbols", "add", "SOL/USDT", "--sources", "binanse"],
    code: 2,
    says: ['no source "binanse"', "Known sources: binance, "]
  },
  {
    name: "a day of listing that is none",
    args: ["symbols", "add", "SOL/USDT", "--listed", "soon"],
    code: 2,
    says: ['SOL/USDT: "soon" is no date for listed', "YYYY-MM-DD"]
  },
  {
    name: "importing a text with one bad line imports none of it",
    args: ["symbols", "import", "list.txt"],
    files: { "list.txt": "SOL/USDT # fine\nb!d\nADA/USDT\n" },
    code: 2,
    says: ["list.txt, entry 2", "nothing was imported", symbolForm]
  },
  {
    name: "importing JSON with an unknown field imports none of it",
    args: ["symbols", "import", "list.json"],
    files: { "list.json": '[{"symbol": "SOL/USDT"}, {"symbol": "ADA/USDT", "clendar": "24/7"}]' },
    code: 2,
    says: ["list.json, entry 2", "nothing was imported", "clendar"]
  },
  {
    name: "importing what is no JSON",
    args: ["symbols", "import", "list.json"],
    files: { "list.json": "[1" },
    code: 2,
    says: ["list.json is not JSON"]
  },
  {
    name: "importing nothing",
    args: ["symbols", "import", "list.txt"],
    files: { "list.txt": "# later\n" },
    code: 2,
    says: ["list.txt has no symbols; nothing was imported"]
  },
  {
    name: "importing a file that is not there",
    args: ["symbols", "import", "list.txt"],
    code: 2,
    says: ["Cannot read list.txt"]
  },
  {
    name: "removing a symbol that is not there",
    args: ["symbols", "remove", "NOPE"],
    code: 2,
    says: ["NOPE is not on your list; nothing was removed", "tidemark symbols list"]
  }
])

onEvery("symbols of which one is not there", (it) => {
  it.effect(
    "are all kept, where they were to be removed",
    () =>
      Effect.gen(function* () {
        const { options } = yield* fresh()
        yield* run(["symbols", "add", "SOL/USDT"], options)
        const ended = yield* run(["symbols", "remove", "SOL/USDT", "NOPE"], options)
        assertRefused(ended, 2, ["NOPE is not on your list; nothing was removed"])
        const list = parse<{ readonly symbols: ReadonlyArray<unknown> }>(
          yield* run(["symbols", "list", "--json"], options)
        )
        assert.lengthOf(list.symbols, 1)
      }),
    seconds
  )
})
