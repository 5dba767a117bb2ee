import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { RATCHET_VERSION } from "../../src/engine/version.ts";
import { countAll } from "./counts/counts.ts";
import { REVEALING_FAULTS } from "./mutations.ts";
import { seldomHit } from "./counts/measures.ts";
import { readEvidence } from "./evidence.ts";
import { runningEverywhere } from "./faults/fault.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { openLedger } from "./ledger.ts";
import { startLoad } from "./load.ts";
import { countLogLines } from "./logLines.ts";
import type { ChaosOptions } from "./options.ts";
import { type Postgres, startOwnPostgres } from "./postgres.ts";
import { createRandom } from "./random.ts";
import type { RunResult } from "./report.ts";
import { startFaults } from "./schedule.ts";
import { installSchema } from "./schema.ts";

const WORKERS = 4;
const FINAL_WITHIN_MS = 60_000;
const PROGRESS_EVERY_MS = 10_000;
/** Until every class has hit as often as asked for, faults go on for so much longer at most. */
const MOST_TIMES_LONGER = 4;

/**
 * Runs workers under faults and counts what went wrong.
 * @throws when the signal is aborted, after everything it started is gone.
 */
export async function runChaos(
  options: ChaosOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const startedAtMs = Date.now();
  const random = createRandom(options.seed);
  const postgres = await startOwnPostgres();
  const cleanUps: (() => unknown)[] = [() => postgres.remove()];
  try {
    const schema = await installSchema(postgres.admin, postgres.folder, options.without);
    const ledgerFolder = join(postgres.folder, "ledger");
    mkdirSync(ledgerFolder);
    const ledger = openLedger(ledgerFolder);
    cleanUps.push(() => {
      ledger.close();
    });
    const fleet = await startFleet({
      size: WORKERS,
      url: postgres.url,
      folder: postgres.folder,
      ledger,
      random: random.fork(),
    });
    cleanUps.push(() => fleet.killAll());
    await fleet.allUp();
    const load = startLoad(postgres, random.fork(), options.unfinished);
    cleanUps.push(() => load.stop());
    const target = { postgres, schema, fleet, ledger, load };
    await until(() => runningEverywhere(target).length >= 10);

    print(`${WORKERS} workers are up; faults for ${options.seconds} s, drawn from seed ${options.seed}.`);
    const only = options.only ?? (options.without === null ? null : REVEALING_FAULTS[options.without]);
    const schedule = startFaults(target, {
      random: random.fork(),
      seconds: options.seconds,
      isWanted: (name) => only?.some((text) => name.includes(text)) ?? true,
    });
    const evidenceSoFar = { strikes: schedule.strikes };
    const fromMs = Date.now();
    const isOver = (): boolean => {
      const tookMs = Date.now() - fromMs;
      const isEnough = seldomHit(evidenceSoFar, schedule.classes, options.hits).length === 0;
      return tookMs >= options.seconds * 1000 * (isEnough ? 1 : MOST_TIMES_LONGER);
    };
    let toldMs = fromMs;
    while (!isOver()) {
      await sleep(200, undefined, { signal });
      if (Date.now() - toldMs > PROGRESS_EVERY_MS) {
        toldMs = Date.now();
        const hits = schedule.strikes.filter((strike) => strike.hits > 0).length;
        const seconds = Math.round((toldMs - fromMs) / 1000);
        print(`${seconds} s: ${load.added.size} jobs, ${hits} faults, ${fleet.kills.length} processes killed`);
      }
    }
    await load.stop();
    await schedule.stop();
    await postgres.start();
    await fleet.allUp();
    const finalAfterMs = await untilFinal(postgres, fleet, signal);
    print(
      finalAfterMs === null ? "Not all jobs are final." : `All jobs are final ${finalAfterMs} ms after the last fault.`,
    );
    await fleet.stopAll();
    ledger.refresh();

    const evidence = await readEvidence(postgres.admin, {
      entries: ledger.entries,
      strikes: schedule.strikes,
      load,
      fleet,
    });
    const { rows } = await postgres.admin.query<{ server_version: string }>("show server_version");
    return {
      options,
      evidence,
      counts: [
        ...countAll(evidence),
        {
          name: `fault classes that hit running tasks fewer than ${options.hits} times`,
          findings: seldomHit(evidence, schedule.classes, options.hits),
        },
      ],
      classes: schedule.classes,
      impossible: schedule.impossible,
      versions: { ratchet: RATCHET_VERSION, postgres: rows[0]?.server_version ?? "" },
      tookMs: Date.now() - startedAtMs,
      finalAfterMs,
      logLines: countLogLines(join(postgres.folder, "logs"), schedule.strikes.length),
    };
  } finally {
    for (const cleanUp of options.keep ? cleanUps.slice(1).toReversed() : cleanUps.toReversed()) {
      await cleanUp();
    }
    if (options.keep) {
      print(`Kept: ${postgres.folder}`);
      await postgres.admin.end();
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await sleep(20);
  }
}

/**
 * Waits until no job is unfinished; resolves to the time since the last fault, or to null after a minute. A job that kills
 * its process again is a fault too.
 */
async function untilFinal(postgres: Postgres, fleet: Fleet, signal: AbortSignal): Promise<number | null> {
  const healedMs = Date.now();
  const lastFaultMs = (): number => Math.max(healedMs, ...fleet.kills.map(({ atMs }) => atMs));
  while (Date.now() < lastFaultMs() + FINAL_WITHIN_MS) {
    const unfinished = await postgres.answer(async (admin) => {
      const { rows } = await admin.query<{ count: number }>(
        "select count(*)::integer as count from ratchet.jobs where finished_at is null",
      );
      return rows[0]?.count;
    });
    if (unfinished === 0) {
      return Date.now() - lastFaultMs();
    }
    await sleep(100, undefined, { signal });
  }
  return null;
}
