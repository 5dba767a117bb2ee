import { describe, expect, test } from "vitest";

import { addPublish, addSingle, addWorker, claimOne, completeTasks, withSession } from "../sql/fixtures.ts";
import { waitUntil } from "../support/waiting.ts";
import { useServer } from "./server.ts";
import { type Snapshot, type Stream, useStreams } from "./streams.ts";

interface JobData {
  readonly jobChanged: {
    readonly status: string;
    readonly finishedTaskCount: number;
    readonly tasks: { readonly nodes: readonly { readonly status: string }[] };
  } | null;
}

interface ListData {
  readonly jobsChanged: { readonly nodes: readonly { readonly id: string; readonly status: string }[] };
}

const JOB = `subscription ($id: BigInt!) {
  jobChanged(id: $id) { status finishedTaskCount tasks { nodes { status } } }
}`;
const LIST = `subscription ($tenant: String!) {
  jobsChanged(first: 5, filter: { tenant: { equalTo: $tenant } }) { nodes { id status } }
}`;

// Nothing is read again by itself within a test, unless it says so.
const bench = useServer({ rereadMs: 3_600_000 });
const subscribe = useStreams();

function announce(...ids: readonly string[]): Promise<unknown> {
  return bench.sql.rows("select ratchet_private.announce($1)", [ids]);
}

function watchJob(id: string): Stream<JobData> {
  return subscribe<JobData>(bench.server(), JOB, { id });
}

function hasStatus(status: string): (snapshot: Snapshot<JobData>) => boolean {
  return ({ data }) => data?.jobChanged?.status === status;
}

function idsOf({ data }: Snapshot<ListData>): string[] {
  return (data?.jobsChanged.nodes ?? []).map(({ id }) => id);
}

function listeners(): Promise<number> {
  return bench.sql.value<number>(
    `select count(*)::integer from pg_stat_activity
     where datname = current_database() and application_name = 'ratchet listener'`,
  );
}

function countOfListen(): Promise<number> {
  return bench.sql.value<number>(
    `select count(*)::integer from pg_stat_activity
     where datname = current_database() and application_name = 'ratchet listener' and query like 'listen %' and state = 'idle'`,
  );
}

async function cancel(id: string): Promise<void> {
  await bench.sql.rows("select ratchet.cancel_job($1)", [id]);
}

