import type pg from "pg";
import { createDatabase, dropDatabase } from "../../database/calls/testDatabases.ts";
import { codeOf } from "../../database/transientErrors.ts";
import { withDatabase } from "./adminPool.ts";
import type { TestServer } from "./testServer.ts";

// Clones of one template wait for each other inside Postgres for 5 s at most, then fail with 55006.
const CLONE_TRIES = 20;
const OBJECT_IN_USE = "55006";

/** What {@link createCloner} takes. */
export interface ClonerOptions {
  readonly admin: pg.Pool;
  readonly url: string;
  /** A migrated database that nobody is connected to. */
  readonly template: string;
  /** Names of databases begin with it. */
  readonly prefix: string;
  /** Whether the server writes nothing to a disk. */
  readonly isInMemory: boolean;
}

/** Makes databases as copies of a template. */
export function createCloner({ admin, url, template, prefix, isInMemory }: ClonerOptions): TestServer {
  let made = 0;

  async function clone(name: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await createDatabase(admin, name, template, isInMemory);
        return;
      } catch (error) {
        if (tries >= CLONE_TRIES || codeOf(error) !== OBJECT_IN_USE) {
          throw error;
        }
      }
    }
  }

  return {
    async createDatabase() {
      const name = `${prefix}${++made}`;
      await clone(name);
      return {
        connectionString: withDatabase(url, name),
        async drop() {
          const dropped = dropDatabase(admin, name);
          // Postgres looks only every 100 ms whether the last session has gone. What ends with this process needs no waiting.
          if (isInMemory) {
            dropped.catch(() => {});
          } else {
            await dropped;
          }
        },
      };
    },
  };
}
