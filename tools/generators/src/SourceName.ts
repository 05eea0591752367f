/** The name of a source, and what follows from it. */
import { names } from "@nx/devkit"

export interface SourceName {
  /** As users write it: `my-exchange`. */
  readonly id: string
  /** `packages/source-my-exchange` */
  readonly root: string
  /** `@tidemark/source-my-exchange` */
  readonly packageName: string
  /** Its module: `MyExchange` */
  readonly className: string
  /** Its environment variables begin with it: `MY_EXCHANGE` */
  readonly constantName: string
  /** For people: `My Exchange` */
  readonly title: string
}

const form = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const maxLength = 32

/** Names that mean something else. */
const reserved: Readonly<Record<string, string>> = {
  auto: "`--source auto` means each symbol's own list of sources",
  index: "src/index.ts is what every source exports itself with",
  rows: "src/Rows.ts is a module of every new source",
  testing: "packages/source-testing is the contract that sources pass"
}

const example = (id: string): string => (form.test(id) && id.length <= maxLength ? id : "my-exchange")

/** What is wrong with `id`, as a sentence that says what to do. */
export const problem = (id: string): string | undefined => {
  if (!form.test(id)) {
    return `"${id}" is no name for a source: use lower-case letters, digits and single hyphens, a letter first, such as ${example(names(id).fileName)}.`
  }
  if (id.startsWith("source-")) return `Leave "source-" out, the package gets it by itself: ${example(id.slice(7))}.`
  if (id.length > maxLength) return `"${id}" has ${id.length} characters; choose a name of ${maxLength} at most.`
  const reason = Object.hasOwn(reserved, id) ? reserved[id] : undefined
  return reason === undefined ? undefined : `"${id}" is taken: ${reason}. Choose another name.`
}

/** Throws with `problem` as the message. */
export const parse = (id: string): SourceName => {
  const wrong = problem(id)
  if (wrong !== undefined) throw new Error(wrong)
  const { className, constantName } = names(id)
  return {
    id,
    root: `packages/source-${id}`,
    packageName: `@tidemark/source-${id}`,
    className,
    constantName,
    title: id
      .split("-")
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join(" ")
  }
}
