import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import {
  type GraphQLNamedType,
  type GraphQLSchema,
  type IntrospectionQuery,
  buildClientSchema,
  getIntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from "graphql";
import { beforeAll, describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { useServer } from "./server.ts";

const FILE = join(import.meta.dirname, "../../schema.graphql");

const bench = useServer();
let schema: GraphQLSchema;

beforeAll(async () => {
  const { data } = await bench.ask(getIntrospectionQuery());
  schema = lexicographicSortSchema(buildClientSchema(data as IntrospectionQuery));
});

function types(): GraphQLNamedType[] {
  return Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
}

function fieldsOf(name: string): string[] {
  const type = schema.getType(name);
  return isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [];
}

test("schema.graphql is what the server serves", async () => {
  const text = `${printSchema(schema)}\n`;
  if (process.env["UPDATE_GRAPHQL_SCHEMA"] === "1") {
    await writeFile(FILE, text);
  }
  expect(
    text,
    "The API has changed. If it was meant to, write the file anew: UPDATE_GRAPHQL_SCHEMA=1 npx vitest run test/graphql/schema.test.ts",
  ).toBe(named(await readFile(FILE, "utf8")));
});

test("every type, field and argument is described", () => {
  const silent: string[] = [];
  const demand = (path: string, { description }: { readonly description?: string | null | undefined }): void => {
    if ((description ?? "").trim() === "") {
      silent.push(path);
    }
  };
  for (const type of types()) {
    if (type.name !== "Query") {
      demand(type.name, type);
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        demand(`${type.name}.${field.name}`, field);
        for (const argument of field.args) {
          demand(`${type.name}.${field.name}(${argument.name})`, argument);
        }
      }
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        demand(`${type.name}.${field.name}`, field);
      }
    }
  }
  expect(silent).toStrictEqual([]);
});

test("each status is described, and they are spelled as in the database", async () => {
  for (const [type, name] of [
    ["job_status", "JobStatus"],
    ["task_status", "TaskStatus"],
  ]) {
    const inDatabase = await bench.sql.rows<{ label: string }>(
      `select enumlabel as label from pg_enum e join pg_type t on t.oid = e.enumtypid where t.typname = $1 order by 1`,
      [type],
    );
    const statuses = schema.getType(name ?? "");
    const values = isEnumType(statuses) ? statuses.getValues() : [];
    expect(values.map((value) => value.name)).toStrictEqual(inDatabase.map(({ label }) => label));
    expect(values.filter(({ description }) => (description ?? "") === "")).toStrictEqual([]);
  }
});

test("no row of a list is null", () => {
  const lists = types().filter((type) => isObjectType(type) && type.name.endsWith("Connection"));
  expect(lists.length).toBeGreaterThan(4);
  for (const list of lists.filter(isObjectType)) {
    const row = list.name.replace("Connection", "");
    const { nodes, edges } = list.getFields();
    expect(String(nodes?.type)).toBe(`[${row}!]!`);
    expect(String(edges?.type)).toBe(`[${row}Edge!]!`);
  }
});

