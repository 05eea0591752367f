import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Fault } from "@tidemark/emulator"
import * as FaultText from "@tidemark/emulator/FaultText"

const parsed = (text: string) => Result.getOrThrow(FaultText.parse(text))
const refusal = (text: string) => {
  const result = FaultText.parse(text)
  assert.isTrue(Result.isFailure(result), text)
  return Result.isFailure(result) ? result.failure : ""
}

describe("FaultText", () => {
  it("reads names, arguments, times and passes", () => {
    assert.deepStrictEqual(parsed("rate-limited:3, stall,html*2,reset@5,server-error:503*all@1"), [
      Fault.RateLimited({ retryAfterSeconds: 3 }),
      Fault.Stall(),
      Fault.Html({ times: 2 }),
      Fault.Reset({ match: { after: 5 } }),
      Fault.ServerError({ status: 503, times: Infinity, match: { after: 1 } })
    ])
    assert.deepStrictEqual(parsed("stall:nothing,stall:40,truncate:json,wrong-types:null,ignored-start-time:oldest"), [
      Fault.Stall({ after: "nothing" }),
      Fault.Stall({ after: 40 }),
      Fault.Truncate({ variant: "json" }),
      Fault.WrongTypes({ as: "null" }),
      Fault.IgnoredStartTime({ rows: "oldest" })
    ])
  })

  it("knows every fault by a name without arguments", () => {
    for (const { name } of FaultText.all) assert.strictEqual(parsed(name).length, 1, name)
    const tags = new Set(FaultText.all.flatMap(({ name }) => parsed(name)).map((fault) => fault._tag))
    const constructors = Object.keys(Fault).filter((key) => key !== "isOfData")
    assert.deepStrictEqual([...tags].toSorted(), constructors.toSorted())
  })

  it("says what is wrong with a text that it can't read", () => {
    assert.include(refusal("stal"), 'there is no fault "stal"; there are rate-limited,')
    assert.include(refusal("html:3"), '"html" takes no argument')
    assert.include(refusal("server-error:200"), '"server-error" takes status')
    assert.include(refusal("truncate:zip"), "takes connection|json")
    assert.include(refusal("html*0"), "never happen")
    assert.include(refusal("html,,html"), "is not of the form")
    assert.include(refusal(""), "is not of the form")
  })
})
