import { beforeAll, describe, expect, test } from "vitest";

import { type Job, addSingle } from "../sql/fixtures.ts";
import { inSeconds, signToken, type TokenClaims } from "./authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "./server.ts";
import { type Stream, useStreams } from "./streams.ts";

interface JobData {
  readonly jobChanged: { readonly status: string } | null;
}

interface ListData {
  readonly jobsChanged: { readonly nodes: readonly { readonly id: string; readonly tenant: string }[] };
}

const JOB = "subscription ($id: BigInt!) { jobChanged(id: $id) { status } }";
const LIST = "subscription { jobsChanged(first: 100) { nodes { id tenant } } }";
const ADMIN: TokenClaims = { ratchet_role: "admin", ratchet_tenant: undefined };

const bench = useServer({ tokens: TEST_TOKENS, rereadMs: 3_600_000 });
const subscribe = useStreams();
let ofA: Job;
let ofB: Job;

beforeAll(async () => {
  ofA = await addSingle(bench.sql, { tenant: "A" });
  ofB = await addSingle(bench.sql, { tenant: "B" });
});

function watchAs<Data>(claims: TokenClaims, query: string, variables: Record<string, unknown> = {}): Stream<Data> {
  return subscribe<Data>(bench.server(), query, variables, {
    connectionParams: async () => ({ authorization: `Bearer ${await signToken(claims)}` }),
  });
}

async function change(id: string): Promise<void> {
  await bench.sql.rows("update ratchet.jobs set priority = priority + 1 where id = $1", [id]);
  await bench.sql.rows("select ratchet_private.announce(array[$1::bigint])", [id]);
}

describe("a viewer", () => {
  test("sees its tenant's jobs alone, in lists and one by one", async () => {
    const own = watchAs<JobData>({}, JOB, { id: ofA.id });
    const foreign = watchAs<JobData>({}, JOB, { id: ofB.id });
    const list = watchAs<ListData>({}, LIST);
    expect(await own.until(() => true)).toStrictEqual({ data: { jobChanged: { status: "PENDING" } } });
    expect(await foreign.until(() => true)).toStrictEqual({ data: { jobChanged: null } });
    const { data } = await list.until(() => true);
    expect(new Set(data?.jobsChanged.nodes.map(({ tenant }) => tenant))).toStrictEqual(new Set(["A"]));
  });

  test("hears nothing of another tenant's changes, not even that there were some", async () => {
    const job = await addSingle(bench.sql, { tenant: "B" });
    const foreign = watchAs<JobData>({}, JOB, { id: job.id });
    const list = watchAs<ListData>({}, LIST);
    const admin = watchAs<JobData>(ADMIN, JOB, { id: job.id });
    await Promise.all([foreign, list, admin].map(({ until }) => until(() => true)));
    await change(job.id);
    await bench.sql.rows("select ratchet.cancel_job($1)", [job.id]);
    await admin.until(({ data }) => data?.jobChanged?.status === "CANCELLED");
    const another = await addSingle(bench.sql, { tenant: "A" });
    await list.until(({ data }) => data?.jobsChanged.nodes[0]?.id === another.id);
    expect(foreign.snapshots).toStrictEqual([{ data: { jobChanged: null } }]);
    expect(list.snapshots).toHaveLength(2);
  });
});

test("an admin hears of all tenants", async () => {
  const list = watchAs<ListData>(ADMIN, LIST);
  await list.until(() => true);
  const added = await addSingle(bench.sql, { tenant: "C" });
  const { data } = await list.until((snapshot) => snapshot.data?.jobsChanged.nodes[0]?.id === added.id);
  expect(new Set(data?.jobsChanged.nodes.map(({ tenant }) => tenant))).toStrictEqual(new Set(["A", "B", "C"]));
});

test("a login that may only add jobs is refused, and the stream ends", async () => {
  const stream = watchAs<JobData>({ ratchet_role: "enqueuer" }, JOB, { id: ofA.id });
  expect(await stream.ended).toBeNull();
  expect(stream.snapshots).toMatchObject([{ data: { jobChanged: null }, errors: [{ extensions: { code: "RT154" } }] }]);
});

describe("a token that expires while its subscription is open", () => {
  /** Clocks may differ by 30 s, so there are three left. */
  function nearlyOver(): TokenClaims {
    return { exp: inSeconds(-27) };
  }

  test("ends it, and says why", async () => {
    const stream = watchAs<JobData>(nearlyOver(), JOB, { id: ofA.id });
    expect(await stream.ended).toMatchObject({ code: 4403, reason: expect.stringContaining("token has expired") });
  });

  test("is replaced by a client that gets a new one, which then has the state as it is", async () => {
    const job = await addSingle(bench.sql, { tenant: "A" });
    const tokens = [await signToken(nearlyOver()), await signToken()];
    const stream = subscribe<JobData>(
      bench.server(),
      JOB,
      { id: job.id },
      {
        retryAttempts: 5,
        retryWait: async () => {},
        connectionParams: () => ({ authorization: `Bearer ${tokens.shift() ?? ""}` }),
        on: {
          closed: () => {
            void bench.sql.rows("select ratchet.cancel_job($1)", [job.id]);
          },
        },
      },
    );
    await stream.until(({ data }) => data?.jobChanged?.status === "CANCELLED");
    expect(tokens).toStrictEqual([]);
  });
});