describe("one job", () => {
  test("comes as it is, then as it becomes", async () => {
    const job = await addPublish(bench.sql);
    const stream = watchJob(job.id);
    await stream.until(hasStatus("PENDING"));
    const worker = await addWorker(bench.sql);
    const { fence } = await claimOne(bench.sql, worker, job.id);
    await completeTasks(bench.sql, worker, { job: job.id, fence, from: 1, to: 2 });
    await announce(job.id);
    await stream.until(({ data }) => data?.jobChanged?.finishedTaskCount === 2);
    await completeTasks(bench.sql, worker, { job: job.id, fence, from: 3, to: 5 });
    await announce(job.id);
    const last = await stream.until(hasStatus("COMPLETED"));
    expect(last.data?.jobChanged?.tasks.nodes.map(({ status }) => status)).toStrictEqual(
      Array.from({ length: 5 }, () => "COMPLETED"),
    );
  });

  test("comes once for many changes in quick succession, the last of them always", async () => {
    const job = await addSingle(bench.sql);
    const stream = subscribe<{ jobChanged: { priority: number } }>(
      bench.server(),
      "subscription ($id: BigInt!) { jobChanged(id: $id) { priority } }",
      { id: job.id },
    );
    await stream.until(({ data }) => data?.jobChanged.priority === 0);
    for (let priority = 1; priority <= 100; priority++) {
      await bench.sql.rows("update ratchet.jobs set priority = $2 where id = $1", [job.id, priority]);
      await announce(job.id);
    }
    await stream.until(({ data }) => data?.jobChanged.priority === 100);
    const seen = stream.snapshots.map(({ data }) => data?.jobChanged.priority ?? 0);
    expect(seen).toStrictEqual(seen.toSorted((left, right) => left - right));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("says nothing that it has said already", async () => {
    const job = await addSingle(bench.sql);
    const stream = watchJob(job.id);
    await stream.until(hasStatus("PENDING"));
    const all = subscribe<ListData>(bench.server(), LIST, { tenant: "nobody" });
    await all.until(() => true);
    await announce(job.id);
    await cancel(job.id);
    await stream.until(hasStatus("CANCELLED"));
    expect(stream.snapshots.map(({ data }) => data?.jobChanged?.status)).toStrictEqual(["PENDING", "CANCELLED"]);
    all.stop();
  });

  test("is null where there is none, and once it is deleted", async () => {
    const missing = watchJob("987654321");
    expect(await missing.until(() => true)).toStrictEqual({ data: { jobChanged: null } });
    const job = await addSingle(bench.sql);
    const server = await bench.start({ rereadMs: 50 });
    const stream = subscribe<JobData>(server, JOB, { id: job.id });
    await stream.until(hasStatus("PENDING"));
    await cancel(job.id);
    await bench.sql.rows("delete from ratchet.jobs where id = $1", [job.id]);
    await stream.until(({ data }) => data?.jobChanged === null);
  });
});

describe("a list", () => {
  test("has a new job as soon as it is committed, though nobody announces it", async () => {
    const stream = subscribe<ListData>(bench.server(), LIST, { tenant: "new" });
    await stream.until((snapshot) => idsOf(snapshot).length === 0);
    const job = await addSingle(bench.sql, { tenant: "new" });
    expect(idsOf(await stream.until((snapshot) => idsOf(snapshot).length > 0))).toStrictEqual([job.id]);
  });

  test("that is searched has a new job with the text, and no other one", async () => {
    const stream = subscribe<ListData>(
      bench.server(),
      'subscription { jobsChanged(filter: { search: "watched for" }) { nodes { id status } } }',
      {},
    );
    await stream.until((snapshot) => idsOf(snapshot).length === 0);
    await addSingle(bench.sql);
    const { id } = await addSingle(bench.sql, { payload: { text: "Watched for" } });
    const snapshot = await stream.until((each) => idsOf(each).length > 0);
    expect(idsOf(snapshot)).toStrictEqual([id]);
  });

  test("has both of two jobs whose transactions commit in reverse order", async () => {
    const stream = subscribe<ListData>(bench.server(), LIST, { tenant: "reverse" });
    await stream.until(() => true);
    await withSession(bench.sql, async (slow) => {
      await slow.query("begin");
      const { rows } = await slow.query<{ id: string }>(
        "select id from ratchet.add_job('single', tenant => 'reverse')",
      );
      const first = rows[0]?.id ?? "";
      const second = await addSingle(bench.sql, { tenant: "reverse" });
      await stream.until((snapshot) => idsOf(snapshot).join(",") === second.id);
      await slow.query("commit");
      expect(idsOf(await stream.until((snapshot) => idsOf(snapshot).length > 1))).toStrictEqual([second.id, first]);
    });
  });

  test("shows the later state when changes of one job are announced in reverse order", async () => {
    const job = await addSingle(bench.sql, { tenant: "late" });
    const stream = subscribe<ListData>(bench.server(), LIST, { tenant: "late" });
    await stream.until((snapshot) => idsOf(snapshot).length === 1);
    await withSession(bench.sql, async (early) => {
      await early.query("begin");
      await early.query("select ratchet_private.announce($1)", [[job.id]]);
      await cancel(job.id);
      await stream.until(({ data }) => data?.jobsChanged.nodes[0]?.status === "CANCELLED");
      await early.query("commit");
    });
    await addSingle(bench.sql, { tenant: "late" });
    await stream.until((snapshot) => idsOf(snapshot).length === 2);
    expect(stream.snapshots.map(({ data }) => data?.jobsChanged.nodes.at(-1)?.status)).toStrictEqual([
      "PENDING",
      "CANCELLED",
      "CANCELLED",
    ]);
  });

  test("that cannot be made is told once, and ends", async () => {
    const stream = subscribe<ListData>(bench.server(), "subscription { jobsChanged(first: 1000) { nodes { id } } }");
    expect(await stream.ended).toBeNull();
    expect(stream.snapshots).toMatchObject([{ errors: [{ extensions: { code: "RT132" } }] }]);
  });
});

describe("nothing is missed", () => {
  test("when an announcement is lost: the state is read again after a while", async () => {
    const server = await bench.start({ rereadMs: 50 });
    const job = await addSingle(bench.sql);
    const stream = subscribe<{ jobChanged: { priority: number } }>(
      server,
      "subscription ($id: BigInt!) { jobChanged(id: $id) { priority } }",
      { id: job.id },
    );
    await stream.until(() => true);
    await bench.sql.rows("update ratchet.jobs set priority = 7 where id = $1", [job.id]);
    expect(await stream.until(({ data }) => data?.jobChanged.priority !== 0)).toStrictEqual({
      data: { jobChanged: { priority: 7 } },
    });
  });

  test("when the listening connection is killed: everything is read again once it is back", async () => {
    const job = await addSingle(bench.sql);
    const stream = watchJob(job.id);
    await stream.until(hasStatus("PENDING"));
    await waitUntil(async () => (await countOfListen()) > 0);
    await bench.sql.rows(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where datname = current_database() and application_name = 'ratchet listener'`,
    );
    await cancel(job.id);
    await stream.until(hasStatus("CANCELLED"));
    expect(stream.snapshots.every(({ errors }) => errors === undefined)).toBe(true);
  });

  test("when a client loses its connection: it connects again and gets the state as it is now", async () => {
    const job = await addSingle(bench.sql);
    const stream = subscribe<JobData>(
      bench.server(),
      JOB,
      { id: job.id },
      { retryAttempts: 5, retryWait: async () => {} },
    );
    await stream.until(hasStatus("PENDING"));
    stream.client.terminate();
    await cancel(job.id);
    expect(await stream.until(hasStatus("CANCELLED"))).not.toHaveProperty("errors");
  });
});

test("all subscriptions share one listening connection, which goes when nobody subscribes any more", async () => {
  const server = await bench.start();
  await waitUntil(async () => (await listeners()) === 0);
  const jobs = await Promise.all(["one", "two", "three"].map((tenant) => addSingle(bench.sql, { tenant })));
  const streams = jobs.map(({ id }) => subscribe<JobData>(server, JOB, { id }));
  const list = subscribe<ListData>(server, LIST, { tenant: "one" });
  await Promise.all([...streams, list].map(({ until }) => until(() => true)));
  await waitUntil(async () => (await listeners()) === 1);
  for (const { stop } of [...streams, list]) {
    stop();
  }
  expect(await waitUntil(async () => (await listeners()) === 0)).toBe(true);
});

test("a server that stops ends its subscriptions", async () => {
  const server = await bench.start();
  const job = await addSingle(bench.sql);
  const stream = subscribe<JobData>(server, JOB, { id: job.id });
  await stream.until(hasStatus("PENDING"));
  await server.close();
  expect(await stream.ended).toMatchObject({ code: 1012 });
});
