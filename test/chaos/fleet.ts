import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { WorkerSettings } from "./workerProgram.ts";

const PROGRAM = fileURLToPath(new URL("workerProgram.ts", import.meta.url));
const CONCURRENCY = 10;
/** A worker that does not stop within its grace and what follows. */
const STOP_WITHIN_MS = 20_000;

/** One of the run's workers: its process comes and goes, its proxy stays. */
export interface Slot {
  readonly number: number;
  readonly proxy: FaultProxy;
  /** The name in the ledger of the process that runs now, or ran last. */
  readonly process: () => string;
  readonly isUp: () => boolean;
  /** Whether it has the second version of `chaos_versioned`; from its next start on if changed. */
  isSecondVersion: boolean;
}

/** How a process ended that nobody had told to. */
export interface UnaskedExit {
  readonly process: string;
  readonly atMs: number;
  readonly how: string;
}

/** The workers of a run. */
export interface Fleet {
  readonly slots: readonly Slot[];
  /** Ends of processes that neither we nor a task of theirs killed. */
  readonly unaskedExits: readonly UnaskedExit[];
  /** Stops by SIGTERM that took too long or did not end with status 0. */
  readonly badStops: readonly UnaskedExit[];
  /** When which process was killed, by us or by a task. */
  readonly kills: readonly { readonly process: string; readonly atMs: number }[];
  signal(slot: Slot, signal: NodeJS.Signals): void;
  /** By SIGKILL; it is started again after a pause. */
  kill(slot: Slot): Promise<void>;
  /** By SIGTERM, and waits for the end; the next one is up when this resolves. */
  replace(slot: Slot): Promise<void>;
  /** Keeps the event loop of a worker busy. */
  block(slot: Slot, blockMs: number): void;
  /** Waits until every slot has a worker that is ready. */
  allUp(): Promise<void>;
  stopAll(): Promise<void>;
  /** At once, whatever they do. */
  killAll(): Promise<void>;
}

interface Life {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  isExpectedToEnd: boolean;
  isReady: boolean;
}

/** Starts the workers, each through a proxy of its own, and keeps them running. */
export async function startFleet(options: {
  readonly size: number;
  readonly url: string;
  readonly folder: string;
  readonly ledger: Ledger;
  readonly random: Random;
}): Promise<Fleet> {
  const { size, url, folder, ledger, random } = options;
  const folders = { ledger: join(folder, "ledger"), logs: join(folder, "logs"), poison: join(folder, "poison") };
  const lives = new Map<Slot, Life>();
  const unaskedExits: UnaskedExit[] = [];
  const badStops: UnaskedExit[] = [];
  const kills: { process: string; atMs: number }[] = [];
  let generation = 0;
  let isEnding = false;
  for (const each of Object.values(folders)) {
    mkdirSync(each, { recursive: true });
  }

  function begin(slot: Slot): void {
    const name = `${slot.number}-${++generation}`;
    const settings: WorkerSettings = {
      connectionString: slot.proxy.url,
      ledgerFile: join(folders.ledger, `${name}.jsonl`),
      logFile: join(folders.logs, `${name}.log`),
      poisonFolder: folders.poison,
      concurrency: CONCURRENCY,
      isSecondVersion: slot.isSecondVersion,
    };
    const output = openSync(join(folders.logs, `${name}.out`), "a");
    const child = spawn(process.execPath, ["--conditions=ratchet-source", PROGRAM, JSON.stringify(settings)], {
      stdio: ["ignore", output, output, "ipc"],
    });
    closeSync(output);
    const life: Life = { name, child, ended: once(child, "exit"), isExpectedToEnd: false, isReady: false };
    lives.set(slot, life);
    child.on("message", () => {
      life.isReady = true;
    });
    // A message to a process that is being killed.
    child.on("error", () => {});
    child.once("exit", (status, endedBy) => {
      ledger.refresh();
      ledger.bury(name);
      const atMs = Date.now();
      const isPoisoned = endedBy === "SIGKILL" && hasKilledItself(name);
      if (endedBy === "SIGKILL" && (isPoisoned || life.isExpectedToEnd)) {
        kills.push({ process: name, atMs });
      } else if (!life.isExpectedToEnd && life.isReady) {
        unaskedExits.push({ process: name, atMs, how: endedBy ?? `status ${status}` });
      }
      if (lives.get(slot) === life) {
        void beginAgain(slot);
      }
    });
  }

  function hasKilledItself(name: string): boolean {
    return ledger.entries.some((entry) => entry.process === name && entry.event === "poison");
  }

  async function beginAgain(slot: Slot): Promise<void> {
    await sleep(random.int(0, 3000));
    if (!isEnding) {
      begin(slot);
    }
  }

  function signal(slot: Slot, name: NodeJS.Signals): void {
    lives.get(slot)?.child.kill(name);
  }

  async function stop(slot: Slot): Promise<void> {
    const life = lives.get(slot);
    if (life === undefined || life.child.exitCode !== null || life.child.signalCode !== null) {
      return;
    }
    life.isExpectedToEnd = true;
    lives.delete(slot);
    const { child, name } = life;
    child.kill("SIGTERM");
    const isInTime = await Promise.race([life.ended.then(() => true), sleep(STOP_WITHIN_MS, false, { ref: false })]);
    if (!isInTime) {
      badStops.push({ process: name, atMs: Date.now(), how: `still there ${STOP_WITHIN_MS} ms after SIGTERM` });
      child.kill("SIGKILL");
      await life.ended;
    } else if (child.exitCode !== 0 && !hasKilledItself(name)) {
      badStops.push({ process: name, atMs: Date.now(), how: child.signalCode ?? `status ${child.exitCode}` });
    }
  }

  const slots = await Promise.all(
    Array.from({ length: size }, async (_, number): Promise<Slot> => {
      const proxy = await startFaultProxy(url);
      const slot: Slot = {
        number,
        proxy,
        process: () => lives.get(slot)?.name ?? "",
        isUp: () =>
          lives.get(slot)?.isReady === true &&
          lives.get(slot)?.child.exitCode === null &&
          lives.get(slot)?.child.signalCode === null,
        isSecondVersion: number % 2 === 1,
      };
      return slot;
    }),
  );
  for (const slot of slots) {
    begin(slot);
  }

  return {
    slots,
    unaskedExits,
    badStops,
    kills,
    signal,
    async kill(slot) {
      const life = lives.get(slot);
      if (life !== undefined) {
        life.isExpectedToEnd = true;
        life.child.kill("SIGKILL");
        await life.ended;
      }
    },
    async replace(slot) {
      await stop(slot);
      if (!isEnding && !lives.has(slot)) {
        begin(slot);
        await until(() => slot.isUp());
      }
    },
    block(slot, blockMs) {
      const child = lives.get(slot)?.child;
      if (child?.connected === true) {
        child.send({ blockMs });
      }
    },
    allUp: () => until(() => slots.every((slot) => slot.isUp())),
    async stopAll() {
      isEnding = true;
      await Promise.all(slots.map(stop));
      await Promise.all(slots.map(({ proxy }) => proxy.close()));
    },
    async killAll() {
      isEnding = true;
      const living = [...lives.values()].filter(({ child }) => child.exitCode === null && child.signalCode === null);
      for (const { child } of living) {
        child.kill("SIGKILL");
      }
      await Promise.all(living.map(({ ended }) => ended));
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadlineMs) {
      throw new Error("The workers were not ready within a minute.");
    }
    await sleep(20);
  }
}
