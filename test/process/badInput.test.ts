import { expect, test } from "vitest";

import { waitUntil } from "../support/waiting.ts";
import { createWorkerProcesses } from "./workerProcesses.ts";

const workers = createWorkerProcesses();

test("a rejection that a handler leaves behind is logged; the process and the jobs beside it live on", async () => {
  workers.task(
    "careless",
    `export default defineJob().task("only", () => {
  void Promise.reject(new Error("left behind"));
  void Promise.reject("left behind, too");
  note("careless");
});`,
  );
  workers.task(
    "beside",
    `export default defineJob().task("only", async () => {
  note("beside begins");
  while (!existsSync(new URL("../go", import.meta.url))) await pause(10);
  note("beside ends " + process.pid);
});`,
  );
  const worker = workers.start();
  await worker.printed('"worker started"');
  const beside = await workers.add("beside");
  await waitUntil(() => workers.ledger().includes("beside begins"));
  const careless = await workers.add("careless");
  await worker.printed("left behind, too");
  workers.touch("go");
  expect((await workers.ended(careless)).status).toBe("COMPLETED");
  expect((await workers.ended(beside)).status).toBe("COMPLETED");
  expect(workers.ledger()).toContain(`beside ends ${worker.child.pid}`);
  const line = worker
    .output()
    .split("\n")
    .find((each) => each.includes('"left behind"'));
  expect(JSON.parse(line ?? "{}")).toMatchObject({
    level: "error",
    errorName: "Error",
    errorMessage: "left behind",
    msg: expect.stringContaining("nobody handled it"),
  });
  worker.child.kill("SIGTERM");
  expect(await worker.ended).toBe(0);
});

test("a file that throws on import keeps the worker from starting: it says so, registers nothing, and ends", async () => {
  workers.task("broken", "throw new Error('no such setting');");
  workers.task("fine", 'export default defineJob().task("only", () => {});');
  const worker = workers.start();
  expect(await worker.ended).not.toBe(0);
  expect(worker.errors()).toContain("RT111");
  expect(worker.errors()).toContain("no such setting");
  expect(await workers.rows("select identifier from ratchet.definitions")).toStrictEqual([]);
});
