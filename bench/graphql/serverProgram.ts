/**
 * One GraphQL server for the benchmark: `bench/graphql/serverProgram.ts KIND DATABASE_URL`, a child with an IPC
 * channel. It tells its URL; asked for anything, it answers what it has used; it ends with its parent.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { grafserv } from "postgraphile/grafserv/node";
import { makePgService } from "postgraphile/adaptors/pg";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

import { createPool } from "../../src/database/pool.ts";
import { startServer } from "../../src/http/startServer.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { TOKENS } from "./tokens.ts";

const [kind = "ratchet", databaseUrl = ""] = process.argv.slice(2);
const CONNECTIONS = 10;

async function startRatchet(): Promise<string> {
  const server = await startServer({
    connectionString: databaseUrl,
    port: 0,
    maxConnections: CONNECTIONS,
    log: createLogger({ level: "warn" }),
    ...(kind === "ratchet" ? { tokens: TOKENS } : {}),
  });
  await server.ready;
  return server.url;
}

/** PostGraphile's own preset and server over the same tables, with nothing of ours but the pool, or the role and tenant too. */
async function startBare(): Promise<string> {
  const pool = createPool({ connectionString: databaseUrl, max: CONNECTIONS });
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset],
    // Without our tags, functions and columns of the same name get into each other's way.
    disablePlugins: ["PgProceduresPlugin"],
    pgServices: [
      makePgService({
        pool,
        schemas: ["ratchet"],
        ...(kind === "bare" ? {} : { pgSettings: () => ({ role: "ratchet_viewer", "ratchet.tenant": "default" }) }),
      }),
    ],
    grafserv: { graphqlPath: "/graphql", watch: false },
    grafast: { explain: false },
  });
  const server = createServer();
  await instance.createServ(grafserv).addTo(server);
  await instance.getSchema();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 1024 ** 2 });
});
process.once("disconnect", () => {
  process.exit();
});
const start = kind.startsWith("bare") ? startBare : startRatchet;
process.send?.({ url: await start() });
