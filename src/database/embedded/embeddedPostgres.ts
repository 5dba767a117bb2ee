import { existsSync, realpathSync } from "node:fs";
import path from "node:path";

import { type DatabaseLog, silentLog } from "../log.ts";
import { findNativeFolder, type PostgresBinaries, prepareBinaries } from "./binaries.ts";
import { clusterFiles, readPassword } from "./cluster.ts";
import { withLockFile } from "./lockFile.ts";
import { placementOf, preparePlacement } from "./placement.ts";
import { readPostmaster } from "./postmaster.ts";
import { answersFor, embeddedUrl, ensureDatabase, holdPresence } from "./sessions.ts";
import { joinRunning, startNew, stopIfUnused } from "./sharing.ts";

/** What {@link startEmbeddedPostgres} takes. */
export interface EmbeddedPostgresOptions {
  /** Where data, password and log are kept, e.g. `<project>/.ratchet`. For root they are below `parentForRoot` instead. */
  readonly dataFolder: string;
  /** Listens on this port of 127.0.0.1 and no other. Default: a free one below 32768, the same each time if possible. */
  readonly port?: number | undefined;
  /** Settings of the server (`{ fsync: "off" }` in tests). Default: Postgres's own, so commits are durable. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default: nothing is logged. */
  readonly log?: DatabaseLog | undefined;
  /** Where the folders of Postgres servers started by root go, since Postgres itself then runs as another user. Default `/var/tmp`. */
  readonly parentForRoot?: string | undefined;
}

/** An embedded Postgres in use by this process. */
export interface EmbeddedPostgres {
  /** Connection string of the database `ratchet`, with the password of the superuser. */
  readonly url: string;
  /** True if it was running already: another process uses it, or one that used it was killed. */
  readonly adopted: boolean;
  /** Where its files really are. */
  readonly dataFolder: string;
  /**
   * Ends our use, after the caller has closed its own connections. The server stops if nobody else is connected, and else
   * goes on for them. Safe to call twice.
   */
  stop(): Promise<void>;
}

/**
 * Starts Postgres 18 on `dataFolder`, after initdb the first time (together about 0.6 s, later starts below 0.1 s), or joins
 * the one that runs there already. It survives our death by SIGKILL; the next start joins it.
 *
 * Throws RT104 if `port` is taken, RT105 if the folder cannot be written, RT109 if the Postgres binaries are not installed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? silentLog;
  const placement = placementOf(options.dataFolder, options.parentForRoot);
  const files = clusterFiles(placement.folder);
  let prepared: PostgresBinaries | undefined;
  const binaries = (): PostgresBinaries => {
    prepared ??= prepareBinaries(
      findNativeFolder(path.dirname(options.dataFolder)),
      placement.folder,
      placement.owner !== null,
    );
    return prepared;
  };

  preparePlacement(placement);
  const { target, adopted, presence } = await withLockFile(files.lock, log, async () => {
    const running = existsSync(files.data) ? await joinRunning(placement) : null;
    const used =
      running ?? (await startNew(placement, binaries, { port: options.port, settings: options.settings ?? {}, log }));
    await ensureDatabase(used);
    // Still under the lock: whoever stops the server counts those present under it too.
    return { target: used, adopted: running !== null, presence: await holdPresence(used) };
  });
  log.info({ port: target.port, adopted, dataFolder: placement.folder }, "embedded Postgres is ready");

  let stopping: Promise<void> | undefined;
  return {
    url: embeddedUrl(target),
    adopted,
    dataFolder: placement.folder,
    stop() {
      stopping ??= presence
        .release()
        .then(() => withLockFile(files.lock, log, () => stopIfUnused(placement, binaries, log)));
      return stopping;
    },
  };
}

/** The connection string of the embedded Postgres that runs on `dataFolder`, or null. Starts and changes nothing. */
export async function findRunningEmbeddedPostgres(
  dataFolder: string,
  { parentForRoot }: { parentForRoot?: string } = {},
): Promise<{ url: string } | null> {
  const placement = placementOf(dataFolder, parentForRoot);
  const { data, password } = clusterFiles(placement.folder);
  const postmaster = existsSync(data) ? readPostmaster(data) : null;
  if (postmaster?.status !== "ready") {
    return null;
  }
  const target = { port: postmaster.port, password: readPassword(password) };
  return (await answersFor(target, realpathSync(data))) ? { url: embeddedUrl(target) } : null;
}
