import { describe, expect, test } from "vitest";

import { commandPrefix } from "../../../src/config/commandPrefix.ts";
import { describeConfig, loadConfig } from "../../../src/config/config.ts";
import { nearestName } from "../../../src/config/nearestName.ts";
import { canRedraw, wantsColour } from "../../../src/config/terminal.ts";
import { isRatchetError } from "../../../src/errors/ratchetError.ts";

describe("loadConfig", () => {
  test("gives the documented defaults, frozen, with folders made absolute", () => {
    const config = loadConfig({}, "/project");
    expect(config).toStrictEqual({
      databaseUrl: null,
      dataFolder: "/project/.ratchet",
      taskFolder: "/project/tasks",
      concurrency: 10,
      logLevel: "info",
      shutdownGraceMs: 10_000,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("takes what the environment says, and an empty variable as unset", () => {
    const config = loadConfig(
      {
        DATABASE_URL: "postgres://a:b@c/d",
        RATCHET_TASKS: "/t",
        RATCHET_CONCURRENCY: "7",
        RATCHET_LOG_LEVEL: "",
        RATCHET_SHUTDOWN_GRACE: "2 min",
      },
      "/project",
    );
    expect(config).toMatchObject({
      databaseUrl: "postgres://a:b@c/d",
      taskFolder: "/t",
      concurrency: 7,
      logLevel: "info",
      shutdownGraceMs: 120_000,
    });
  });

  test.each(["postgres:///db?host=/run/postgresql", "postgresql://localhost", "/run/postgresql db"])(
    "takes %s",
    (url) => {
      expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
    },
  );

  test("names every problem at once, with the nearest name, and never quotes the database URL", () => {
    let thrown: unknown;
    try {
      loadConfig({
        DATABASE_URL: "mysql://u:secret@h/d",
        RATCHET_CONCURRENCY: "many",
        RATCHET_SHUTDOWN_GRACE: "10",
        RATCHET_LOGLEVEL: "debug",
        RATCHET_TEST_DATABASE: "anything",
      });
    } catch (error) {
      thrown = error;
    }
    expect(isRatchetError(thrown) && thrown.code).toBe("RT110");
    const message = (thrown as Error).message;
    expect(message.split("\n")).toHaveLength(4);
    expect(message).toContain('RATCHET_CONCURRENCY is "many": write a whole number from 1 to 10000');
    expect(message).toContain("RATCHET_SHUTDOWN_GRACE");
    expect(message).toContain("did you mean RATCHET_LOG_LEVEL?");
    expect(message).not.toContain("secret");
  });

  test("describes every variable in one line", () => {
    expect(describeConfig()).toHaveLength(6);
    expect(describeConfig().join("\n")).toMatch(/RATCHET_DATA_DIR +.*Default: \.ratchet/v);
  });
});

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
  [{ npm_lifecycle_event: "start" }, "npm run ratchet --"],
  [{ npm_lifecycle_event: "npx" }, "ratchet"],
])("started with %j, commands are typed after %j", (environment, prefix) => {
  expect(commandPrefix(environment)).toBe(prefix);
});
