import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

import { settle } from "./measure.ts";
import { nowMs } from "./peer.ts";
import type { BenchServer } from "./server.ts";

/** What this Postgres on this machine can do at all, asked from one Node process. */
export interface PhysicalLimits {
  /** Median of a write of 8 KB with fdatasync in the folder of the data. */
  readonly fdatasyncMs: number;
  /** Commits a second, each of one updated row. */
  readonly oneRowCommits: { readonly clients1: number; readonly clients50: number };
  /** Rows a second in commits of 500 updated rows each. */
  readonly batchedRows: { readonly clients1: number; readonly clients2: number };
}

const ROWS = 50_000;
const BATCH = 500;
const SYNCS = 200;

/** Measures them, each for `seconds`. */
export async function measureLimits(server: BenchServer, seconds: number): Promise<PhysicalLimits> {
  const database = await server.freshDatabase();
  await database.client.query(
    `create table rows (id integer primary key, n integer not null default 0) with (fillfactor = 50);
     insert into rows select n from generate_series(1, ${ROWS}) n`,
  );
  await settle(database);
  const rate = (clients: number, rows: number): Promise<number> => updatedRows(database.url, clients, rows, seconds);
  const limits = {
    fdatasyncMs: fdatasyncMs(server.folder),
    oneRowCommits: { clients1: await rate(1, 1), clients50: await rate(50, 1) },
    batchedRows: { clients1: await rate(1, BATCH), clients2: await rate(2, BATCH) },
  };
  await database.drop();
  return limits;
}

async function updatedRows(url: string, clients: number, rows: number, seconds: number): Promise<number> {
  const sessions = Array.from({ length: clients }, () => new pg.Client({ connectionString: url }));
  await Promise.all(sessions.map((session) => session.connect()));
  const beganMs = nowMs();
  const untilMs = beganMs + seconds * 1000;
  let updated = 0;
  await Promise.all(
    sessions.map(async (session, index) => {
      // Each client has rows of its own: nobody waits for a lock.
      const first = index * Math.floor(ROWS / clients);
      for (let turn = 0; nowMs() < untilMs; turn++) {
        const from = first + ((turn * rows) % (ROWS / clients - rows));
        const { rowCount } = await session.query({
          name: "update",
          text: "update rows set n = n + 1 where id > $1::integer and id <= $2::integer",
          values: [from, from + rows],
        });
        updated += rowCount ?? 0;
      }
    }),
  );
  const tookSeconds = (nowMs() - beganMs) / 1000;
  await Promise.all(sessions.map((session) => session.end()));
  return updated / tookSeconds;
}

function fdatasyncMs(parent: string): number {
  const folder = mkdtempSync(join(parent, "sync-"));
  const file = openSync(join(folder, "file"), "w");
  const page = Buffer.alloc(8192, 1);
  const times = Array.from({ length: SYNCS }, (_, turn) => {
    const beganMs = nowMs();
    writeSync(file, page, 0, page.length, turn * page.length);
    fdatasyncSync(file);
    return nowMs() - beganMs;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times.toSorted((first, second) => first - second)[SYNCS / 2] ?? 0;
}
