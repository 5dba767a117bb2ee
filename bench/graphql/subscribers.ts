import { setTimeout as sleep } from "node:timers/promises";

import { createClient } from "graphql-ws";
import type pg from "pg";

import { startServerProgram } from "./program.ts";
import { viewersToken } from "./tokens.ts";

/** What a thousand subscribers cost, and how soon they know. */
export interface SubscriberFigures {
  readonly subscribers: number;
  /** Of the server without and with them. */
  readonly rssMb: readonly [number, number];
  /** Share of one core that the server uses while nothing changes, and while jobs change. */
  readonly cpuShare: readonly [number, number];
  readonly changesPerSecond: number;
  /** From the answer to a commit until the client has the snapshot. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly most: number };
}

const CONNECTIONS = 50;
const QUERY = `subscription ($id: BigInt!) {
  jobChanged(id: $id) { id status priority tasks { nodes { position name status } } }
}`;
const CHANGE = `with changed as (update ratchet.jobs set priority = $2 where id = $1 returning id)
  select ratchet_private.announce(array_agg(id)) from changed`;

interface Answer {
  readonly jobChanged: { readonly id: string; readonly priority: number };
}

/** Subscribers, each of a job of its own, or all of one; `changes` a second for so many seconds. */
export async function measureSubscribers(
  { url, client }: { readonly url: string; readonly client: pg.Client },
  jobIds: readonly string[],
  subscribers: number,
  { changesPerSecond, seconds }: { readonly changesPerSecond: number; readonly seconds: number },
): Promise<SubscriberFigures> {
  const server = await startServerProgram("ratchet", url);
  const token = await viewersToken();
  const clients = Array.from({ length: CONNECTIONS }, () =>
    createClient({ url: server.url.replace("http", "ws"), connectionParams: { authorization: `Bearer ${token}` } }),
  );
  const delaysMs: number[] = [];
  /** When the change of a job to this priority was committed, by both. */
  const committedMs = new Map<string, number>();
  const allAreThere = Promise.withResolvers<null>();
  let first = 0;

  function take({ jobChanged: { id, priority } }: Answer): void {
    const sinceMs = committedMs.get(`${id} ${priority}`);
    if (sinceMs === undefined) {
      first++;
      if (first === subscribers) {
        allAreThere.resolve(null);
      }
    } else {
      delaysMs.push(performance.now() - sinceMs);
    }
  }

  async function cpuShareOf(work: Promise<unknown>): Promise<number> {
    const [before, beganMs] = [await server.usage(), performance.now()];
    await work;
    const { cpuMs } = await server.usage();
    return (cpuMs - before.cpuMs) / (performance.now() - beganMs);
  }

  async function change(): Promise<void> {
    for (let count = 1; count <= changesPerSecond * seconds; count++) {
      const id = jobIds[count % jobIds.length] ?? "";
      // Before the answer is here the snapshot may be: the delay is then nothing.
      committedMs.set(`${id} ${count}`, performance.now());
      await client.query(CHANGE, [id, count]);
      committedMs.set(`${id} ${count}`, performance.now());
      await sleep(1000 / changesPerSecond);
    }
    await sleep(1000);
  }

  try {
    const { rssMb: without } = await server.usage();
    for (let index = 0; index < subscribers; index++) {
      clients[index % CONNECTIONS]?.subscribe<Answer>(
        { query: QUERY, variables: { id: jobIds[index % jobIds.length] ?? "" } },
        {
          next: ({ data, errors }) => {
            if (errors !== undefined || data === null || data === undefined) {
              allAreThere.reject(new Error(`A snapshot is wrong: ${JSON.stringify(errors)}`));
              return;
            }
            take(data);
          },
          error: (error) => {
            allAreThere.reject(new Error("A subscription has ended.", { cause: error }));
          },
          complete: () => {},
        },
      );
    }
    await allAreThere.promise;
    // The first look again, after the channel is heard.
    await sleep(2000);
    const idle = await cpuShareOf(sleep(10_000));
    const busy = await cpuShareOf(change());
    const { rssMb } = await server.usage();
    const sorted = delaysMs.toSorted((left, right) => left - right);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      subscribers,
      rssMb: [without, rssMb],
      cpuShare: [idle, busy],
      changesPerSecond,
      delayMs: { p50: at(0.5), p99: at(0.99), most: at(1) },
    };
  } finally {
    for (const each of clients) {
      await each.dispose();
    }
    await server.stop();
  }
}
