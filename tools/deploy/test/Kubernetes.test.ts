import { assert, describe, it } from "@effect/vitest"
import { Configuration } from "@tidemark/runtime"
import { Schema } from "effect"
import * as Dockerfile from "./Dockerfile.ts"
import * as Manifest from "./Manifest.ts"
import * as Repository from "./Repository.ts"

const { uid } = /^(?<uid>\d+):/.exec(Dockerfile.last("USER"))!.groups as { uid: string }
const whole = ["shared/namespace.yaml", "shared/configmap.yaml", "base/serviceaccount.yaml", "base/service.yaml"]
const withPods = ["base/deployment.yaml", "backfill/job.yaml", "cron/cronjob.yaml"]
const others = ["postgres/poddisruptionbudget.yaml", "duckdb/persistentvolumeclaim.yaml", "secret.example.yaml"]

const [secret] = Manifest.file("secret.example.yaml")
const [deployment] = Manifest.file("base/deployment.yaml")

describe("the Kubernetes manifests", () => {
  it.each([...whole, ...withPods, ...others])(
    "%s is what the API takes, with no field that it does not know",
    async (path) => {
      for (const manifest of Manifest.file(path)) assert.deepStrictEqual(await Manifest.problems(manifest), [])
    }
  )

  it("says when a field is misspelled, deep down", async () => {
    const wrong = structuredClone(deployment!) as { spec: { template: { spec: { securityContext: unknown } } } }
    wrong.spec.template.spec.securityContext = { runAsNonRot: true }
    assert.deepStrictEqual(await Manifest.problems(wrong as unknown as Manifest.Manifest), [
      "there is no Deployment.spec.template.spec.securityContext.runAsNonRot"
    ])
  })

  it.each(withPods)("%s runs as the image's user, with nothing that it does not need", (path) => {
    const pod = Manifest.pod(Manifest.file(path)[0]!)
    assert.deepInclude(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: Number(uid),
      runAsGroup: Number(uid),
      fsGroup: Number(uid),
      seccompProfile: { type: "RuntimeDefault" }
    })
    assert.isFalse(pod.automountServiceAccountToken)
    assert.isAtLeast(pod.terminationGracePeriodSeconds, 2 * Repository.shutdownSeconds)
    for (const { resources, securityContext, volumeMounts } of pod.containers) {
      assert.deepStrictEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] }
      })
      assert.isString(resources.limits.memory)
      assert.includeMembers(
        volumeMounts.map(({ mountPath }) => mountPath),
        [Dockerfile.last("VOLUME"), Dockerfile.last("WORKDIR"), "/tmp"]
      )
      assert.includeMembers(
        pod.volumes.map(({ name }) => name),
        volumeMounts.map(({ name }) => name)
      )
    }
  })

  it.each(withPods)(
    "%s sets variables that the program reads, and takes from the secret what the example has",
    (path) => {
      for (const { env } of Manifest.pod(Manifest.file(path)[0]!).containers) {
        for (const { name, value, valueFrom } of env) {
          assert.isTrue(Repository.variables.has(name), name)
          assert.isFalse(/KEY|PASSWORD|URL/.test(name) && value !== undefined, `${name} is written down`)
          if (valueFrom === undefined) continue
          assert.strictEqual(valueFrom.secretKeyRef.name, secret!.metadata.name)
          assert.property(secret!.stringData, valueFrom.secretKeyRef.key)
        }
      }
    }
  )

  it("serves on the port that the daemon is told, and asks after it there", () => {
    const [container] = Manifest.pod(deployment!).containers
    const port = container!.env.find(({ name }) => name === "TIDEMARK_PORT")?.value
    assert.deepStrictEqual(container!.ports, [{ name: "http", containerPort: Number(port) }])
    for (const probe of [container!.startupProbe, container!.livenessProbe, container!.readinessProbe]) {
      assert.strictEqual(probe?.httpGet.port, "http")
    }
    // The server gives its database so long before it says that it does not answer.
    const given = /duration: "(\d+) seconds"/.exec(Repository.read("apps/daemon/src/http/Health.ts"))![1]
    assert.isAbove(container!.readinessProbe!.timeoutSeconds!, Number(given))
  })

  it("has a configuration that the program takes", () => {
    const [map] = Manifest.file("shared/configmap.yaml")
    const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Configuration.ConfigFile), {
      onExcessProperty: "error"
    })
    assert.property(decode(map!.data!["tidemark.json"]!), "retention")
  })

  it("has an example of a secret with nothing in it", () => {
    assert.deepStrictEqual([...new Set(Object.values(secret!.stringData!))], [""])
  })

  describe.skipIf(!Manifest.hasKubectl)("as kubectl builds them", () => {
    it.each(Manifest.kustomizations)("%s is what the API takes, with no field that it does not know", async (name) => {
      const manifests = Manifest.built(name)
      assert.isNotEmpty(manifests)
      for (const manifest of manifests) assert.deepStrictEqual(await Manifest.problems(manifest), [])
    })

    it("takes one image, of a registry that somebody has to name, and of a version", () => {
      const images = Manifest.kustomizations
        .flatMap(Manifest.built)
        .filter(({ kind }) => ["Deployment", "Job", "CronJob"].includes(kind))
        .flatMap((manifest) => Manifest.pod(manifest).containers.map(({ image }) => image))
      const { version } = JSON.parse(Repository.read("package.json")) as { version: string }
      assert.deepStrictEqual([...new Set(images)], [`registry.example.com/tidemark:${version}`])
    })

    const daemonOf = (name: string) => Manifest.built(name).find(({ kind }) => kind === "Deployment")!
    const database = (manifest: Manifest.Manifest) =>
      Manifest.pod(manifest).containers[0]!.env.find(({ name }) => name === "DATABASE_URL")

    it("gives a DuckDB file to one daemon at a time, on a volume that stays", () => {
      const daemon = daemonOf("duckdb")
      assert.strictEqual(daemon.spec.replicas, 1)
      assert.strictEqual(daemon.spec.strategy?.type, "Recreate")
      assert.match(database(daemon)!.value!, /^duckdb:\/data\//)
      assert.deepInclude(Manifest.pod(daemon).volumes, {
        name: "data",
        persistentVolumeClaim: { claimName: "tidemark" }
      })
    })

    it("lets several daemons serve a Postgres, which the secret has to name", () => {
      const daemon = daemonOf("postgres")
      assert.isAbove(daemon.spec.replicas!, 1)
      assert.deepStrictEqual(database(daemon)!.valueFrom, {
        secretKeyRef: { name: "tidemark", key: "DATABASE_URL" }
      })
    })
  })
})
