/**
 * The benchmark: `npm run bench -- [--quick] [--only workload,peer,…] [--rounds N] [--scale SHARE] [--json FILE]
 * [--markdown FILE] [--absurd-sql FILE]`, or `--publish FILE` to write the documents from an earlier run's JSON.
 * `npm run bench -- graphql` measures the GraphQL API alone, `npm run bench -- dashboard` the dashboard in a browser.
 * docs/benchmarks.md says more.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { setAbsurdSqlFile } from "./environment.ts";
import { measureDashboard } from "./dashboard/dashboardBench.ts";
import { measureGraphql } from "./graphql/graphqlBench.ts";
import { installPeers } from "./install.ts";
import { measureLimits } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import type { Peer } from "./peer.ts";
import { loadPeer, needsInstallation, PEER_NAMES } from "./peers/index.ts";
import { reportMarkdown } from "./report/markdown.ts";
import { publish } from "./report/publish.ts";
import { type Report, ratiosOf, type WorkloadReport } from "./report/report.ts";
import { measureWorkload } from "./rounds.ts";
import { startBenchServer } from "./server.ts";
import type { Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads/index.ts";

const OWN = ["ratchet-tuned", "ratchet"];
const FULL = { rounds: 3, scale: 0.7, manyJobs: 1_000_000 };
const QUICK = { rounds: 1, scale: 0.2, manyJobs: 50_000 };
/** What the dashboard is measured with. */
const FEW_JOBS = [{ jobs: 100_000, hours: 1 }];
const MANY_JOBS = [...FEW_JOBS, { jobs: 1_000_000, hours: 24 }, { jobs: 1_000_000, hours: 1 }];
/** How long each limit of Postgres is measured at the scale 1. */
const LIMIT_SECONDS = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    scale: { type: "string" },
    json: { type: "string" },
    markdown: { type: "string" },
    "absurd-sql": { type: "string" },
    publish: { type: "string" },
  },
});

const part = positionals.join(" ");
if (part === "graphql") {
  await measureGraphql({ rounds: Number(values.rounds ?? 3), seconds: values.quick ? 2 : 5 });
} else if (part === "dashboard") {
  await measureDashboard({ rounds: Number(values.rounds ?? 5), amounts: values.quick ? FEW_JOBS : MANY_JOBS });
} else if (part !== "") {
  throw new Error(`The benchmark knows graphql and dashboard besides its options; not ${part}.`);
} else if (values.publish === undefined) {
  await measure();
} else {
  publish(JSON.parse(readFileSync(values.publish, "utf8")) as Report);
}

async function measure(): Promise<void> {
  const usual = values.quick ? QUICK : FULL;
  const scale = Number(values.scale ?? usual.scale);
  const manyJobs = Math.round((usual.manyJobs * scale) / usual.scale);
  const rounds = Number(values.rounds ?? usual.rounds);
  const { workloads, names } = chosen();
  if (values["absurd-sql"] !== undefined) {
    setAbsurdSqlFile(resolve(values["absurd-sql"]));
  }
  if (names.some((name) => needsInstallation(name))) {
    installPeers();
  }
  const { peers, skipped } = await usable(names);
  const failed: string[] = [];
  function fail(what: string, error: unknown): void {
    const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    failed.push(reason);
    process.exitCode = 1;
    process.stderr.write(`FAILED ${reason}\n`);
  }
  const beganMs = Date.now();
  const server = await startBenchServer();
  try {
    const machine = await describeMachine(server, peers);
    const limits = await measureLimits(server, Math.max(0.3, LIMIT_SECONDS * scale));
    const measured: Record<string, WorkloadReport> = {};
    for (const workload of workloads) {
      try {
        measured[workload.name] = await measureWorkload(workload, { server, peers, scale, manyJobs }, rounds, fail);
      } catch (error) {
        fail(workload.name, error);
      }
    }
    write({
      at: new Date().toISOString(),
      took: `${((Date.now() - beganMs) / 60_000).toFixed(1)} min`,
      quick: values.quick,
      rounds,
      machine,
      limits,
      peers: peers.map(({ title, about }) => ({ title, about })),
      workloads: measured,
      ratios: ratiosOf(measured, OWN),
      defaultRatios: ratiosOf(measured, ["ratchet"]),
      skipped: [...skipped, ...failed],
    });
  } finally {
    await server.stop();
  }
}

function write(report: Report): void {
  const markdown = reportMarkdown(report);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (values.markdown !== undefined) {
    writeFileSync(values.markdown, `${markdown}\n`);
  }
  process.stdout.write(`${markdown}\n`);
}

/** What `--only` names: workloads, peers or both; Ratchet stays, or there would be no ratio. */
function chosen(): { workloads: readonly Workload[]; names: readonly string[] } {
  const only = values.only.split(",").filter((name) => name !== "");
  const workloads = WORKLOADS.filter(({ name }) => only.includes(name));
  const names = PEER_NAMES.filter((name) => only.includes(name));
  const unknown = only.filter((name) => !PEER_NAMES.includes(name) && !workloads.some((each) => each.name === name));
  if (unknown.length > 0) {
    const known = [...WORKLOADS.map(({ name }) => name), ...PEER_NAMES];
    throw new Error(`--only knows ${known.join(", ")}; not ${unknown.join(", ")}.`);
  }
  return {
    workloads:
      workloads.length > 0 ? workloads : WORKLOADS.filter(({ fullOnly = false }) => !(values.quick && fullOnly)),
    names: names.length > 0 ? PEER_NAMES.filter((name) => OWN.includes(name) || names.includes(name)) : PEER_NAMES,
  };
}

async function usable(names: readonly string[]): Promise<{ peers: readonly Peer[]; skipped: readonly string[] }> {
  const skipped: string[] = [];
  const peers: Peer[] = [];
  for (const name of names) {
    const peer = await loadPeer(name);
    const reason = (await peer.unavailable?.()) ?? null;
    if (reason === null) {
      peers.push(peer);
    } else {
      skipped.push(reason);
      process.stderr.write(`${reason}\n`);
    }
  }
  return { peers, skipped };
}
