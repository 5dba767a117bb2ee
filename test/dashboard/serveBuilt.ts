import { pino } from "pino";

import { startServer } from "../../src/http/startServer.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

// `ratchet serve` takes the dashboard from `dist`, which may be of yesterday; this one is told where it was built.
const [connectionString = "", dashboardFolder = "", port = "0"] = process.argv.slice(2);
const server = await startServer({
  connectionString,
  dashboardFolder,
  port: Number(port),
  schemas: TEST_SCHEMAS,
  log: pino({ level: "silent" }),
});
await server.ready;
process.stdout.write(`${server.url}\n`);
