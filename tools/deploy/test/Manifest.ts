/** Kubernetes manifests, read and checked against the schemas of its API. */
import { execFileSync, spawnSync } from "node:child_process"
import { globSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import * as Repository from "./Repository.ts"

/** Only what is looked at here; the schemas know the rest. */
export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
  readonly ports?: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>
  readonly env: ReadonlyArray<{
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
  }>
  readonly resources: { readonly limits: { readonly memory: string } }
  readonly securityContext: unknown
  readonly volumeMounts: ReadonlyArray<{ readonly name: string; readonly mountPath: string }>
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly timeoutSeconds?: number
}

export interface Pod {
  readonly automountServiceAccountToken: boolean
  readonly restartPolicy?: string
  readonly terminationGracePeriodSeconds: number
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly containers: ReadonlyArray<Container>
  readonly volumes: ReadonlyArray<Readonly<Record<string, unknown>>>
}

interface Template {
  readonly template: { readonly spec: Pod }
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec: Template & {
    readonly replicas?: number
    readonly strategy?: { readonly type: string }
    readonly jobTemplate?: { readonly spec: Template }
  }
}

const folder = "deploy/kubernetes"

export const parse = (text: string): ReadonlyArray<Manifest> =>
  parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!
    return document.toJS() as Manifest
  })

/** Folders with a `kustomization.yaml`. */
export const kustomizations: ReadonlyArray<string> = globSync(`${folder}/*/kustomization.yaml`, {
  cwd: Repository.root
}).map((path) => path.split("/").at(-2)!)

export const file = (path: string): ReadonlyArray<Manifest> => parse(Repository.read(`${folder}/${path}`))

/** Where `kubectl` is not there, what it would build cannot be seen. */
export const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0

export const built = (name: string): ReadonlyArray<Manifest> =>
  parse(execFileSync("kubectl", ["kustomize", `${Repository.root}/${folder}/${name}`], { encoding: "utf8" }))

/** The pod that a manifest makes. */
export const pod = ({ spec }: Manifest): Pod => (spec.jobTemplate?.spec ?? spec).template.spec

/** Tells each field that nobody has read. */
const watched = (value: unknown, path: string, unread: Set<string>): unknown => {
  if (typeof value !== "object" || value === null) return value
  const inner = new Map(
    Object.entries(value).map(([key, one]) => {
      const at = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`
      unread.add(at)
      return [key, { at, one: watched(one, at, unread) }] as const
    })
  )
  return new Proxy(value, {
    get: (target, key, receiver) => {
      const found = typeof key === "string" ? inner.get(key) : undefined
      if (found === undefined) return Reflect.get(target, key, receiver) as unknown
      unread.delete(found.at)
      return found.one
    }
  })
}

interface Validate {
  (data: unknown): boolean
  readonly errors?: ReadonlyArray<{ readonly instancePath: string; readonly message: string }> | null
}

const schemaOf = async ({ apiVersion, kind }: Manifest): Promise<Validate> => {
  const names = ["core", ...apiVersion.split("/")].slice(-2).map((name) => name[0]!.toUpperCase() + name.slice(1))
  const path = `kubernetes-models/_schemas/IoK8sApi${names.join("")}${kind}`
  return ((await import(path)) as { readonly validate: Validate }).validate
}

/**
 * What is wrong with a manifest. The schemas let fields pass that they do not
 * know, and the API server would drop them: so a field that its schema has
 * not read is one that there is not.
 */
export const problems = async (manifest: Manifest): Promise<ReadonlyArray<string>> => {
  const validate = await schemaOf(manifest)
  const unread = new Set<string>()
  const isValid = validate(watched(manifest, manifest.kind, unread))
  const isWithin = (path: string, other: string) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`)
  const unknown = [...unread].filter((path) => ![...unread].some((other) => isWithin(path, other)))
  return [
    ...(isValid ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`)),
    ...unknown.map((path) => `there is no ${path}`)
  ]
}
