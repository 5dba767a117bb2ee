import { testDatabaseUrl } from "../../config/testDatabaseUrl.ts";
import { type GivenServerOptions, useGivenServer } from "./givenServer.ts";
import { startProcessServer } from "./processServer.ts";

/** A database of one test. */
export interface TestDatabase {
  readonly connectionString: string;
  /** Drops it, ending whatever sessions are left in it. */
  drop(): Promise<void>;
}

/** Where test databases are made; stays open until the process ends, without keeping it alive. */
export interface TestServer {
  /** A database with Ratchet's schema in it. */
  createDatabase(): Promise<TestDatabase>;
}

const servers = new Map<string, Promise<TestServer>>();

/**
 * The server at `databaseUrl`; else the one that `RATCHET_TEST_DATABASE_URL` names; else a Postgres of this process' own. Made
 * ready at the first call, once a process.
 * @throws {RatchetError} RT109 if there is none and the Postgres binaries are not installed; RT101, RT102 or RT103 if the
 * given server cannot be used.
 */
export function findTestServer(databaseUrl: string | undefined): Promise<TestServer> {
  const url = databaseUrl ?? testDatabaseUrl();
  const key = url ?? "";
  const known = servers.get(key);
  if (known !== undefined) {
    return known;
  }
  const given: GivenServerOptions | null =
    url === null ? null : { url, from: databaseUrl === undefined ? "RATCHET_TEST_DATABASE_URL" : "databaseUrl" };
  const server = given === null ? startProcessServer() : useGivenServer(given);
  servers.set(key, server);
  server.catch(() => {
    // The next test tries again, and says again why it cannot.
    servers.delete(key);
  });
  return server;
}
