import { type FaultClass, type WorkerTarget, lasting, runningOn } from "./fault.ts";

function frozen(name: string, lowestMs: number, highestMs: number): FaultClass<WorkerTarget> {
  return {
    name,
    async strike(target, random) {
      const { fleet, slot } = target;
      const hits = runningOn(target).length;
      fleet.signal(slot, "SIGSTOP");
      await lasting(random, lowestMs, highestMs);
      fleet.signal(slot, "SIGCONT");
      return hits;
    },
  };
}

/** What happens to processes. */
export const PROCESS_FAULTS: readonly FaultClass<WorkerTarget>[] = [
  {
    name: "worker killed (SIGKILL)",
    async strike(target) {
      const hits = runningOn(target).length;
      await target.fleet.kill(target.slot);
      return hits;
    },
  },
  {
    name: "job that kills its process",
    async strike(target, random) {
      await target.load.addPoison();
      const before = target.fleet.kills.length;
      const giveUpMs = Date.now() + 6000;
      while (target.fleet.kills.length === before && Date.now() < giveUpMs) {
        await lasting(random, 20, 40);
      }
      const kill = target.fleet.kills[before];
      target.ledger.refresh();
      return kill === undefined ? 0 : runningAt(target, kill.process);
    },
  },
  frozen("worker frozen for 1 to 5 s", 1000, 5000),
  frozen("worker frozen for 17 to 25 s", 17_000, 25_000),
  {
    name: "event loop blocked for 3 to 12 s",
    async strike(target, random) {
      const hits = runningOn(target).length;
      const blockMs = random.int(3000, 12_000);
      target.fleet.block(target.slot, blockMs);
      await lasting(random, blockMs, blockMs + 200);
      return hits;
    },
  },
  {
    name: "worker replaced (SIGTERM)",
    async strike(target) {
      const hits = runningOn(target).length;
      await target.fleet.replace(target.slot);
      return hits;
    },
  },
  {
    name: "worker replaced by one with other definitions",
    async strike(target) {
      const { fleet, slot } = target;
      const hits = runningOn(target).length;
      // Both versions always have somebody who knows them.
      const others = fleet.slots.filter((other) => other !== slot && other.isSecondVersion === slot.isSecondVersion);
      if (others.length > 0) {
        slot.isSecondVersion = !slot.isSecondVersion;
      }
      await fleet.replace(slot);
      return others.length > 0 ? hits : 0;
    },
  },
];

/** Handlers begun by a process that is gone, and never ended. */
function runningAt({ ledger }: WorkerTarget, process: string): number {
  const open = new Set<string>();
  for (const { event, jobId, position, fence } of ledger.entries.filter((entry) => entry.process === process)) {
    const key = `${jobId} ${position} ${fence}`;
    if (event === "start") {
      open.add(key);
    } else if (event === "end" || event === "throw" || event === "abort") {
      open.delete(key);
    }
  }
  return open.size;
}
