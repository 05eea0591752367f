/**
 * The folder of recorded data, where there is one.
 *
 * `TIDEMARK_CONFORMANCE_DATA` names it. Without it the tests of this package
 * are skipped and say so; with it a file that is not there is a failure.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"

const folder = process.env["TIDEMARK_CONFORMANCE_DATA"] ?? ""

export const isAbsent = folder === ""

/** For test names: why they are skipped. */
export const note = isAbsent ? " (skipped: TIDEMARK_CONFORMANCE_DATA is not set)" : ""

export const path = (name: string): string => join(folder, name)

export const text = (name: string): string => readFileSync(path(name), "utf8")
