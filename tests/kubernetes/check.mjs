// Reads manifests as JSON, a list on standard input, and holds each against the schema of its kind. Prints one line for
// each that is wrong or whose kind is not known; exit code 1 if there is any.
import { readFileSync } from "node:fs";
import * as core from "kubernetes-models/v1";
import * as apps from "kubernetes-models/apps/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as rbac from "kubernetes-models/rbac.authorization.k8s.io/v1";

const groups = { v1: core, "apps/v1": apps, "networking.k8s.io/v1": networking, "rbac.authorization.k8s.io/v1": rbac };
let wrong = 0;
for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
  const name = `${manifest.apiVersion} ${manifest.kind} ${manifest.metadata?.name}`;
  try {
    const Model = groups[manifest.apiVersion]?.[manifest.kind];
    if (Model === undefined) throw new Error("no schema is known of this kind");
    new Model(manifest).validate();
    console.error(`${name}: fine`);
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    wrong = 1;
  }
}
process.exit(wrong);
