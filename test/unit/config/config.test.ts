import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { commandPrefix } from "../../../src/config/commandPrefix.ts";
import { resolveConfig } from "../../../src/config/config.ts";
import { describeConfig, describeConfigInMarkdown } from "../../../src/config/describeConfig.ts";
import { CONFIG_OPTIONS } from "../../../src/config/options.ts";
import { nearestName } from "../../../src/config/nearestName.ts";
import { canRedraw, wantsColour } from "../../../src/config/terminal.ts";
import { type RatchetError, isRatchetError } from "../../../src/errors/ratchetError.ts";

describe("resolveConfig", () => {
  test("gives the documented defaults, frozen, with folders made absolute", () => {
    const config = resolveConfig({ environment: {}, projectFolder: "/project" });
    expect(config).toStrictEqual({
      databaseUrl: null,
      schemas: { ratchet: "ratchet", graphileWorker: "graphile_worker" },
      dataFolder: "/project/.ratchet",
      taskFolder: "/project/tasks",
      concurrency: 100,
      pollIntervalMs: 2000,
      crontabFile: null,
      shutdownGraceMs: 10_000,
      logLevel: "info",
      host: "127.0.0.1",
      port: 5678,
      allowRemote: false,
      queryDatabaseUrl: null,
      tokens: null,
      corsOrigins: [],
      explore: true,
    });
    expect([config, config.schemas, config.corsOrigins].every((value) => Object.isFrozen(value))).toBe(true);
  });

  test("takes what the environment says, and an empty variable as unset", () => {
    const config = resolveConfig({
      environment: {
        DATABASE_URL: "postgres://a:b@c/d",
        RATCHET_TASKS: "/t",
        RATCHET_CONCURRENCY: "7",
        RATCHET_LOG_LEVEL: "",
        RATCHET_SHUTDOWN_GRACE: "2 min",
        RATCHET_SCHEMA: "jobs",
        RATCHET_CRONTAB: "crontab.txt",
        RATCHET_ALLOW_REMOTE: "true",
      },
      projectFolder: "/project",
    });
    expect(config).toMatchObject({
      databaseUrl: "postgres://a:b@c/d",
      taskFolder: "/t",
      concurrency: 7,
      logLevel: "info",
      shutdownGraceMs: 120_000,
      schemas: { ratchet: "jobs", graphileWorker: "graphile_worker" },
      crontabFile: "/project/crontab.txt",
      allowRemote: true,
    });
  });

  test("the command line goes before the environment, that before ratchet and worker of the file, they before the default", () => {
    const sources = {
      options: { concurrency: 1 },
      environment: { RATCHET_CONCURRENCY: "2" },
      preset: { ratchet: { concurrency: 3 }, worker: { concurrentJobs: 4 } },
    };
    const { options: _none, ...withoutOptions } = sources;
    const values = [
      sources,
      withoutOptions,
      { ...withoutOptions, environment: {} },
      { environment: {}, preset: { worker: sources.preset.worker } },
      { environment: {} },
    ].map((each) => resolveConfig(each).concurrency);
    expect(values).toStrictEqual([1, 2, 3, 4, 100]);
  });

  test("takes graphile-worker's own options from the file, its milliseconds among them", () => {
    const worker = {
      connectionString: "postgres://a/b",
      schema: "queue",
      taskDirectory: "jobs",
      crontabFile: "/c",
      pollInterval: 500,
      gracefulShutdownAbortTimeout: 1500,
      preparedStatements: false,
    };
    expect(resolveConfig({ environment: {}, preset: { worker }, projectFolder: "/project" })).toMatchObject({
      databaseUrl: "postgres://a/b",
      schemas: { ratchet: "ratchet", graphileWorker: "queue" },
      taskFolder: "/project/jobs",
      crontabFile: "/c",
      pollIntervalMs: 500,
      shutdownGraceMs: 1500,
    });
  });

  test.each(["postgres:///db?host=/run/postgresql", "postgresql://localhost", "/run/postgresql db"])(
    "takes %s",
    (url) => {
      expect(resolveConfig({ environment: { DATABASE_URL: url } }).databaseUrl).toBe(url);
    },
  );

  test("names every problem at once, with its source and the nearest name, and never quotes the database URL", () => {
    const error = errorOf(() =>
      resolveConfig({
        options: { port: 99_999 },
        environment: {
          DATABASE_URL: "mysql://u:secret@h/d",
          RATCHET_CONCURRENCY: "many",
          RATCHET_SHUTDOWN_GRACE: "10",
          RATCHET_LOGLEVEL: "debug",
          RATCHET_TEST_DATABASE: "anything",
        },
        preset: { file: "graphile.config.mjs", ratchet: { host: [], prot: 1 }, worker: { schema: "order" } },
      }),
    );
    expect(error.code).toBe("RT110");
    expect(error.message.split("\n").toSorted()).toStrictEqual(
      [
        "--port is 99999: write a whole number from 0 to 65535.",
        "DATABASE_URL is not a Postgres URL: write postgres://user:password@host:5432/database.",
        'RATCHET_CONCURRENCY is "many": write a whole number from 1 to 10000.',
        'RATCHET_SHUTDOWN_GRACE is "10": write a duration such as "500 ms", "10 s", "5 min" or "2 h".',
        "RATCHET_LOGLEVEL is no setting of Ratchet; did you mean RATCHET_LOG_LEVEL?",
        "ratchet.prot in graphile.config.mjs is no setting of Ratchet; did you mean port?",
        "ratchet.host in graphile.config.mjs is []: write a text, a number, true or false.",
        'worker.schema in graphile.config.mjs is "order": choose another name, since this one is a word of SQL or belongs to Postgres.',
      ].toSorted(),
    );
  });

  test("takes one kind of key for tokens, and shows no schema then", () => {
    const config = resolveConfig({
      environment: {
        RATCHET_JWKS_URL: "https://id.example/keys",
        RATCHET_JWT_AUDIENCE: "ratchet",
        RATCHET_CORS_ORIGINS: "https://app.example, http://localhost:3000",
      },
    });
    expect(config).toMatchObject({
      tokens: {
        key: { kind: "url", url: "https://id.example/keys" },
        audience: "ratchet",
        issuer: null,
        roleClaim: "ratchet_role",
        tenantClaim: "ratchet_tenant",
      },
      corsOrigins: ["https://app.example", "http://localhost:3000"],
      explore: false,
    });
    const secret = "x".repeat(32);
    expect(resolveConfig({ environment: { RATCHET_JWT_SECRET: secret, RATCHET_EXPLORE: "true" } })).toMatchObject({
      tokens: { key: { kind: "secret", secret } },
      explore: true,
    });
    expect(resolveConfig({ environment: { RATCHET_JWT_KEY_FILE: "key.pem" }, projectFolder: "/p" })).toMatchObject({
      tokens: { key: { kind: "file", path: "/p/key.pem" } },
    });
  });

  test.each([
    [{ RATCHET_JWT_SECRET: "hunter2" }, "RATCHET_JWT_SECRET is no secret that holds: write at least 32 bytes"],
    [{ RATCHET_JWKS_URL: "http://id.example/keys" }, "write an address that begins with https://"],
    [{ RATCHET_JWKS_URL: "https://id.example/keys" }, "RATCHET_JWKS_URL needs RATCHET_JWT_AUDIENCE"],
    [{ RATCHET_JWT_SECRET: "x".repeat(32), RATCHET_JWT_KEY_FILE: "key.pem" }, "do not go together"],
    [{ RATCHET_CORS_ORIGINS: "*" }, "write origins such as"],
    [{ RATCHET_CORS_ORIGINS: "https://app.example/path" }, "write origins such as"],
    [{ RATCHET_CORS_ORIGINS: "null" }, "write origins such as"],
  ])("refuses %j, and quotes no secret", (environment, reason) => {
    let message = "";
    try {
      resolveConfig({ environment });
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).toContain(reason);
    expect(message).not.toContain("hunter2");
  });

  test("two schemas cannot have one name", () => {
    const environment = { RATCHET_SCHEMA: "jobs", GRAPHILE_WORKER_SCHEMA: "jobs_private" };
    expect(errorOf(() => resolveConfig({ environment }))).toMatchObject({
      code: "RT110",
      message:
        'Ratchet\'s schemas "jobs" and "jobs_private" and graphile-worker\'s "jobs_private" must be different ones.',
    });
  });

  test("a crontab, a connection and the like of null in the file are unset", () => {
    const preset = { ratchet: { crontabFile: null, databaseUrl: undefined } };
    expect(resolveConfig({ environment: {}, preset })).toMatchObject({ crontabFile: null, databaseUrl: null });
  });
});

