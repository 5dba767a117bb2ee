import { afterAll, beforeAll, expect, test } from "vitest";

import { addJob, addSingle } from "../sql/fixtures.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { useServer } from "./server.ts";
import { useStreams } from "./streams.ts";

interface JobData {
  readonly jobChanged: { readonly status: string } | null;
}

const JOB = "subscription ($id: BigInt!) { jobChanged(id: $id) { status } }";

const bench = useServer();
const subscribe = useStreams();
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await startFaultProxy(bench.sql.url());
});

afterAll(() => proxy.close());

test("while Postgres cannot be reached a stream says so once; then it goes on with the state as it is", async () => {
  const server = await bench.start({ connectionString: proxy.url, rereadMs: 50 });
  const job = await addSingle(bench.sql);
  const stream = subscribe<JobData>(server, JOB, { id: job.id });
  await stream.until(({ data }) => data?.jobChanged?.status === "PENDING");
  await proxy.set({ kind: "refuse" });
  await proxy.set({ kind: "reset" });
  await proxy.set({ kind: "refuse" });
  const trouble = await stream.until(({ errors }) => errors !== undefined);
  expect(trouble.errors).toMatchObject([{ extensions: { code: "RT101", retryable: true } }]);
  await bench.sql.rows("select ratchet.cancel_job($1)", [job.id]);
  await proxy.heal();
  await stream.until(({ data }) => data?.jobChanged?.status === "CANCELLED");
  expect(
    stream.snapshots.map(({ data, errors }) => errors?.[0]?.extensions?.["code"] ?? data?.jobChanged?.status),
  ).toStrictEqual(["PENDING", "RT101", "CANCELLED"]);
});

test("a client that reads too slowly is told to subscribe again", async () => {
  const server = await bench.start({ socketLimits: { sendTimeoutMs: 1 } });
  const text = "x".repeat(900_000);
  for (let count = 0; count < 20; count++) {
    await addJob(bench.sql.pool(), { identifier: "single", tenant: "large", payload: { text } });
  }
  const stream = subscribe(
    server,
    `subscription { jobsChanged(first: 20, filter: { tenant: { equalTo: "large" } }) { nodes { payload } } }`,
  );
  expect(await stream.ended).toMatchObject({ code: 1013, reason: expect.stringContaining("too slowly") });
});
