import { startBenchServer } from "../server.ts";
import { withRatchetDatabase } from "../workloads/ratchetDatabase.ts";
import type { ServerKind } from "./program.ts";
import { measureRequests } from "./requests.ts";
import { type SubscriberFigures, measureSubscribers } from "./subscribers.ts";

const JOBS = 10_000;
const SUBSCRIBERS = 1000;
const KINDS: readonly ServerKind[] = ["ratchet", "ratchet-open", "bare-role", "bare"];
const TITLES: Readonly<Record<ServerKind, string>> = {
  ratchet: "Ratchet, with a token, roles and row security",
  "ratchet-open": "Ratchet, without tokens",
  "bare-role": "bare PostGraphile, with a role and row security",
  bare: "bare PostGraphile",
};

/**
 * Measures the GraphQL API and prints it: requests a second for a list of 10 jobs with their tasks, rounds interleaved,
 * beside a bare PostGraphile over the same rows; and what 1,000 subscribers of one process cost.
 */
export async function measureGraphql({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  const server = await startBenchServer();
  try {
    await withRatchetDatabase(server, async (ratchet) => {
      const { database } = ratchet;
      await ratchet.add(JOBS);
      await database.client.query("vacuum analyze");
      const found: Record<ServerKind, number[]> = { ratchet: [], "ratchet-open": [], "bare-role": [], bare: [] };
      for (let round = 0; round < rounds; round++) {
        for (const kind of KINDS) {
          found[kind].push(await measureRequests(kind, database.url, seconds));
        }
      }
      printRequests(found);
      const { rows } = await database.client.query<{ id: string }>("select id from ratchet.jobs order by id limit $1", [
        SUBSCRIBERS,
      ]);
      const jobIds = rows.map(({ id }) => id);
      const pace = { changesPerSecond: 50, seconds };
      printSubscribers("each of a job of its own", await measureSubscribers(database, jobIds, SUBSCRIBERS, pace));
      const one = { changesPerSecond: 1, seconds: Math.max(5, seconds) };
      const ofOne = await measureSubscribers(database, jobIds.slice(0, 1), SUBSCRIBERS, one);
      printSubscribers("all of one job", ofOne);
    });
  } finally {
    await server.stop();
  }
}

function printRequests(found: Readonly<Record<ServerKind, readonly number[]>>): void {
  const bare = median(found.bare);
  const lines = KINDS.map((kind) => {
    const figures = found[kind];
    const range = `${Math.round(Math.min(...figures))}-${Math.round(Math.max(...figures))}`;
    return `| ${TITLES[kind]} | ${Math.round(median(figures))} [${range}] | ${(median(figures) / bare).toFixed(2)} × |`;
  });
  print(["| a list of 10 jobs with their tasks | requests/s | |", "|---|---|---|", ...lines, ""]);
}

function printSubscribers(what: string, figures: SubscriberFigures): void {
  const { subscribers, rssMb, cpuShare, changesPerSecond, delayMs } = figures;
  const [idle, busy] = cpuShare.map((share) => `${(share * 100).toFixed(0)} %`);
  print([
    `${subscribers} subscribers, ${what}:`,
    `- memory of the server ${Math.round(rssMb[0])} MB without, ${Math.round(rssMb[1])} MB with them`,
    `- CPU of the server, of one core: ${idle} while nothing changes, ${busy} at ${changesPerSecond} changes a second`,
    `- commit to client: p50 ${delayMs.p50.toFixed(0)} ms, p99 ${delayMs.p99.toFixed(0)} ms, most ${delayMs.most.toFixed(0)} ms`,
    "",
  ]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

function median(figures: readonly number[]): number {
  return figures.toSorted((left, right) => left - right)[Math.floor(figures.length / 2)] ?? 0;
}
