import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** Installs the peers' packages into `bench/node_modules`, if they are not there as the lock file says. */
export function installPeers(): void {
  const installed = join(import.meta.dirname, "node_modules/.package-lock.json");
  const wanted = join(import.meta.dirname, "package-lock.json");
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
    process.stderr.write("Installing the peers (npm ci in bench/) …\n");
    execFileSync("npm", ["ci"], { cwd: import.meta.dirname, stdio: ["ignore", "ignore", "inherit"] });
  }
}
