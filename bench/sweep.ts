/**
 * Finds the best settings of one peer: `npm run sweep -- <peer> [--workload noop|sleeping|single|idle] [--rounds 3]
 * [--jobs N]`. Measures each candidate of the peer's `sweep` in interleaved rounds, as the benchmark does, and prints one
 * Markdown table a workload, the best first. What is chosen is written into the peer's `best` by hand. Absurd needs its SQL
 * file in `ABSURD_SQL`.
 */
import { parseArgs } from "node:util";

import { measureDrain, measureIdle, type Sample } from "./measure.ts";
import { type Peer, type PeerWorkload, type Settings, SHAPES } from "./peer.ts";
import { loadPeer } from "./peers/index.ts";
import { type BenchServer, startBenchServer } from "./server.ts";

interface Candidate {
  readonly settings: Settings;
  readonly samples: Sample[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workload: { type: "string" },
    rounds: { type: "string", default: "3" },
    jobs: { type: "string" },
  },
});
const peer = await loadPeer(positionals[0] ?? "");
const missing = (await peer.unavailable?.()) ?? null;
if (missing === null) {
  const server = await startBenchServer();
  try {
    for (const workload of Object.keys(peer.sweep) as PeerWorkload[]) {
      if (values.workload === undefined || values.workload === workload) {
        report(workload, await sweep(server, peer, workload));
      }
    }
  } finally {
    await server.stop();
  }
} else {
  say(missing);
}

async function sweep(server: BenchServer, { best, jobs, ...rest }: Peer, workload: PeerWorkload): Promise<Candidate[]> {
  const candidates = (rest.sweep[workload] ?? []).map((settings): Candidate => ({ settings, samples: [] }));
  const measure = workload === "idle" ? measureIdle : measureDrain;
  const count = Number(values.jobs ?? jobs[workload]);
  say(`\n${await peer.version()}, ${workload}, ${count} jobs; chosen: ${JSON.stringify(best[workload])}`);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { settings, samples } of candidates) {
      samples.push(await measure(server, peer, { ...SHAPES[workload], jobs: count, settings }));
      process.stderr.write(".");
    }
  }
  return candidates;
}

function report(workload: PeerWorkload, candidates: readonly Candidate[]): void {
  const direction = workload === "idle" ? 1 : -1;
  const sorted = candidates.toSorted((one, other) => direction * (median(one) - median(other)));
  say(
    workload === "idle"
      ? "| settings | p50 ms | lowest - highest |"
      : "| settings | jobs/s | range | CPU ms a job: Node + Postgres |",
  );
  say(workload === "idle" ? "|---|---|---|" : "|---|---|---|---|");
  for (const candidate of sorted) {
    const all = candidate.samples.map(({ value }) => value);
    const range = `${figure(Math.min(...all))} - ${figure(Math.max(...all))}`;
    const cpu = `${leastOf(candidate, "nodeCpuMsPerJob")} + ${leastOf(candidate, "postgresCpuMsPerJob")}`;
    const cells = [JSON.stringify(candidate.settings), figure(median(candidate)), range];
    say(`| ${[...cells, ...(workload === "idle" ? [] : [cpu])].join(" | ")} |`);
  }
}

function median({ samples }: Candidate): number {
  const sorted = samples.map(({ value }) => value).toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The least of all rounds: what others on the machine do only adds to it. */
function leastOf({ samples }: Candidate, detail: string): string {
  return Math.min(...samples.map(({ details }) => details[detail] ?? 0)).toFixed(2);
}

function figure(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
