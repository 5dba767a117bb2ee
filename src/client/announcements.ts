import { announcedJobs, channelOf } from "../database/announcements.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { type Connection, type Connections, isEmitter } from "./connections.ts";

/** News of changed jobs, heard over one connection that is open only while somebody wants them. */
export interface Announcements {
  /** Wants the news of a tenant's jobs too. */
  follow(tenant: string): void;
  /** Whether everything that is followed is heard at this moment. */
  isHearing(): boolean;
  /** Wants no news any more; the connection goes back. */
  stop(): Promise<void>;
}

/** What {@link createAnnouncements} takes. */
export interface AnnouncementsOptions {
  readonly connections: Connections;
  readonly schemas: SchemaNames;
  /** Told which jobs changed; `null`: perhaps any of them, because they were not heard of for a while. */
  readonly onNews: (jobIds: readonly string[] | null) => void;
}

const RECONNECT_DELAY_MS = 1_000;

/** Creates the news. A connection that is lost is opened again as long as anything is followed. */
export function createAnnouncements({ connections, schemas, onNews }: AnnouncementsOptions): Announcements {
  const wanted = new Set<string>();
  const heard = new Set<string>();
  let connection: Connection | null = null;
  let isPossible = true;
  let working: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;

  const onNotification = ({ payload = "" }: { payload?: string | undefined }): void => {
    onNews(announcedJobs(payload));
  };
  const onLoss = (): void => {
    drop(true);
    retryLater();
  };

  function retryLater(): void {
    if (wanted.size > 0 && isPossible) {
      clearTimeout(timer);
      timer = setTimeout(work, RECONNECT_DELAY_MS);
    }
  }

  function drop(isBroken: boolean): void {
    const dropped = connection;
    connection = null;
    heard.clear();
    if (dropped !== null) {
      if (isEmitter(dropped.client)) {
        dropped.client.removeListener("notification", onNotification);
        dropped.client.removeListener("error", onLoss);
        dropped.client.removeListener("end", onLoss);
      }
      dropped.release(isBroken);
    }
  }

  async function open(): Promise<Connection | null> {
    const opened = await connections.connect();
    if (!isEmitter(opened.client)) {
      opened.release(false);
      isPossible = false;
      return null;
    }
    opened.client.on("notification", onNotification);
    opened.client.on("error", onLoss);
    opened.client.on("end", onLoss);
    return opened;
  }

  /** Brings what is heard to what is wanted. */
  async function bring(): Promise<void> {
    while (isPossible && [...wanted].some((channel) => !heard.has(channel))) {
      connection ??= await open();
      const current = connection;
      for (const channel of wanted) {
        if (current !== null && !heard.has(channel)) {
          await current.db.query(`listen "${channel.replaceAll('"', '""')}"`);
          if (connection !== current) {
            throw new Error("The connection was lost.");
          }
          heard.add(channel);
        }
      }
      onNews(null);
    }
    if (wanted.size === 0 && connection !== null) {
      await connection.db.query("unlisten *");
      // Somebody may have come meanwhile.
      heard.clear();
      if (wanted.size === 0) {
        drop(false);
      }
    }
  }

  function work(): void {
    working ??= bring()
      .catch(() => {
        drop(true);
        retryLater();
      })
      .finally(() => {
        working = null;
        if (isPossible && connection !== null && wanted.size !== heard.size) {
          work();
        }
      });
  }

  return {
    follow(tenant) {
      const channel = channelOf(tenant, schemas);
      if (isPossible && !wanted.has(channel)) {
        wanted.add(channel);
        work();
      }
    },
    isHearing: () => isPossible && [...wanted].every((channel) => heard.has(channel)),
    async stop() {
      wanted.clear();
      clearTimeout(timer);
      work();
      for (let current = working; current !== null; current = working) {
        await current;
      }
    },
  };
}
