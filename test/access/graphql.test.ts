import { readFile } from "node:fs/promises";
import { join } from "node:path";

import {
  type GraphQLSchema,
  buildSchema,
  getNamedType,
  type GraphQLObjectType,
  isLeafType,
  isObjectType,
} from "graphql";
import { beforeAll, describe, expect, test } from "vitest";

import { CALLER_ROLES, type CallerRole } from "../../src/graphql/authentication/identity.ts";
import { signToken } from "../graphql/authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "../graphql/server.ts";
import { useStreams } from "../graphql/streams.ts";
import { ROOT_FIELDS, isAllowed } from "./rules.ts";
import { type TenantRows, addTenant, registerForTenants } from "./tenants.ts";

const bench = useServer({ tokens: TEST_TOKENS });
const subscribe = useStreams();
let schema: GraphQLSchema;
let own: TenantRows;
let other: TenantRows;

beforeAll(async () => {
  await registerForTenants(bench.sql);
  own = await addTenant(bench.sql, "A");
  other = await addTenant(bench.sql, "B");
  // A test holds it and what the server serves together.
  schema = buildSchema(await readFile(join(import.meta.dirname, "../../schema.graphql"), "utf8"));
});

const askAs = (role: CallerRole, query: string, variables?: Record<string, unknown>) =>
  bench.askAs<Record<string, unknown>>({ ratchet_role: role, ratchet_tenant: "A" }, query, variables);

function objectType(name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) {
    throw new Error(`There is no type ${name}.`);
  }
  return type;
}

/** Every field of a type that needs no argument, so many levels deep. */
function everything(type: GraphQLObjectType, levels: number): string {
  return Object.values(type.getFields())
    .flatMap((field) => {
      const inner = getNamedType(field.type);
      if (isLeafType(inner)) {
        return [field.name];
      }
      return isObjectType(inner) && levels > 0 ? [`${field.name} { ${everything(inner, levels - 1)} }`] : [];
    })
    .join(" ");
}

test("every field of the query, of mutations and of subscriptions has a rule", () => {
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}).map((name) => `${type?.name ?? ""}.${name}`),
  );
  expect(fields.toSorted()).toStrictEqual(Object.keys(ROOT_FIELDS).toSorted());
});

/** The lists of the query, with all that their rows lead to. */
const LISTS = Object.keys(ROOT_FIELDS)
  .map((name) => name.replace("Query.", ""))
  .filter((name) => !name.includes(".") && name !== "queueStats" && name.endsWith("s"));

/** Every row of a list with all that it leads to. */
async function readList(role: CallerRole, list: string) {
  const connection = objectType(getNamedType(objectType("Query").getFields()[list]?.type)?.name ?? "");
  const row = objectType(getNamedType(connection.getFields()["nodes"]?.type)?.name ?? "");
  const { data, errors } = await askAs(role, `{ ${list} { totalCount nodes { ${everything(row, 1)} } } }`);
  const text = JSON.stringify(data);
  return {
    isRefused: errors.length > 0,
    isEmpty: text.startsWith(`{"${list}":{"totalCount":0,`),
    hasOwn: text.includes(own.secret),
    hasOther: text.includes(other.secret),
    hasHost: text.includes("test-host"),
  };
}

const REFUSED = { isRefused: true, isEmpty: false, hasOwn: false, hasOther: false, hasHost: false };

describe.each(LISTS)("%s, with every field of its rows", (list) => {
  const hasTenant = !["definitions", "workers"].includes(list);

  test("are refused to enqueuers", async () => {
    expect(await readList("enqueuer", list)).toStrictEqual(REFUSED);
  });

  test.each(["viewer", "operator"] as const)("show a %s those of its tenant, and nobody's host", async (role) => {
    expect(await readList(role, list)).toStrictEqual({
      isRefused: false,
      isEmpty: list === "workers",
      hasOwn: hasTenant,
      hasOther: false,
      hasHost: false,
    });
  });

  test("show an admin all", async () => {
    expect(await readList("admin", list)).toMatchObject({
      isRefused: false,
      isEmpty: false,
      hasOwn: hasTenant,
      hasOther: hasTenant,
    });
  });
});

test.each([
  ["enqueuer", false],
  ["viewer", false],
  ["operator", true],
  ["admin", true],
] as const)("hidden payloads and results: %s, %s", async (role, isShown) => {
  const { data } = await askAs(
    role,
    "query ($id: BigInt!) { job(id: $id) { payload tasks { nodes { input result } } } }",
    {
      id: own.hidden,
    },
  );
  expect(JSON.stringify(data).includes(own.secret)).toBe(isShown);
});

