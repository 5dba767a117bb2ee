import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";

import pg from "pg";

import type { Config } from "../../config/config.ts";
import { listDefinitions } from "../../database/calls/definitionList.ts";
import { countViolations, readQueueFacts, readRights, readServerFacts } from "../../database/calls/diagnosis.ts";
import { listWorkers } from "../../database/calls/workers.ts";
import { detectConnectionKind } from "../../database/connectionKind.ts";
import { migrationState } from "../../database/migrationState.ts";
import { RATCHET_VERSION } from "../../engine/version.ts";
import { toRatchetError } from "../../errors/fromDatabase.ts";
import { isRatchetError } from "../../errors/ratchetError.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { registeredVersion } from "../../worker/definitions.ts";
import { loadTaskFiles } from "../../worker/taskFiles.ts";
import { type CommandDatabase, withDatabase } from "../database.ts";
import type { Finding } from "./finding.ts";
import {
  clockFinding,
  migrationsFinding,
  poolerFinding,
  programsFinding,
  rightsFinding,
  serverFindings,
} from "./serverFindings.ts";
import {
  definitionsFindings,
  type FileVersions,
  queueFindings,
  violationsFindings,
  workersFindings,
} from "./workFindings.ts";

/** Looks at everything, in the order in which one thing rests on another; what makes the rest pointless ends it. */
export async function examine(config: Config): Promise<Finding[]> {
  const findings = [
    programsFinding({
      node: process.versions.node,
      ratchet: RATCHET_VERSION,
      graphileWorker: graphileWorkerVersion(),
    }),
  ];
  try {
    await withDatabase({ config, purpose: "doctor" }, async (database) => {
      for await (const found of examineDatabase(database, config)) {
        findings.push(...found);
      }
    });
  } catch (error) {
    findings.push(findingOf(findings.length === 1 ? "connection" : "rights", error));
  }
  return findings;
}

async function* examineDatabase(database: CommandDatabase, config: Config): AsyncGenerator<Finding[], void, void> {
  const { pool, url } = database;
  const { host, port } = new pg.Client({ connectionString: url });
  const askedAtMs = Date.now();
  const server = await readServerFacts(pool);
  const answeredAtMs = Date.now();
  yield serverFindings(server, `${host}:${port}`);
  yield [
    poolerFinding(await detectConnectionKind(url)),
    clockFinding((askedAtMs + answeredAtMs) / 2 - server.now.getTime()),
  ];
  const rights = await readRights(pool);
  if (rights !== null) {
    yield [rightsFinding(rights, server.role)];
    if (rights.missing.some((right) => right.startsWith("usage on schema"))) {
      return;
    }
  }
  const state = await migrationState(pool);
  yield [migrationsFinding(state)];
  if (state === "current" || state === "ahead") {
    yield await examineWork(database, config);
  }
}

async function examineWork({ pool }: CommandDatabase, config: Config): Promise<Finding[]> {
  const workers = await listWorkers(pool, { stopped: false });
  const registered = await listDefinitions(pool);
  const unfinished = registered.reduce((sum, { unfinishedJobs }) => sum + unfinishedJobs, 0);
  const isServed = workers.some(({ state }) => state === "alive");
  return [
    ...workersFindings(workers, unfinished),
    ...(await examineDefinitions(registered, config.taskFolder, isServed)),
    ...queueFindings(await readQueueFacts(pool), isServed),
    ...violationsFindings(await countViolations(pool)),
  ];
}

async function examineDefinitions(
  registered: Parameters<typeof definitionsFindings>[0],
  taskFolder: string,
  isServed: boolean,
): Promise<Finding[]> {
  try {
    const { definitions } = await loadTaskFiles(taskFolder, createLogger({ level: "silent" }));
    const files: FileVersions = new Map(
      [...definitions].map(([identifier, definition]) => [identifier, registeredVersion(identifier, definition)]),
    );
    return definitionsFindings(registered, { files, folder: `${relative(process.cwd(), taskFolder)}/`, isServed });
  } catch (error) {
    return [findingOf("definitions", error)];
  }
}

/** An error of ours as a finding; anything else is thrown on. */
function findingOf(check: string, thrown: unknown): Finding {
  const error = toRatchetError(thrown);
  if (!isRatchetError(error)) {
    throw thrown;
  }
  return { check, level: "problem", message: `${error.message} (${error.code})`, advice: error.hint };
}

function graphileWorkerVersion(): string {
  // The package exports its main file only.
  const main = createRequire(import.meta.url).resolve("graphile-worker");
  const manifest = main.replace(/dist[\/\\][^\/\\]*$/v, "package.json");
  return (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}
