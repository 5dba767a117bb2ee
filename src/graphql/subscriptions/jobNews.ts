import { setImmediate } from "node:timers";
import { announcedJobs, channelOf } from "../../database/announcements.ts";
import { type Listener, createListener } from "../../database/listener.ts";
import type { DatabaseLog } from "../../database/log.ts";
import type { SchemaNames } from "../../database/schemaNames.ts";

/** Which changes somebody wants to hear of. */
export interface NewsWish {
  /** Whose jobs; null: all tenants'. */
  readonly tenant: string | null;
  /** One job, or null: any. */
  readonly jobId: string | null;
}

/** News of changed jobs for everybody in this process, heard over one connection that is open only while it is needed. */
export interface JobNews {
  /**
   * Calls `onNews` when such a job has changed, or may have because it was not heard of for a while; the first time as soon
   * as its announcements are heard. Returns what ends it.
   */
  follow(wish: NewsWish, onNews: () => void): () => void;
  /** Ends the connection. Safe to call twice. */
  close(): Promise<void>;
}

/** What {@link createJobNews} takes. */
export interface JobNewsOptions {
  /** A direct connection: a pooler in transaction mode delivers no notification. */
  readonly connectionString: string;
  readonly schemas: SchemaNames;
  readonly log?: DatabaseLog | undefined;
}

/**
 * Where graphile-worker tells that a job was added, without saying which. Ratchet announces no added job, since it has none
 * to announce before somebody's commit, and NOTIFY makes commits queue up: one in add_job is enough.
 */
const ADDED_CHANNEL = "jobs:insert";

/** From so many on it is any job. */
const MOST_JOBS_AT_ONCE = 10_000;

/** Who follows one channel, by job; null: any job. */
type Followers = Map<string | null, Set<() => void>>;

/**
 * Creates the news. Announcements say which jobs changed and nothing else, because LISTEN knows no row security; what is told
 * to clients is read with their own rights.
 */
export function createJobNews({ connectionString, schemas, log }: JobNewsOptions): JobNews {
  const channels = new Map<string, Followers>();
  let listener: Listener | undefined;
  let isClosed = false;

  function tell(followers: Followers | undefined, jobId: string | null): void {
    for (const onNews of followers?.get(jobId) ?? []) {
      onNews();
    }
  }

  function tellAll(channel: string): void {
    const followers = channels.get(channel);
    for (const jobId of followers?.keys() ?? []) {
      tell(followers, jobId);
    }
  }

  /** Jobs by channel; null: any. */
  const announced = new Map<string, Set<string> | null>();

  /** Anybody can send a flood of announcements: those that come together are told once. */
  function noteAnnouncement(channel: string, announcement: string): void {
    if (announced.size === 0) {
      setImmediate(tellAnnounced);
    }
    const noted = announced.get(channel) ?? (announced.has(channel) ? null : new Set<string>());
    const jobIds = announcedJobs(announcement);
    if (noted === null || jobIds === null || noted.size + jobIds.length > MOST_JOBS_AT_ONCE) {
      announced.set(channel, null);
      return;
    }
    for (const jobId of jobIds) {
      noted.add(jobId);
    }
    announced.set(channel, noted);
  }

  function tellAnnounced(): void {
    const told = [...announced];
    announced.clear();
    for (const [channel, jobIds] of told) {
      if (jobIds === null) {
        tellAll(channel);
      } else {
        const followers = channels.get(channel);
        for (const jobId of [...jobIds, null]) {
          tell(followers, jobId);
        }
      }
    }
  }

  function followersOf(channel: string): Followers {
    const known = channels.get(channel);
    if (known !== undefined) {
      return known;
    }
    const followers: Followers = new Map();
    channels.set(channel, followers);
    listener ??= createListener({ connectionString, onNotification: noteAnnouncement, onHearing: tellAll, log });
    listener.listen(channel);
    return followers;
  }

  function leave(channel: string, jobId: string | null, onNews: () => void): void {
    const followers = channels.get(channel);
    const ofJob = followers?.get(jobId);
    ofJob?.delete(onNews);
    if (ofJob?.size === 0) {
      followers?.delete(jobId);
    }
    if (followers?.size === 0) {
      channels.delete(channel);
      listener?.unlisten(channel);
    }
    if (channels.size === 0) {
      void listener?.close();
      listener = undefined;
    }
  }

  return {
    follow({ tenant, jobId }, onNews) {
      if (isClosed) {
        return () => {};
      }
      const own = channelOf(tenant, schemas);
      const followed = jobId === null ? [own, ADDED_CHANNEL] : [own];
      for (const channel of followed) {
        const followers = followersOf(channel);
        followers.set(jobId, (followers.get(jobId) ?? new Set()).add(onNews));
      }
      return () => {
        for (const channel of followed) {
          leave(channel, jobId, onNews);
        }
      };
    },
    async close() {
      isClosed = true;
      channels.clear();
      await listener?.close();
    },
  };
}
