import { expect, test } from "vitest";

import type { RunningCommand } from "../support/command.ts";
import { startFaultProxy } from "../support/faultProxy.ts";
import { waitUntil } from "../support/waiting.ts";
import { createWorkerProcesses } from "./workerProcesses.ts";

const workers = createWorkerProcesses();

/** Three tasks; the second waits for the file `go`, and ignores its signal. */
const THREE = `export default defineJob()
  .task("first", () => note("first " + process.pid))
  .task("second", async () => {
    note("second begins " + process.pid);
    while (!existsSync(new URL("../go", import.meta.url))) await pause(10);
    note("second ends " + process.pid);
  })
  .task("third", () => note("third " + process.pid));`;

async function begin(version = "tasks", settings: NodeJS.ProcessEnv = {}): Promise<RunningCommand> {
  const worker = workers.start(settings, { version });
  await worker.printed('"worker started"');
  return worker;
}

async function noted(line: string | RegExp, timeoutMs = 20_000): Promise<string> {
  return waitUntil(
    () => workers.ledger().find((each) => (typeof line === "string" ? each === line : line.test(each))),
    {
      timeoutMs,
      what: () => `${String(line)} in ${workers.ledger().join(", ")}`,
    },
  );
}

function deaths(jobId: string) {
  return workers.rows<{ key: string; deaths: number; attempts: number; status: string }>(
    "select key, deaths, attempts, status from ratchet.tasks where job_id = $1 order by position",
    [jobId],
  );
}

/** Until this worker judges others. */
async function judges(): Promise<void> {
  await waitUntil(
    async () =>
      (
        await workers.rows<{ old: boolean }>(
          "select bool_and(started_at < clock_timestamp() - interval '11 s') as old from ratchet.workers where stopped_at is null",
        )
      )[0]?.old,
    { what: "workers that are ten seconds old" },
  );
}

test("a worker is killed: its job goes on at the task it was in on another one, without anybody's help", async () => {
  workers.task("three", THREE);
  const both = await Promise.all([begin(), begin()]);
  const jobId = await workers.add("three");
  const pid = Number((await noted(/^second begins/v)).split(" ")[2]);
  const [killed, left] = both[0].child.pid === pid ? both : [both[1], both[0]];
  await judges();
  killed.child.kill("SIGKILL");
  await noted(`second begins ${left.child.pid}`);
  workers.touch("go");
  expect((await workers.ended(jobId)).status).toBe("COMPLETED");
  expect(workers.ledger()).toStrictEqual([
    `first ${pid}`,
    `second begins ${pid}`,
    `second begins ${left.child.pid}`,
    `second ends ${left.child.pid}`,
    `third ${left.child.pid}`,
  ]);
  expect(await deaths(jobId)).toMatchObject([
    { key: "first", deaths: 0, attempts: 1 },
    { key: "second", deaths: 1, attempts: 1 },
    { key: "third", deaths: 0, attempts: 1 },
  ]);
  expect(left.output().match(/"a worker died; its jobs go on"/gv)).toHaveLength(1);
  expect(
    await workers.rows(
      "select d.pid, r.pid as rescuer from ratchet.workers d join ratchet.workers r on r.id = d.rescued_by",
    ),
  ).toStrictEqual([{ pid, rescuer: left.child.pid }]);
  expect(await workers.rows("select * from ratchet.violations")).toStrictEqual([]);
}, 120_000);

