import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { withAdmin, withDatabase } from "../support/databases.ts";
import { createRunFolder, removeRunFolder } from "../support/runFolder.ts";
import { startTestServer } from "../support/testServer.ts";
import { createLaboratory } from "./laboratory.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";
import { reportCounterexample, reportExploration, stepsOf } from "./report.ts";
import { CI_SCOPES, FULL_SCOPES, type Scope } from "./scopes.ts";
import { beginning, explore, findShortest, replay } from "./search.ts";

const USAGE = `npm run explore -- [--full] [--scope NAME] [--without RULE] [--replay FILE] [--seconds S]

  --full          the larger scopes, some minutes each; without it those that CI runs
  --scope NAME    one scope only: ${CI_SCOPES.map(({ name }) => name).join(", ")}, with --full also everything
  --without RULE  with a rule taken out of the SQL functions, in the scope that shows it; "all": one after the other:
                  ${MUTATIONS.map(({ name }) => name).join("\n                  ")}
  --replay FILE   does the steps of a printed trace instead of a search; needs --scope or --without
  --seconds S     cuts each search off after so long; default: none is cut off
`;

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    scope: { type: "string" },
    without: { type: "string" },
    replay: { type: "string" },
    seconds: { type: "string", default: "Infinity" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  process.exitCode = await main();
}

/** 0: no promise was broken; with `--without`: each rule was missed. */
async function main(): Promise<number> {
  const mutations = MUTATIONS.filter(({ name }) => values.without === "all" || values.without === name);
  const scopes = (values.full ? FULL_SCOPES : CI_SCOPES).filter(({ name }) => name === (values.scope ?? name));
  if ((values.without !== undefined && mutations.length === 0) || scopes.length === 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const folder = createRunFolder();
  try {
    const server = await startTestServer(folder);
    try {
      let status = 0;
      for (const mutation of mutations) {
        const found = await run(server.url, scopeOf(mutation), mutation);
        status = found ? status : 1;
      }
      for (const scope of mutations.length > 0 ? [] : scopes) {
        const found = await run(server.url, scope, null);
        status = found ? 1 : status;
      }
      return status;
    } finally {
      await server.stop();
    }
  } finally {
    removeRunFolder(folder);
  }
}

/** Returns whether a promise was broken. */
async function run(serverUrl: string, scope: Scope, mutation: Mutation | null): Promise<boolean> {
  const database = `ratchet_explorer_${process.pid}_${Date.now().toString(36)}`;
  await withAdmin(serverUrl, (client) => client.query(`create database ${database} template template0`));
  const url = withDatabase(serverUrl, database);
  try {
    const pool = createPool({ connectionString: url, max: 2 });
    await migrate(pool);
    await pool.end();
    const lab = await createLaboratory(url, mutation?.edits);
    try {
      const start = await beginning(lab, scope);
      if (values.replay !== undefined) {
        const found = await replay(lab, start, scope, stepsOf(readFileSync(values.replay, "utf8")));
        process.stdout.write(found === null ? "No promise was broken.\n" : reportCounterexample(found));
        return found !== null;
      }
      const exploration = await explore(lab, start, scope, { mostMs: Number(values.seconds) * 1000 });
      process.stdout.write(reportExploration(exploration, mutation?.name));
      if (exploration.counterexample !== null) {
        const shortest = await findShortest(lab, start, scope);
        process.stdout.write(reportCounterexample(shortest ?? exploration.counterexample));
      }
      return exploration.counterexample !== null;
    } finally {
      await lab.close();
    }
  } finally {
    await withAdmin(serverUrl, (client) => client.query(`drop database if exists ${database} with (force)`));
  }
}

function scopeOf(mutation: Mutation): Scope {
  const scope = CI_SCOPES.find(({ name }) => name === mutation.scope);
  if (scope === undefined) {
    throw new Error(`There is no scope "${mutation.scope}".`);
  }
  return scope;
}
