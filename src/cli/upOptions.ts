import type { Logger } from "pino";

import type { Config } from "../config/config.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import type { CliContext } from "./context.ts";
import type { CommandDatabase } from "./database.ts";

/** The options of `ratchet up`, as parsed. */
export interface UpOptions {
  readonly sample?: true | undefined;
  readonly exit?: true | undefined;
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly postgresPort?: number | undefined;
  readonly marketplacePort?: number | undefined;
}

/** What the parts of `ratchet up` work with. */
export interface UpRun {
  readonly config: Config;
  readonly options: UpOptions;
  readonly database: CommandDatabase;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly logFile: string;
}

/**
 * Refuses options of the sample without the sample.
 * @throws {RatchetError} RT110
 */
export function refuseLoneOptions({ sample, exit, marketplacePort }: UpOptions): void {
  if (sample !== true && (exit === true || marketplacePort !== undefined)) {
    throw new RatchetError("RT110", `${exit === true ? "--exit" : "--marketplace-port"} goes with --sample only.`, {
      hint: "Add --sample, or leave the option out.",
    });
  }
}

/** A port counts for a Postgres that we start, not for one that another process of this folder has started. */
export function remarkOnOtherPort(
  context: CliContext,
  { embeddedIn, url }: CommandDatabase,
  port: number | undefined,
): void {
  if (port === undefined) {
    return;
  }
  if (embeddedIn === null) {
    context.remark("--postgres-port does not count: DATABASE_URL is set, so no embedded Postgres is started.");
  } else if (new URL(url).port !== String(port)) {
    context.remark(
      `--postgres-port ${port} does not count: the Postgres of this folder runs already, on port ${new URL(url).port}, and is shared.`,
    );
  }
}