test("frozen and cut off for 15 s is dead, and what it writes afterwards changes nothing; a blocked event loop is not", async () => {
  for (const name of ["frozen", "cutoff"]) {
    workers.task(name, THREE, name);
    workers.task(name, THREE, "observer");
  }
  const BLOCKING = `export default defineJob().task("only", async () => {
    note("blocks " + process.pid);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
    note("blocked " + process.pid);
  });`;
  workers.task("blocking", BLOCKING, "blocking");
  workers.task("blocking", BLOCKING, "observer");
  const proxy = await startFaultProxy(workers.database().url);
  try {
    const [frozen, cutOff, blocking] = await Promise.all([
      begin("frozen"),
      begin("cutoff", { DATABASE_URL: proxy.url }),
      begin("blocking"),
    ]);
    const jobs = { frozen: await workers.add("frozen"), cutOff: await workers.add("cutoff"), blocking: "" };
    for (const { child } of [frozen, cutOff]) {
      await noted(`second begins ${child.pid}`);
    }
    const observer = await begin("observer");
    await judges();
    jobs.blocking = await workers.add("blocking");
    const blocksAt = await noted(/^blocks/v);
    frozen.child.kill("SIGSTOP");
    await proxy.set({ kind: "swallow" });
    await waitUntil(
      () => workers.ledger().filter((line) => line === `second begins ${observer.child.pid}`).length === 2,
      { what: () => `two rescued jobs: ${observer.output()}` },
    );
    expect(await deaths(jobs.frozen)).toMatchObject([{ deaths: 0 }, { deaths: 1 }, { deaths: 0 }]);

    frozen.child.kill("SIGCONT");
    await proxy.heal();
    workers.touch("go");
    for (const { child } of [frozen, cutOff, observer]) {
      await noted(`second ends ${child.pid}`);
    }
    for (const id of [jobs.frozen, jobs.cutOff]) {
      expect((await workers.ended(id)).status).toBe("COMPLETED");
      expect(await deaths(id)).toMatchObject([{ attempts: 1 }, { attempts: 1 }, { attempts: 1 }]);
    }
    expect(workers.ledger().filter((line) => line.startsWith("third"))).toStrictEqual([
      `third ${observer.child.pid}`,
      `third ${observer.child.pid}`,
    ]);
    for (const revived of [frozen, cutOff]) {
      await revived.printed('"this worker was taken for dead; it has dropped its jobs and goes on"');
    }
    expect((await workers.ended(jobs.blocking)).status).toBe("COMPLETED");
    expect(await deaths(jobs.blocking)).toMatchObject([{ deaths: 0, attempts: 1 }]);
    // Whichever of the two took it.
    expect([blocking, observer].map(({ child }) => `blocks ${child.pid}`)).toContain(blocksAt);
    await waitUntil(
      async () => (await workers.rows("select from ratchet.workers where stopped_at is null")).length === 4,
      { what: "four live workers" },
    );
    expect(await workers.rows("select * from ratchet.violations")).toStrictEqual([]);

    // Both go on under their numbers.
    const after = await Promise.all([workers.add("frozen"), workers.add("cutoff")]);
    for (const id of after) {
      expect((await workers.ended(id)).status).toBe("COMPLETED");
    }
  } finally {
    await proxy.close();
  }
}, 120_000);

test("a job that kills its process every time fails for good, and those beside it do not", async () => {
  workers.task(
    "poison",
    `export default defineJob({ retry: { maxAttempts: 2, delay: "50 ms" } }).task("only", async () => {
      note("poison"); await pause(100); process.kill(process.pid, "SIGKILL"); await pause(10_000); });`,
  );
  workers.task(
    "innocent",
    `export default defineJob({ retry: { maxAttempts: 1 } }).task("only", async () => { await pause(150); });`,
  );
  let worker = await begin();
  const started = [worker];
  const innocent = await Promise.all(Array.from({ length: 8 }, () => workers.add("innocent")));
  const poison = await workers.add("poison", {}, { priority: -1 });
  const poisonEnd = workers.ended(poison);
  const isOver = poisonEnd.then(() => true);
  // A process manager.
  while (!(await Promise.race([isOver, worker.ended.then(() => false)]))) {
    worker = workers.start();
    started.push(worker);
  }
  expect((await poisonEnd).status).toBe("FAILED");
  for (const id of innocent) {
    expect((await workers.ended(id)).status).toBe("COMPLETED");
  }
  expect(workers.ledger().filter((line) => line === "poison")).toHaveLength(4);
  expect(
    await workers.rows("select counted, error_code from ratchet.task_failures where job_id = $1 order by id", [poison]),
  ).toStrictEqual([
    { counted: false, error_code: "RT021" },
    { counted: false, error_code: "RT021" },
    { counted: true, error_code: "RT021" },
    { counted: true, error_code: "RT021" },
  ]);
  // Its process cannot tell, so whoever finds it dead does.
  const told = (): string => started.map(({ output }) => output()).join("");
  await waitUntil(() => /"errorCode":"RT021".*"msg":"task failed for good"/v.test(told()), { what: "the last word" });
  expect(await workers.rows("select * from ratchet.violations")).toStrictEqual([]);
}, 180_000);
