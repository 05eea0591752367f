/** The reader of metrics finds what it is there to find. */
import { assert, describe, it } from "@effect/vitest"
import * as Exposition from "./exposition.ts"

const complaints = (text: string) => Exposition.problems(Exposition.parse(text))

describe("the reader of metrics", () => {
  for (const [what, text] of [
    ["an open line", "# TYPE a gauge\na 1"],
    ["a sample of no family", "a 1\n"],
    ["a label without quotes", "# TYPE a gauge\na{x=1} 1\n"],
    ["a line break in a label", '# TYPE a gauge\na{x="1\n2"} 1\n'],
    ["a family that comes twice", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n"],
    ["a value that is none", "# TYPE a gauge\na one\n"]
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => Exposition.parse(text)))
  }

  for (const [what, text] of [
    ["a family without help", "# TYPE a gauge\na 1\n"],
    ["a counter that is not called one", "# HELP a x\n# TYPE a counter\na 1\n"],
    ["milliseconds", "# HELP a_milliseconds x\n# TYPE a_milliseconds gauge\na_milliseconds 1\n"],
    ["a sample that comes twice", '# HELP a x\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n'],
    [
      "buckets that are not cumulative",
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n'
    ]
  ] as const) {
    it(`complains of ${what}`, () => assert.lengthOf(complaints(text), 1))
  }
})
