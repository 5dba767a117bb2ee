import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";

import type { Peer } from "./peer.ts";
import type { BenchServer } from "./server.ts";

/** On what a report was made. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  /** Settings that are not Postgres' default; `shared_buffers` and the like as initdb set them. */
  readonly postgresSettings: Readonly<Record<string, string>>;
  /** The version of each peer. */
  readonly peers: Readonly<Record<string, string>>;
}

/** Describes this machine and what runs on it. */
export async function describeMachine(server: BenchServer, peers: readonly Peer[]): Promise<Machine> {
  const processors = cpus();
  const versions = await Promise.all(peers.map(async (peer) => [peer.name, await peer.version()] as const));
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${arch()}`,
    node: process.version,
    postgres: server.version,
    postgresSettings: server.settings,
    peers: Object.fromEntries(versions),
  };
}

/** Name and version of an installed package, as `bench/` finds it. */
export function packageVersion(name: string): string {
  for (const folder of [import.meta.dirname, join(import.meta.dirname, "..")]) {
    const file = join(folder, "node_modules", name, "package.json");
    if (existsSync(file)) {
      const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
      return `${name} ${version}`;
    }
  }
  throw new Error(`${name} is not installed.`);
}

/** The commit of this checkout, or its version where there is no git. */
export function ownVersion(): string {
  try {
    const commit = execFileSync("git", ["-C", import.meta.dirname, "describe", "--always", "--dirty", "--exclude=*"]);
    return `pg-ratchet ${commit.toString().trim()}`;
  } catch {
    return "pg-ratchet";
  }
}