describe("what is shown", () => {
  test("these changes can be ordered, each with one argument and no way back into the query", () => {
    const mutations = ["addJob", "addJobs", "cancelJob", "cancelJobs", "completeTask", "rescheduleJob", "retryJob"];
    expect(fieldsOf("Mutation")).toStrictEqual([...mutations, "retryJobs", "skipTask"]);
    for (const field of fieldsOf("Mutation")) {
      const name = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
      expect(fieldsOf(`${name}Payload`)).toHaveLength(1);
      expect(fieldsOf(`${name}Input`)).not.toContain("clientMutationId");
    }
  });

  test("one of addJobs is what addJob takes", () => {
    expect(fieldsOf("NewJobInput")).toStrictEqual(fieldsOf("AddJobInput"));
  });

  test("one job and a list of jobs can be subscribed to", () => {
    expect(fieldsOf("Subscription")).toStrictEqual(["jobChanged", "jobsChanged"]);
    expect(String(schema.getSubscriptionType()?.getFields()["jobsChanged"]?.type)).toBe("JobConnection");
  });

  test("the query has these fields, each row by its primary key and each list once", () => {
    expect(fieldsOf("Query")).toStrictEqual([
      "auditEntries",
      "auditEntry",
      "definition",
      "definitions",
      "job",
      "jobs",
      "node",
      "previewPlan",
      "queueHistory",
      "queueStats",
      "task",
      "taskFailure",
      "taskFailures",
      "tasks",
      "worker",
      "workers",
    ]);
  });

  test("the engine's own columns and functions stay hidden", () => {
    const names = types().flatMap((type) => fieldsOf(type.name));
    for (const hidden of [
      "fence",
      "stopAfter",
      "poolIds",
      "backendPids",
      "explainJob",
      "pruneJobs",
      "scrubJob",
      "allViolations",
    ]) {
      expect(names).not.toContain(hidden);
    }
  });

  test("a job has its computed fields and relations", () => {
    expect(fieldsOf("Job")).toStrictEqual(
      expect.arrayContaining([
        "currentTask",
        "definition",
        "etaSeconds",
        "explanation",
        "failures",
        "finishedTaskCount",
        "id",
        "isFinal",
        "nodeId",
        "progress",
        "taskCount",
        "tasks",
        "willRetry",
        "worker",
      ]),
    );
  });

  test("rows lead only to such lists as an index serves", () => {
    const lists = types()
      .filter(isObjectType)
      .filter(({ name }) => name !== "Query")
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => `${type.name}.${field.name}: ${String(field.type)}`),
      )
      .filter((field) => field.endsWith("Connection!"));
    expect(lists).toStrictEqual([
      "Job.auditEntries: AuditEntryConnection!",
      "Job.failures: TaskFailureConnection!",
      "Job.tasks: TaskConnection!",
      "Task.failures: TaskFailureConnection!",
    ]);
  });

  test("statuses and truth values are equal or not, and have no order", () => {
    for (const name of ["BooleanFilter", "JobStatusFilter", "TaskStatusFilter"]) {
      expect(fieldsOf(name)).toStrictEqual(["equalTo", "in", "isNull", "notEqualTo", "notIn"]);
    }
    expect(fieldsOf("IntFilter")).toContain("lessThan");
  });

  test("lists are ordered only by what an index serves", () => {
    const orders = types()
      .filter(isEnumType)
      .filter(({ name }) => name.endsWith("OrderBy"));
    expect(
      Object.fromEntries(orders.map((type) => [type.name, type.getValues().map(({ name }) => name)])),
    ).toStrictEqual({
      AuditEntryOrderBy: ["ID_ASC", "ID_DESC", "PRIMARY_KEY_ASC", "PRIMARY_KEY_DESC"],
      DefinitionOrderBy: ["PRIMARY_KEY_ASC", "PRIMARY_KEY_DESC"],
      JobOrderBy: [
        "FINISHED_AT_ASC",
        "FINISHED_AT_DESC",
        "ID_ASC",
        "ID_DESC",
        "NEXT_ATTEMPT_AT_ASC",
        "NEXT_ATTEMPT_AT_DESC",
        "PRIMARY_KEY_ASC",
        "PRIMARY_KEY_DESC",
        "RUN_AT_ASC",
        "RUN_AT_DESC",
      ],
      TaskFailureOrderBy: ["ID_ASC", "ID_DESC", "PRIMARY_KEY_ASC", "PRIMARY_KEY_DESC"],
      TaskOrderBy: ["PRIMARY_KEY_ASC", "PRIMARY_KEY_DESC"],
      WorkerOrderBy: ["ID_ASC", "ID_DESC", "PRIMARY_KEY_ASC", "PRIMARY_KEY_DESC"],
    });
  });
});
