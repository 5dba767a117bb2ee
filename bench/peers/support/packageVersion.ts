import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** Name and version of a package installed for the benchmark, as in `pg-boss 12.38.0`. */
export function packageVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) {
    throw new Error(`The package ${name} is not installed in bench/. Run: npm ci --prefix bench`);
  }
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return `${name} ${version}`;
}
