import { afterAll, beforeAll, expect, test } from "vitest";

import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { type Fault, expectToSurvive, pause } from "./faultRun.ts";
import { type FaultyServer, startFaultyServer } from "./faultyServer.ts";
import { type WorkerProcess, startWorkerProcess } from "./workerProcess.ts";

let server: FaultyServer;
let proxy: FaultProxy;
// One process lives through all of it.
let worker: WorkerProcess;

beforeAll(async () => {
  server = await startFaultyServer();
  proxy = await startFaultProxy(server.url);
  worker = await startWorkerProcess(proxy.url);
});

afterAll(async () => {
  await worker.remove();
  await proxy.close();
  await server.remove();
});

const FAULTS: readonly Fault[] = [
  {
    name: "every connection reset",
    strike: () => proxy.set({ kind: "reset" }),
    kinds: ["unreachable"],
  },
  {
    name: "connections reset and refused for a while",
    strike: async () => {
      await proxy.set({ kind: "refuse" });
      await proxy.set({ kind: "reset" }, "live");
      await pause(2000);
      await proxy.heal();
    },
    kinds: ["unreachable"],
  },
  {
    name: "200 ms each way",
    strike: async () => {
      await proxy.set({ kind: "delay", delayMs: 200 });
      await pause(3000);
      await proxy.heal();
    },
    kinds: [],
  },
  {
    name: "20 kB a second",
    strike: async () => {
      await proxy.set({ kind: "throttle", bytesPerSecond: 20_000 });
      await pause(3000);
      await proxy.heal();
    },
    kinds: [],
  },
  {
    name: "a network that is away for 5 s and delivers late",
    strike: async () => {
      await proxy.set({ kind: "swallow" });
      await pause(5000);
      await proxy.heal();
    },
    kinds: ["unreachable"],
  },
  {
    name: "a firewall that forgets all connections without a word",
    strike: () => proxy.set({ kind: "forget" }, "live"),
    kinds: ["unreachable"],
    carriesOnWithinMs: 40_000,
  },
  {
    name: "sessions that end without the worker being told",
    strike: () => proxy.set({ kind: "halfOpen", closedSide: "server" }),
    kinds: ["unreachable"],
    carriesOnWithinMs: 40_000,
  },
  {
    name: "connections that end without Postgres being told",
    strike: () => proxy.set({ kind: "halfOpen", closedSide: "client" }),
    kinds: ["unreachable"],
    carriesOnWithinMs: 40_000,
  },
  {
    name: "a network that swallows everything for half a minute",
    strike: async () => {
      await proxy.set({ kind: "swallow" });
      await proxy.set({ kind: "forget" }, "live");
      await pause(30_000);
      await proxy.heal();
    },
    // The proxy answers for TCP, so Postgres keeps the sessions of before.
    kinds: ["unreachable", "full"],
  },
];

test.each(FAULTS)(
  "a worker goes on by itself after $name",
  async (fault) => {
    await expectToSurvive(server, worker, fault);
    expect(worker.child.exitCode).toBeNull();
  },
  120_000,
);