test.each([
  ["viewer", 1],
  ["operator", 1],
  ["admin", 2],
] as const)("the statistics count the jobs that are visible: %s, %d", async (role, share) => {
  const { data } = await askAs(role, "{ queueStats(minutes: 60) { identifier waiting failedForGood completed } }");
  expect(data["queueStats"]).toContainEqual({
    identifier: "publish",
    waiting: share,
    failedForGood: share,
    completed: 0,
  });
});

test.each([
  ["viewer", 1],
  ["operator", 1],
  ["admin", 2],
] as const)("the history counts the ends that are visible: %s, %d", async (role, share) => {
  const { data } = await askAs(role, "{ queueHistory { cancelled } }");
  const buckets = data["queueHistory"] as { readonly cancelled: number }[];
  expect(buckets.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(share);
});

test.each(["queueStats { waiting }", "queueHistory { completed }"])("%s is refused to enqueuers", async (field) => {
  expect((await askAs("enqueuer", `{ ${field} }`)).errors).toMatchObject([{ extensions: { code: "RT154" } }]);
});

test("plans are shown to those who may add, for their own tenant", async () => {
  const preview = (role: CallerRole, more = "") =>
    askAs(role, `{ previewPlan(identifier: "single"${more}) { position name } }`);
  for (const role of CALLER_ROLES.filter((each) => each !== "viewer")) {
    expect((await preview(role)).data).toMatchObject({ previewPlan: [{ position: 1 }] });
  }
  expect((await preview("viewer")).errors).toMatchObject([{ extensions: { code: "RT154" } }]);
  expect((await preview("operator", ', tenant: "B"')).errors).toMatchObject([{ extensions: { code: "RT026" } }]);
  expect((await preview("admin", ', tenant: "B"')).errors).toStrictEqual([]);
});

test("a job of another tenant is no job, by id and by node id, and so are its tasks, failures and orders", async () => {
  const { data } = await askAs(
    "admin",
    `query ($id: BigInt!, $cancelled: BigInt!) {
      job(id: $id) { nodeId tasks { nodes { nodeId } } failures { nodes { id nodeId } } }
      cancelled: job(id: $cancelled) { auditEntries { nodes { id nodeId } } }
    }`,
    { id: other.failed, cancelled: other.cancelled },
  );
  const text = JSON.stringify(data);
  const nodeIds = [...text.matchAll(/"nodeId":"(?<id>[^"]+)"/gv)].map(({ groups }) => groups?.["id"] ?? "");
  expect(nodeIds.length).toBeGreaterThan(5);
  const ids = [...text.matchAll(/"id":"(?<id>\d+)"/gv)].map(({ groups }) => groups?.["id"] ?? "");
  expect(ids).toHaveLength(2);
  for (const nodeId of nodeIds) {
    expect(
      (await askAs("operator", "query ($nodeId: ID!) { node(nodeId: $nodeId) { __typename nodeId } }", { nodeId }))
        .data,
    ).toStrictEqual({
      node: null,
    });
  }
  const { data: found } = await askAs(
    "operator",
    `query ($job: BigInt!, $failure: BigInt!, $entry: BigInt!) {
      job(id: $job) { id } task(jobId: $job, position: 1) { name } taskFailure(id: $failure) { id } auditEntry(id: $entry) { id }
      jobs(filter: { id: { equalTo: $job } }) { totalCount }
      byTenant: jobs(filter: { tenant: { equalTo: "B" } }) { totalCount }
      tasks(filter: { jobId: { equalTo: $job } }) { totalCount }
      queueStats(tenant: "B") { waiting failedForGood }
    }`,
    { job: other.failed, failure: ids[0], entry: ids[1] },
  );
  expect(found).toMatchObject({
    job: null,
    task: null,
    taskFailure: null,
    auditEntry: null,
    jobs: { totalCount: 0 },
    byTenant: { totalCount: 0 },
    tasks: { totalCount: 0 },
  });
  expect(JSON.stringify(found["queueStats"])).not.toMatch(/[1-9]/v);
});

/** The first snapshot of a subscription, as text. */
async function firstSnapshot(role: CallerRole, query: string, variables: Record<string, unknown> = {}) {
  const { until } = subscribe(bench.server(), query, variables, {
    connectionParams: async () => ({
      authorization: `Bearer ${await signToken({ ratchet_role: role, ratchet_tenant: "A" })}`,
    }),
  });
  return JSON.stringify(await until(() => true));
}

test("every subscription is tried below", () => {
  expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toStrictEqual(["jobChanged", "jobsChanged"]);
});

test.each([
  ["enqueuer", { ofOwn: false, ofOther: false, isRefused: true }],
  ["viewer", { ofOwn: true, ofOther: false, isRefused: false }],
  ["operator", { ofOwn: true, ofOther: false, isRefused: false }],
  ["admin", { ofOwn: true, ofOther: true, isRefused: false }],
] as const)("streams show jobs and lists with all that they lead to: %s", async (role, expected) => {
  const job = everything(objectType("Job"), 1);
  const one = `subscription ($id: BigInt!) { jobChanged(id: $id) { ${job} } }`;
  const list = `subscription { jobsChanged(first: 100) { nodes { ${job} } } }`;
  const [mine, foreign, all] = await Promise.all([
    firstSnapshot(role, one, { id: own.failed }),
    firstSnapshot(role, one, { id: other.failed }),
    firstSnapshot(role, list),
  ]);
  const refusals = [mine, foreign, all].map((text) => text.includes('"code":"RT154"'));
  expect(refusals).toStrictEqual([expected.isRefused, expected.isRefused, expected.isRefused]);
  expect([mine, all].map((text) => text.includes(own.secret))).toStrictEqual([expected.ofOwn, expected.ofOwn]);
  expect([mine, foreign, all].map((text) => text.includes(other.secret))).toStrictEqual([
    false,
    expected.ofOther,
    expected.ofOther,
  ]);
});

/** Mutations about one job: what their input holds besides its id. */
const ORDERS: Readonly<Record<string, string>> = {
  cancelJob: "",
  completeTask: ', task: "create"',
  rescheduleJob: ', runAt: "2099-01-01T00:00:00Z"',
  retryJob: "",
  skipTask: ', task: "create"',
};

test("every mutation is tried below", () => {
  expect([...Object.keys(ORDERS), "addJob", "addJobs", "cancelJobs", "retryJobs"].toSorted()).toStrictEqual(
    Object.keys(schema.getMutationType()?.getFields() ?? {}).toSorted(),
  );
});

const readOther = (): Promise<unknown[]> =>
  bench.sql.rows("select id, status, fence, priority, run_at from ratchet.jobs where tenant = 'B' order by id");

describe.each(Object.entries(ORDERS))("%s", (order, more) => {
  test.each(CALLER_ROLES.filter((role) => role !== "admin"))(
    "by a token of tenant A changes nothing of tenant B: %s",
    async (role) => {
      const before = await readOther();
      const give = (id: string) =>
        askAs(role, `mutation { ${order}(input: { jobId: "${id}"${more} }) { job { id } } }`);
      const [foreign, none] = [await give(other.pending), await give("987654321")];
      const refusal = { extensions: { code: isAllowed(role, "operator") ? "RT013" : "RT154" } };
      expect(foreign.errors).toMatchObject([refusal]);
      expect(
        JSON.stringify(foreign)
          .replaceAll(other.pending, "987654321")
          .replaceAll(/"reference":"[^"]*"/gv, ""),
      ).toBe(JSON.stringify(none).replaceAll(/"reference":"[^"]*"/gv, ""));
      expect(await readOther()).toStrictEqual(before);
    },
  );
});

test.each(["cancelJobs", "retryJobs"])("%s by an operator of tenant A changes nothing of tenant B", async (order) => {
  const before = await readOther();
  await askAs("operator", `mutation ($ids: [BigInt!]) { ${order}(input: { ids: $ids }) { __typename } }`, {
    ids: [other.pending, other.failed],
  });
  expect(await readOther()).toStrictEqual(before);
});

test("jobs are added for the token's tenant, and for no other", async () => {
  const add = (role: CallerRole, tenant: string) =>
    askAs(role, `mutation { addJob(input: { identifier: "single"${tenant} }) { job { id } } }`);
  for (const role of ["enqueuer", "operator"] as const) {
    const { data } = await add(role, "");
    const { job } = data["addJob"] as { job: { id: string } };
    expect(await bench.sql.value("select tenant from ratchet.jobs where id = $1", [job.id])).toBe("A");
    expect((await add(role, ', tenant: "B"')).errors).toMatchObject([{ extensions: { code: "RT026" } }]);
    expect(
      (
        await askAs(
          role,
          `mutation { addJobs(input: { jobs: [{ identifier: "single" }, { identifier: "single", tenant: "B" }] }) { __typename } }`,
        )
      ).errors,
    ).toMatchObject([{ extensions: { code: "RT026" } }]);
  }
  expect((await add("viewer", "")).errors).toMatchObject([{ extensions: { code: "RT154" } }]);
  expect((await add("admin", ', tenant: "B"')).errors).toStrictEqual([]);
});

test("a job key of another tenant leads to no job of theirs", async () => {
  const key = `key: ${other.secret}`;
  const { data } = await askAs(
    "operator",
    `mutation ($key: String) { addJob(input: { identifier: "single", jobKey: $key, jobKeyMode: "unsafe_dedupe" }) { job { tenant payload } } }`,
    { key },
  );
  expect(JSON.stringify(data)).not.toContain(other.secret);
});
