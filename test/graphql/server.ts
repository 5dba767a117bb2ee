import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";

import { type RunningServer, type ServerOptions, startServer } from "../../src/http/startServer.ts";
import type { TokenOptions } from "../../src/config/tokenOptions.ts";
import { TEST_SECRET, type TokenClaims, signToken } from "./authentication/tokens.ts";
import { type Sql, useSql } from "../sql/fixtures.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

/** For servers that ask for tokens, which `signToken` signs. */
export const TEST_TOKENS: TokenOptions = {
  key: { kind: "secret", secret: TEST_SECRET },
  audience: null,
  issuer: null,
  roleClaim: "ratchet_role",
  tenantClaim: "ratchet_tenant",
};

/** What a request for GraphQL was answered with. */
export interface GraphqlAnswer<Data = unknown> {
  readonly status: number;
  readonly data: Data;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

/** A server on the file's database. */
export interface ServerBench {
  readonly sql: Sql;
  readonly server: () => RunningServer;
  /** Lines of the log so far. */
  readonly logLines: Record<string, unknown>[];
  readonly ask: <Data = unknown>(query: string, variables?: Record<string, unknown>) => Promise<GraphqlAnswer<Data>>;
  /** Asks with a token of a viewer of tenant A, but for what `claims` says. Needs a server with {@link TEST_TOKENS}. */
  readonly askAs: <Data = unknown>(
    claims: TokenClaims,
    query: string,
    variables?: Record<string, unknown>,
    server?: RunningServer,
  ) => Promise<GraphqlAnswer<Data>>;
  /** Another server on the same database. */
  readonly start: (options?: Partial<ServerOptions>) => Promise<RunningServer>;
}

/** Starts a server for the test file, on any free port. */
export function useServer(options: Partial<ServerOptions> = {}): ServerBench {
  const sql = useSql();
  const logLines: Record<string, unknown>[] = [];
  const started: RunningServer[] = [];
  const log = pino(
    { level: "debug", base: null },
    {
      write: (line: string) => {
        logLines.push(JSON.parse(line) as Record<string, unknown>);
      },
    },
  );
  async function start(changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
    const server = await startServer({
      connectionString: sql.url(),
      schemas: TEST_SCHEMAS,
      port: 0,
      log,
      ...options,
      ...changes,
    });
    started.push(server);
    return server;
  }
  let server: RunningServer;
  beforeAll(async () => {
    server = await start();
    await server.ready;
  });

  // Hooks run in reverse: the database is dropped after this.
  afterAll(async () => {
    await Promise.all(started.map((each) => each.close()));
  });
  return {
    sql,
    server: () => server,
    logLines,
    ask: <Data>(query: string, variables?: Record<string, unknown>) => ask<Data>(server, query, variables),
    askAs: async <Data>(
      claims: TokenClaims,
      query: string,
      variables: Record<string, unknown> = {},
      other: RunningServer = server,
    ) => ask<Data>(other, query, variables, await signToken(claims)),
    start,
  };
}

/** Asks a server for GraphQL. */
export async function ask<Data>(
  { url }: Pick<RunningServer, "url">,
  query: string,
  variables: Record<string, unknown> = {},
  token?: string,
): Promise<GraphqlAnswer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = (await response.json()) as Partial<GraphqlAnswer<Data>>;
  return { status: response.status, data: data as Data, errors };
}
