import type { Fault, FaultScope } from "../../support/faultProxy.ts";
import type { Random } from "../random.ts";
import { type FaultClass, type WorkerTarget, lasting, runningOn } from "./fault.ts";

function network(
  name: string,
  draw: (random: Random) => Fault,
  [lowestMs, highestMs]: readonly [number, number],
  scope: FaultScope = "all",
): FaultClass<WorkerTarget> {
  return {
    name,
    async strike(target, random) {
      const { proxy } = target.slot;
      const hits = runningOn(target).length;
      await proxy.set(draw(random), scope);
      await lasting(random, lowestMs, highestMs);
      await proxy.heal();
      return hits;
    },
  };
}

/** What happens between one worker and Postgres. */
export const NETWORK_FAULTS: readonly FaultClass<WorkerTarget>[] = [
  network("network cut for 1 to 8 s", () => ({ kind: "swallow" }), [1000, 8000]),
  network("network cut for 17 to 25 s", () => ({ kind: "swallow" }), [17_000, 25_000]),
  network("connections reset", () => ({ kind: "reset" }), [100, 1000], "live"),
  network(
    "connections half open",
    (random) => ({ kind: "halfOpen", closedSide: random.pick(["client", "server"]) }),
    [1000, 4000],
    "live",
  ),
  network("slow network", (random) => ({ kind: "delay", delayMs: random.int(20, 400) }), [2000, 6000]),
  {
    name: "connections refused",
    async strike(target, random) {
      const { proxy } = target.slot;
      const hits = runningOn(target).length;
      await proxy.set({ kind: "reset" }, "live");
      await proxy.set({ kind: "refuse" });
      await lasting(random, 1000, 6000);
      await proxy.heal();
      return hits;
    },
  },
];
