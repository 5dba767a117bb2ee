import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type IntrospectionQuery,
  buildClientSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";
import { beforeAll, expect, test } from "vitest";

import { signToken } from "../authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "../server.ts";

const bench = useServer({ tokens: TEST_TOKENS, explore: true });

const SECRET = "secret-of-tenant-B";
const OWN: Readonly<Record<string, unknown>> = {
  BigInt: "1",
  Boolean: true,
  Datetime: "2026-11-23T10:00:00Z",
  Int: 1,
  JSON: { a: 1 },
  String: "x",
};

let schema: GraphQLSchema;
let foreign: { readonly id: string; readonly nodeId: string };

beforeAll(async () => {
  const { data } = await bench.askAs({ ratchet_role: "admin" }, getIntrospectionQuery());
  schema = buildClientSchema(data as IntrospectionQuery);
  await bench.sql.rows("select ratchet.add_job('single', '{}', tenant => 'A')");
  const id = await bench.sql.value<string>(
    "select (ratchet.add_job('single', $1::jsonb, tenant => 'B', job_key => $2)).id::text",
    [JSON.stringify({ secret: SECRET }), SECRET],
  );
  const { data: admin } = await bench.askAs<{ job: { nodeId: string } }>(
    { ratchet_role: "admin" },
    "query ($id: BigInt!) { job(id: $id) { nodeId } }",
    { id },
  );
  foreign = { id, nodeId: admin.job.nodeId };
});

/** One place in the arguments of a field that takes a value. */
interface Place {
  readonly path: readonly string[];
  readonly type: string;
}

function placesOf(type: GraphQLInputType, path: readonly string[], depth = 0): Place[] {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    return placesOf(inner.ofType, [...path, "0"], depth);
  }
  if (isInputObjectType(inner)) {
    return depth > 2
      ? []
      : Object.values(inner.getFields()).flatMap((field) =>
          ["and", "or", "not"].includes(field.name) ? [] : placesOf(field.type, [...path, field.name], depth + 1),
        );
  }
  return isEnumType(inner) || inner.name === "Boolean" ? [] : [{ path, type: inner.name }];
}

/** A value with what must be there, and `nasty` at `place`. */
function valueFor(type: GraphQLInputType, place: readonly string[] | null, nasty: unknown): unknown {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    return [valueFor(inner.ofType, place === null ? null : place.slice(1), nasty)];
  }
  if (isInputObjectType(inner)) {
    return Object.fromEntries(
      Object.values(inner.getFields()).flatMap((field) => {
        const isOnTheWay = place?.[0] === field.name;
        return isOnTheWay || isRequiredInputField(field)
          ? [[field.name, valueFor(field.type, isOnTheWay ? place.slice(1) : null, nasty)]]
          : [];
      }),
    );
  }
  if (place !== null) {
    return nasty;
  }
  return isEnumType(inner) ? inner.getValues()[0]?.name : (OWN[inner.name] ?? "x");
}

/** All there is to see, three levels down. */
function selectionOf(type: GraphQLOutputType, depth = 0): string {
  const named = getNamedType(type);
  if (isLeafType(named)) {
    return "";
  }
  const fields = isObjectType(named)
    ? Object.values(named.getFields()).flatMap((field) => {
        if (field.args.some(isRequiredArgument) || field.name === "query" || field.name === "edges") {
          return [];
        }
        if (isLeafType(getNamedType(field.type))) {
          return [field.name];
        }
        const isWorthIt = depth < 2 && !["definition", "worker", "task", "currentTask"].includes(field.name);
        return isWorthIt ? [`${field.name} ${selectionOf(field.type, depth + 1)}`] : [];
      })
    : [];
  return `{ __typename ${fields.join(" ")} }`;
}

function call(kind: "query" | "mutation", field: GraphQLField<unknown, unknown>, place: Place, nasty: unknown) {
  const used = field.args.filter((argument) => isRequiredArgument(argument) || argument.name === place.path[0]);
  const variables = Object.fromEntries(
    used.map((argument) => [
      argument.name,
      valueFor(argument.type, argument.name === place.path[0] ? place.path.slice(1) : null, nasty),
    ]),
  );
  const definitions = used.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const given = used.map(({ name }) => `${name}: $${name}`).join(", ");
  const text = `${kind} (${definitions}) { ${field.name}(${given}) ${selectionOf(field.type)} }`;
  return bench.askAs({ ratchet_role: "operator", ratchet_tenant: "A" }, text, variables);
}

