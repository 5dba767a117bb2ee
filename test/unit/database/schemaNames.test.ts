import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import pg from "pg";
import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";

import { clientClass } from "../../../src/database/client.ts";
import {
  DEFAULT_SCHEMA_NAMES,
  inSchemas,
  renameSchemas,
  schemaNames,
  schemasOf,
} from "../../../src/database/schemaNames.ts";
import { TaskOrchestrator } from "../../../src/engine/taskOrchestrator.ts";

const NAMES = schemaNames({ ratchet: "jobs", graphileWorker: "queue" });

describe("renameSchemas", () => {
  test.each([
    [
      "select * from ratchet.jobs j join graphile_worker.jobs w on true",
      "select * from jobs.jobs j join queue.jobs w on true",
    ],
    [
      "select ratchet_private.beat($1), graphile_worker._private_jobs",
      "select jobs_private.beat($1), queue._private_jobs",
    ],
    ["create schema if not exists ratchet; drop schema ratchet", "create schema if not exists jobs; drop schema jobs"],
    ["comment on schema ratchet is 'Ratchet''s'", "comment on schema jobs is 'Ratchet''s'"],
    ["where n.nspname in ('ratchet', 'ratchet_private')", "where n.nspname in ('jobs', 'jobs_private')"],
    [
      "'ratchet:' || j.id, like 'ratchet:%', listen \"ratchet:acme\"",
      "'jobs:' || j.id, like 'jobs:%', listen \"jobs:acme\"",
    ],
    ["key ~ '^ratchet:[0-9]+$'", "key ~ '^jobs:[0-9]+$'"],
    ["set_config('ratchet.engine', $1, true)", "set_config('jobs.engine', $1, true)"],
    ['alter table "ratchet"."jobs", ratchet."jobs"', 'alter table "jobs"."jobs", jobs."jobs"'],
    ["The database has no schema `ratchet`.", "The database has no schema `jobs`."],
    ["the schemas ratchet, ratchet_private and graphile_worker", "the schemas jobs, jobs_private and queue"],
  ])("%s", (text, renamed) => {
    expect(renameSchemas(text, NAMES)).toBe(renamed);
  });

  test.each([
    'start one with "ratchet worker" or npm run ratchet -- worker',
    "graphile-worker, pg-ratchet.JobDefinition and preset.ratchet.schema",
    "my_ratchet.jobs, ratchets.jobs, ratchet_privates.x, my_graphile_worker.jobs, graphile_worker2.jobs",
    "json_build_object('$ratchet', j.id::text)",
    "This is a ratchet. It only moves forward.",
  ])("leaves alone: %s", (text) => {
    expect(renameSchemas(text, NAMES)).toBe(text);
  });

  test("leaves no default name in what src/database/calls sends", () => {
    const folder = path.join(import.meta.dirname, "../../../src/database/calls");
    const left = readdirSync(folder).flatMap((file) =>
      renameSchemas(readFileSync(path.join(folder, file), "utf8"), NAMES)
        .split("\n")
        .filter((line) => /\bratchet(?:_private)?\s*[.:%]|graphile_worker/v.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(left).toStrictEqual([]);
  });

  test("names that are each other's default do not get mixed up", () => {
    const swapped = schemaNames({ ratchet: "graphile_worker", graphileWorker: "ratchet" });
    expect(renameSchemas("ratchet.a graphile_worker.b ratchet_private.c", swapped)).toBe(
      "graphile_worker.a ratchet.b graphile_worker_private.c",
    );
  });
});

describe("inSchemas", () => {
  function createDb() {
    const query = vi.fn<(...parameters: unknown[]) => unknown>();
    return { query, db: { query } as unknown as Pick<pg.ClientBase, "query"> };
  }

  test("is the client itself with the default names, and where the names are there already", () => {
    const { db } = createDb();
    expect(inSchemas(db, DEFAULT_SCHEMA_NAMES)).toBe(db);
    const renaming = inSchemas(db, NAMES);
    expect(inSchemas(renaming, NAMES)).toBe(renaming);
    expect([schemasOf(renaming), schemasOf(db)]).toStrictEqual([NAMES, DEFAULT_SCHEMA_NAMES]);
  });

  test("refuses to put other names into what has names already", () => {
    const renaming = inSchemas(createDb().db, NAMES);
    expect(() => inSchemas(renaming, schemaNames({ ratchet: "third" }))).toThrow('uses the schemas of "jobs"');
  });

  test("renames texts and objects with a text, and leaves what sends itself alone", () => {
    const { db, query } = createDb();
    const renaming = inSchemas(db, NAMES) as unknown as { readonly query: typeof query };
    const cursor = { submit: () => {}, text: "select from ratchet.jobs" };
    renaming.query("select from ratchet.jobs where id = $1", ["ratchet.x"]);
    renaming.query({ name: "n", text: "select from ratchet.jobs", values: [1] });
    renaming.query(cursor);
    expect(query.mock.calls).toStrictEqual([
      ["select from jobs.jobs where id = $1", ["ratchet.x"]],
      [{ name: "n", text: "select from jobs.jobs", values: [1] }],
      [cursor],
    ]);
  });
});

test("with the default names clients are pg's own, with others there is one class for each pair", () => {
  expect(clientClass(DEFAULT_SCHEMA_NAMES)).toBe(pg.Client);
  expect(clientClass(NAMES)).not.toBe(pg.Client);
  expect(clientClass({ ...NAMES })).toBe(clientClass(NAMES));
});

describe("schemaNames", () => {
  test("completes what is not given", () => {
    expect(schemaNames()).toStrictEqual(DEFAULT_SCHEMA_NAMES);
    expect(schemaNames({ ratchet: "jobs" })).toStrictEqual({ ratchet: "jobs", graphileWorker: "graphile_worker" });
  });

  test.each(["", "Jobs", "my-jobs", "1st", "pg_jobs", "order", "loop", "public", "a".repeat(49), "jobs; drop table x"])(
    "refuses %j (RT110)",
    (ratchet) => {
      expect(() => schemaNames({ ratchet })).toThrow(
        expect.objectContaining({ code: "RT110", message: expect.stringContaining(JSON.stringify(ratchet)) }),
      );
    },
  );

  test("a TaskOrchestrator takes one of the two, and refuses one that cannot be (RT110)", async () => {
    const connectionString = "postgres://nobody@127.0.0.1:1/none";
    const log = pino({ level: "silent" });
    const job = { identifier: "x", payload: {} };
    const good = new TaskOrchestrator({ connectionString, log, schemas: { ratchet: "jobs" } });
    await expect(good.createJob(job)).rejects.toThrow("ECONNREFUSED");
    const bad = new TaskOrchestrator({ connectionString, log, schemas: { ratchet: "jobs; drop schema public" } });
    await expect(bad.createJob(job)).rejects.toMatchObject({ code: "RT110" });
  });

  test.each([
    [{ ratchet: "graphile_worker" }],
    [{ graphileWorker: "ratchet_private" }],
    [{ ratchet: "same", graphileWorker: "same" }],
  ])("refuses one name for two schemas: %j (RT110)", (given) => {
    expect(() => schemaNames(given)).toThrow(expect.objectContaining({ code: "RT110" }));
  });
});
