/**
 * How a row is known.
 *
 * `observed`: a provider or the user recorded it. `modelled`: computed from
 * observed data by a model that estimates what nobody recorded. `synthetic`:
 * generated. It goes with every row that anyone can read, and readers get
 * only `observed` unless they ask for the others by name.
 */
import { Schema } from "effect"

export const Provenance = Schema.Literals(["observed", "modelled", "synthetic"])
export type Provenance = typeof Provenance.Type
