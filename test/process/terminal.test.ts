import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runCommand } from "../support/command.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { KEYS, type TerminalCommand, type TerminalSize, scriptProgram, startAtTerminal } from "../support/terminal.ts";
import { waitUntil } from "../support/waiting.ts";

const ESCAPE = "\u001B";
const COLOUR = new RegExp(String.raw`${ESCAPE}\[\d+m`, "v");
const PRODUCT = "examples/products/jacket.json";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await ratchet("migrate");
});

afterAll(() => database.drop());

function ratchet(...commandLine: string[]) {
  return runCommand(commandLine, { DATABASE_URL: database.url });
}

function atTerminal(commandLine: readonly string[], size?: TerminalSize, settings: NodeJS.ProcessEnv = {}) {
  return startAtTerminal(commandLine, { DATABASE_URL: database.url, ...settings }, size);
}

async function add(...options: string[]): Promise<string> {
  const { output } = await ratchet("add", "publish_listing", "--payload-file", PRODUCT, "--json", ...options);
  return (JSON.parse(output) as { id: string }).id;
}

async function statusOf(id: string): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ status: string }>("select status from ratchet.jobs where id = $1", [id]);
  return rows[0]?.status;
}

/** What stands on the screen, however its lines are broken. */
function said({ screen }: TerminalCommand): string {
  return screen().join(" ").replaceAll(/\s+/gv, " ");
}

async function withManyTasks(count: number): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `select (ratchet.add_job('publish_listing', jsonb_build_object('images', jsonb_agg('a.jpg'::text)))).id::text
     from generate_series(1, $1::integer)`,
    [count],
  );
  return rows[0]?.id ?? "";
}

describe.runIf(scriptProgram !== null)("a question at a terminal", () => {
  test.each([
    { title: "no", keys: `n${KEYS.enter}` },
    { title: "Enter alone", keys: KEYS.enter },
    { title: "Ctrl-C", keys: KEYS.ctrlC },
    { title: "Ctrl-D", keys: KEYS.ctrlD },
  ])("answered by $title leaves everything as it was", async ({ keys }) => {
    const id = await add();
    const command = await atTerminal(["cancel", id]);
    await command.printed("[y/N] ");
    command.type(keys);
    expect(await command.ended).toBe(2);
    expect(command.screen()[0]).toMatch(
      /^Cancel job \d+ \(publish_listing, PENDING, 0 of 5 tasks done\)\? \[y\/N\] n?$/v,
    );
    expect(command.screen().at(-1)).toBe("Nothing was changed.");
    expect(await statusOf(id)).toBe("PENDING");
  });

  test("answered by yes is done", async () => {
    const id = await add();
    const command = await atTerminal(["cancel", id]);
    await command.printed("[y/N] ");
    command.type(`y${KEYS.enter}`);
    expect(await command.ended).toBe(0);
    expect(await statusOf(id)).toBe("CANCELLED");
  });

  test("is asked on the terminal where the result goes into a pipe or a file", async () => {
    const id = await add();
    const command = await startAtTerminal(
      ["cancel", id, "--json"],
      { DATABASE_URL: database.url },
      undefined,
      ">/dev/null",
    );
    await command.printed("[y/N] ");
    command.type(`y${KEYS.enter}`);
    expect(await command.ended).toBe(0);
    expect(command.screen()).toHaveLength(1);
    expect(await statusOf(id)).toBe("CANCELLED");
  });
});

describe.runIf(scriptProgram !== null)("ratchet watch at a terminal", () => {
  test("shows plan, progress and reason in place, and leaves the end there with the job's status", async () => {
    const id = await add();
    const command = await atTerminal(["watch", id]);
    await waitUntil(() => said(command).includes("No worker is alive"), { what: command.output });
    expect(command.screen().slice(0, 6)).toStrictEqual([
      `Job ${id}  publish_listing  PENDING  ░░░░░░░░░░  0 of 5 tasks done`,
      "  ○ Validate product  PENDING",
      "  ○ Upload image 1/3  PENDING",
      "  ○ Upload image 2/3  PENDING",
      "  ○ Upload image 3/3  PENDING",
      "  ○ Create listing    PENDING",
    ]);
    expect(command.hasCursor()).toBe(false);
    expect(command.output()).toMatch(COLOUR);
    await ratchet("cancel", id, "--reason", "sold out");
    expect(await command.ended).toBe(6);
    const headings = command.screen().filter((line) => line.startsWith(`Job ${id}  `));
    expect(headings).toHaveLength(1);
    expect(headings[0]).toContain("CANCELLED");
    expect(command.hasCursor()).toBe(true);
  });

  test("keeps a plan of thousands within the window, whatever size it gets", async () => {
    const id = await withManyTasks(3_000);
    const command = await atTerminal(["watch", id], { columns: 80, rows: 24 });
    await waitUntil(() => said(command).includes("No worker is alive"), { what: command.output });
    expect(command.screen()[0]).toContain("0 of 3002 tasks done");
    expect(command.screen().length).toBeLessThan(24);
    command.resize({ columns: 120, rows: 12 });
    await waitUntil(() => command.screen().some((line) => /… \d+ after/v.test(line)) && command.screen().length < 12, {
      what: command.output,
    });
    command.type(KEYS.ctrlC);
    expect(await command.ended).toBe(130);
    expect(said(command)).toMatch(/No longer watching; job \d+ itself is not stopped by that\. Look again with/v);
    expect(command.hasCursor()).toBe(true);
    expect(await statusOf(id)).toBe("PENDING");
  });

  test("writes line by line where the terminal cannot redraw, and no colours where none are wanted", async () => {
    const id = await add();
    const dumb = await atTerminal(["watch", id], undefined, { TERM: "dumb" });
    await dumb.printed("No worker is alive");
    dumb.type(KEYS.ctrlC);
    expect(await dumb.ended).toBe(130);
    expect(dumb.output()).not.toContain(ESCAPE);
    const grey = await atTerminal(["watch", id], undefined, { NO_COLOR: "1" });
    await waitUntil(() => said(grey).includes("No worker is alive"), { what: grey.output });
    grey.type(KEYS.ctrlC);
    expect(await grey.ended).toBe(130);
    expect(grey.output()).not.toMatch(COLOUR);
  });
});

test.runIf(scriptProgram !== null)("ratchet jobs --watch redraws its rows in place, cut to the window", async () => {
  const command = await atTerminal(["jobs", "--watch", "--tenant", "window"]);
  await waitUntil(() => command.screen()[0] === "No such job yet; waiting for one.", { what: command.output });
  const id = await add("--tenant", "window");
  const row = () => command.screen().find((line) => line.trim().startsWith(`${id} |`)) ?? "";
  await waitUntil(() => row().includes("PENDING"), { what: command.output });
  await ratchet("cancel", id);
  await waitUntil(() => row().includes("CANCELLED"), { what: command.output });
  expect(command.screen()).toHaveLength(4);
  expect(command.screen().at(-1)).toContain("live; Ctrl-C ends it");
  command.resize({ columns: 40, rows: 10 });
  await waitUntil(() => command.screen().at(-3)?.endsWith("…"), { what: command.output });
  command.type(KEYS.ctrlC);
  expect(await command.ended).toBe(130);
  expect(command.hasCursor()).toBe(true);
});