test("describeConfig has a line for every variable", () => {
  expect(describeConfig()).toHaveLength(Object.keys(CONFIG_OPTIONS).length);
  expect(describeConfig().join("\n")).toMatch(/RATCHET_DATA_DIR +.*Default: \.ratchet/v);
});

test("docs/configuration.md has the table as the program knows it", () => {
  const file = path.join(import.meta.dirname, "../../../docs/configuration.md");
  const between = /(?<=<!-- options -->\n\n)[\s\S]*(?=\n\n<!-- end -->)/v;
  if (process.env["UPDATE_DOCS"] === "1") {
    writeFileSync(file, readFileSync(file, "utf8").replace(between, describeConfigInMarkdown()));
  }
  expect(
    between.exec(readFileSync(file, "utf8"))?.[0],
    "If the options were meant to change: UPDATE_DOCS=1 npx vitest run test/unit/config",
  ).toBe(describeConfigInMarkdown());
});

function errorOf(work: () => unknown): RatchetError {
  try {
    work();
  } catch (error) {
    if (isRatchetError(error)) {
      return error;
    }
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

describe("nearestName", () => {
  test.each([
    ["publish_lsiting", "publish_listing"],
    ["publish-listing", "publish_listing"],
    ["Publish_Listing", "publish_listing"],
    ["sned_mail", "send_mail"],
    ["completely_else", undefined],
  ])("%s → %s", (name, expected) => {
    expect(nearestName(name, ["publish_listing", "send_mail"])).toBe(expected);
  });
});

test("colour and redrawing follow the terminal, NO_COLOR and TERM", () => {
  const terminal = { isTTY: true };
  expect(wantsColour(terminal, {})).toBe(true);
  expect(wantsColour(terminal, { NO_COLOR: "1", FORCE_COLOR: "1" })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
  expect(wantsColour({}, { FORCE_COLOR: "1" })).toBe(true);
  expect(canRedraw(terminal, { TERM: "dumb" })).toBe(false);
  expect(canRedraw({}, {})).toBe(false);
});

test.each([
  [{}, "ratchet"],
  [{ npm_lifecycle_event: "start", npm_package_name: "pg-ratchet" }, "npm run ratchet --"],
  [{ npm_lifecycle_event: "worker", npm_package_name: "shop" }, "npx ratchet"],
  [{ npm_lifecycle_event: "npx", npm_package_name: "pg-ratchet" }, "npx ratchet"],
])("started with %j, commands are typed after %j", (environment, prefix) => {
  expect(commandPrefix(environment)).toBe(prefix);
});
