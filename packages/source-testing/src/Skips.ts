/** Cases of a contract that do not apply, each by its id with a reason. */

/** An id that does not exist is an error, so that nothing is skipped by accident. */
export const of = (
  contract: string,
  cases: Readonly<Record<string, string>>,
  skip: Readonly<Record<string, string>> = {}
): Map<string, string> => {
  const unknown = Object.keys(skip).find((id) => !(id in cases))
  if (unknown === undefined) return new Map(Object.entries(skip))
  throw new Error(`the ${contract} has no case ${unknown}; it has ${Object.keys(cases).join(", ")}`)
}
