/** Messages that this machine cannot provoke: other platforms, another user's files, a full disk. */
import { assert, describe, it } from "@effect/vitest"
import * as Failure from "../src/internal/Failure.ts"

const linux =
  'IO Error: Could not set lock on file "/a.db": Conflicting lock is held in /usr/bin/node (PID 12). See also https://…'
const bare = 'IO Error: Could not set lock on file "/a.db": Conflicting lock is held in PID 12. See also https://…'
const windows =
  'IO Error: Cannot open file "C:\\a.db": The process cannot access the file because it is being used by another process.\n\nFile is already open in \nC:\\Program Files\\node.exe (PID 12)'
const unknown = 'IO Error: Could not set lock on file "/a.db": Resource temporarily unavailable'

describe("lockHolder", () => {
  for (const [platform, message, holder, sentence] of [
    ["Linux", linux, { pid: 12, process: "/usr/bin/node" }, "/usr/bin/node (PID 12)"],
    ["a process without a name", bare, { pid: 12, process: undefined }, "another process (PID 12)"],
    ["Windows", windows, { pid: 12, process: "C:\\Program Files\\node.exe" }, "C:\\Program Files\\node.exe (PID 12)"],
    ["a holder that DuckDB doesn't know", unknown, { pid: undefined, process: undefined }, "another process"]
  ] as const) {
    it(`reads the message of ${platform}`, () => {
      const error = Failure.fromOpen(new Error(message), "a.db")
      assert.deepStrictEqual(Failure.lockHolder(error), holder)
      assert.isTrue(error.message.startsWith(`a.db is in use by ${sentence}.`))
      assert.strictEqual(error.reason._tag, "ConnectionError")
      assert.isTrue(error.isRetryable)
    })
  }
})

describe("a native message", () => {
  for (const [message, tag] of [
    ['IO Error: Cannot open file "/a.db": Permission denied', "AuthorizationError"],
    ["TransactionContext Error: Conflict on update!", "SerializationError"],
    ['TransactionContext Error: Catalog write-write conflict on create with "t"', "SerializationError"],
    [
      'TransactionContext Error: Failed to commit: PRIMARY KEY or UNIQUE constraint violation: duplicate key "1"',
      "UniqueViolation"
    ],
    ["Failed to append: NOT NULL constraint failed: t.a", "ConstraintError"],
    ["Out of Memory Error: could not allocate block of size 256.0 KiB", "UnknownError"],
    ['IO Error: Could not write file "/a.db": No space left on device', "UnknownError"],
    ["FATAL Error: Failed: database has been invalidated because of a previous fatal error.", "ConnectionError"]
  ] as const) {
    it(`"${message}" is a ${tag}`, () => {
      const { reason } = Failure.fromNative(new Error(message), "execute")
      assert.strictEqual(reason._tag, tag)
      assert.strictEqual(reason.message, message.replace("Failed to append: ", ""))
    })
  }

  it("tells of a file that may not be opened", () => {
    const error = Failure.fromOpen(new Error('IO Error: Cannot open file "/a.db": Permission denied'), "/a.db")
    assert.isTrue(error.message.startsWith("No permission to open /a.db.\n"))
    assert.strictEqual(error.reason._tag, "AuthorizationError")
  })
})
