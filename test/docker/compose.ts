import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

/** A service of a compose file, as far as ours has it. */
export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly init?: boolean;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly restart?: string;
}

/** Reads `docker-compose.yml`; a variable of the shell has its default. */
export function readCompose(folder: string): {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
} {
  const text = readFileSync(join(folder, "docker-compose.yml"), "utf8");
  return parse(text.replaceAll(/\$\{(?<name>\w+):-(?<byDefault>[^\}]*)\}/gv, "$<byDefault>"), {
    merge: true,
  }) as ReturnType<typeof readCompose>;
}
