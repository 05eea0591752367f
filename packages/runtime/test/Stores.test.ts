import { assert, describe, it } from "@effect/vitest"
import { Stores } from "@tidemark/runtime"

describe("the name of a database", () => {
  it("has nothing of a password, whatever slip is in the URL", () => {
    for (const url of [
      "postgresql://user:s3cret@host:5432/db",
      "postgres://user:s3cret@host/db?password=s3cret",
      "postgresql://user:2024/s3cret@host:5432/db",
      "postgresql://user:12#s3cret@host/db",
      "postgresql://user:12?s3cret@host/db",
      "postgresql:user:s3cret@host/db",
      "postgresql//user:s3cret@host/db",
      " postgresql://user:s3cret@host/db",
      "'postgresql://user:s3cret@host/db'",
      "user:/s3cret@host/db"
    ]) {
      assert.notInclude(Stores.label(url), "s3cret", url)
      assert.notInclude(Stores.label(url), "12", url)
    }
    assert.strictEqual(Stores.label("postgresql://user:pw@host:5432/db?options=-cx%3Dy"), "postgresql://host:5432/db")
    assert.strictEqual(Stores.label("./data/my.duckdb"), "./data/my.duckdb")
  })
})
