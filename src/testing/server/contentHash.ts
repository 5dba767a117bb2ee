import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { readSchemaFiles } from "../../database/migrationFiles.ts";

/** 16 hexadecimal digits that change with everything a migrated database is made of: our SQL files and graphile-worker's version. */
export function contentHash(): string {
  const { migrations, currentStateHash } = readSchemaFiles();
  return createHash("sha256")
    .update(JSON.stringify([migrations.map(({ hash }) => hash), currentStateHash, graphileWorkerVersion()]))
    .digest("hex")
    .slice(0, 16);
}

/** It exports no package.json, so that one is looked for in the folders above what it does export. */
function graphileWorkerVersion(): string {
  let folder = path.dirname(createRequire(import.meta.url).resolve("graphile-worker"));
  while (!existsSync(path.join(folder, "package.json"))) {
    folder = path.dirname(folder);
  }
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}