/** Goes through every place of every argument of every query and mutation. */
async function everywhere(
  valueOf: (type: string) => readonly unknown[],
  check: (at: string, answer: Awaited<ReturnType<typeof call>>) => void,
): Promise<number> {
  let calls = 0;
  for (const [kind, root] of [
    ["query", schema.getQueryType()],
    ["mutation", schema.getMutationType()],
  ] as const) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      for (const place of field.args.flatMap(({ name, type }) => placesOf(type, [name]))) {
        for (const nasty of valueOf(place.type)) {
          calls += 1;
          check(
            `${kind} ${field.name} ${place.path.join(".")} ${JSON.stringify(nasty).slice(0, 40)}`,
            await call(kind, field, place, nasty),
          );
        }
      }
    }
  }
  return calls;
}

function snapshotOfB(): Promise<string> {
  return bench.sql.value<string>(
    `select md5(coalesce(string_agg(j::text || t::text, '' order by j.id, t.position), '')
                || (select count(*)::text from ratchet.audit where tenant = 'B'))
       from ratchet.jobs j join ratchet.tasks t on t.job_id = j.id where j.tenant = 'B'`,
  );
}

test("no argument takes a zero character, an overlong id, SQL or a wrong type to where it harms", async () => {
  const before = await snapshotOfB();
  const text = [
    "a\0b",
    `'; update ratchet.jobs set tenant = 'A'; --`,
    "%' or tenant = 'B' or '' like '%",
    "\\",
    "x".repeat(50_000),
  ];
  const number = ["9223372036854775808", "99999999999999999999999999", "-1", "1; select 1", "1 or true", 1e30];
  const hidden: string[] = [];
  const calls = await everywhere(
    (type) => (["BigInt", "Int"].includes(type) ? number : text),
    (at, { status, errors, data }) => {
      expect({ at, isAnswered: status === 200 || status === 400 }).toStrictEqual({ at, isAnswered: true });
      expect({ at, leaks: JSON.stringify({ data, errors }).includes(SECRET) }).toStrictEqual({ at, leaks: false });
      if (errors.some(({ extensions }) => extensions?.["code"] === "RT134")) {
        hidden.push(at);
      }
    },
  );
  expect(calls).toBeGreaterThan(200);
  // Whatever a client can send, it is told what is wrong with it.
  expect(hidden).toStrictEqual([]);
  expect(await snapshotOfB()).toBe(before);
});

test("another tenant's ids, tenant and key in every argument show and change nothing of it", async () => {
  const before = await snapshotOfB();
  const calls = await everywhere(
    (type) => {
      if (type === "BigInt" || type === "Int") {
        return [foreign.id];
      }
      return type === "ID" ? [foreign.nodeId] : ["B", SECRET, foreign.id];
    },
    (at, { errors, data }) => {
      // What was asked for may stand in an error; what it leads to may not.
      expect({ at, leaks: JSON.stringify(data ?? null).includes(SECRET) }).toStrictEqual({ at, leaks: false });
      expect({ at, leaks: JSON.stringify(data ?? null).includes('"tenant":"B"') }).toStrictEqual({ at, leaks: false });
      expect({ at, leaks: JSON.stringify(errors).includes(`"secret":"${SECRET}"`) }).toStrictEqual({
        at,
        leaks: false,
      });
    },
  );
  expect(calls).toBeGreaterThan(100);
  expect(await snapshotOfB()).toBe(before);
});

test("an id of another tenant is answered as one that does not exist", async () => {
  const read = "query ($id: BigInt!) { job(id: $id) { id } }";
  expect(await bench.askAs({}, read, { id: foreign.id })).toStrictEqual(
    await bench.askAs({}, read, { id: "987654321" }),
  );
});

test.each(["A' or 'x' = 'x", "A'; set role postgres; --", "B%", "%", "a,B", "{A,B}", "", " B", "b"])(
  "a tenant called %j is no other",
  async (tenant) => {
    const { data } = await bench.askAs<{ jobs: { totalCount: number } } | null>(
      { ratchet_tenant: tenant },
      "{ jobs { totalCount } }",
    );
    expect(data?.jobs.totalCount ?? 0).toBe(0);
  },
);

test("a payload nested without end is refused, and what is stored can be read", async () => {
  const deep = `${'{"a":'.repeat(15_000)}1${"}".repeat(15_000)}`;
  const query =
    'mutation ($payload: JSON!) { addJob(input: { identifier: "single", payload: $payload }) { job { id } } }';
  const response = await fetch(`${bench.server().url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${await signToken({ ratchet_role: "operator" })}`,
    },
    body: `{"query": ${JSON.stringify(query)}, "variables": {"payload": ${deep}}}`,
  });
  expect(response.status).toBeLessThan(500);
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "RT132" } }] });
  const { errors } = await bench.askAs(
    { ratchet_role: "operator" },
    "{ jobs { nodes { id payload tasks { nodes { input } } } } }",
  );
  expect(errors).toStrictEqual([]);
});
